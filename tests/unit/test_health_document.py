"""The health document: the old system's shape, healthy only when messages would really leave."""

from datetime import datetime
from typing import Any

import pytest

from session_host.backups import BackupFacts
from session_host.health import TICK_SILENT, Facts, document
from session_host.undecryptable import Unread, Unreadable
from shared.model.link import Link
from shared.model.values import print_instant
from tests.builders import NOW, in_, link_status


def facts(**changes: Any) -> Facts:
    known: dict[str, Any] = {
        "host": "host-1",
        "version": "0",
        "started_at": in_(hours=-1),
        "leads": True,
        "standing": None,
        "other": None,
        "link": link_status(),
        "last_tick": in_(-30),
        "last_fold": in_(-10),
        "last_pulse": in_(-20),
        "threads": {"sender": True, "folder": True, "pulse": True},
        "trouble": {},
        "settings_trouble": None,
        "unreadable": (),
        "refused": (),
        "happened": {},
        "counts": {"pending": 0},
        "overdue": 0,
        "skew": None,
    }
    return Facts(**(known | changes))


def test_settings_that_cannot_be_read_are_told_and_harm_nothing() -> None:
    told = document(facts(settings_trouble="settings/owner/x.json is left out."), NOW)
    assert told["trouble"] == {"settings": "settings/owner/x.json is left out."}
    assert told["healthy"] is True


def test_it_has_the_old_systems_shape() -> None:
    told = document(facts(), NOW)
    assert told["timestamp"] == "2026-11-22T12:00:00Z"
    assert told["healthy"] is True
    assert told["checks"] == dict.fromkeys(("scheduler", "whatsapp_session", "scheduler_activity", "records"), True)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"link": link_status(Link.LOGGED_OUT)}, "whatsapp_session"),
        ({"link": link_status(Link.RECONNECTING)}, "whatsapp_session"),
        ({"last_tick": NOW - TICK_SILENT}, "scheduler_activity"),
        ({"last_tick": None}, "scheduler_activity"),
        ({"threads": {"sender": False}}, "scheduler"),
        ({"leads": False, "standing": "Another session host leads."}, "scheduler"),
        ({"unreadable": ("scheduled.json: the record 'three' could not be read.",)}, "records"),
        ({"refused": ("The message 'one' was refused.",)}, "records"),
        ({"trouble": {"storage": "It cannot be reached."}}, "scheduler"),
    ],
)
def test_what_is_wrong_makes_it_unhealthy(changes: dict[str, Any], check: str) -> None:
    told = document(facts(**changes), NOW)
    assert told["healthy"] is False
    assert [name for name, good in told["checks"].items() if not good] == [check]


@pytest.mark.parametrize(("started", "heard"), [(in_(-60), True), (in_(-200), False)])
def test_a_host_that_has_just_started_is_given_time_for_its_first_tick(started: datetime, heard: bool) -> None:
    told = document(facts(started_at=started, last_tick=None), NOW)
    assert told["checks"]["scheduler_activity"] is heard


@pytest.mark.parametrize(
    ("changes", "direction", "said"),
    [
        ({}, "tick", "The tick was heard 30 s ago."),
        ({"last_tick": None, "started_at": in_(-20)}, "tick", "The tick has not come yet since the host started."),
        ({"last_tick": in_(minutes=-3)}, "tick", "No tick has come for 3 min, so nobody hands over what is due"),
        ({"last_tick": None}, "tick", "No tick has come since the host started 60 min ago, so nobody"),
        ({}, "host", "The tick sees this host: it wrote its pulse to the bucket 20 s ago."),
        ({"last_pulse": in_(hours=-5)}, "host", "The tick sees no living host: the last pulse went to the bucket 5 h"),
        ({"last_pulse": None}, "host", "This host has not written its pulse to the bucket yet"),
    ],
)
def test_how_host_and_tick_see_one_another_is_said_in_words(changes: dict[str, Any], direction: str, said: str) -> None:
    assert document(facts(**changes), NOW)["watch"][direction].startswith(said)


@pytest.mark.parametrize(
    ("backup", "healthy"),
    [
        (BackupFacts(True, in_(days=-1), None), True),
        (BackupFacts(True, in_(days=-1), "The key was refused."), True),
        (BackupFacts(True, in_(days=-4), "The key was refused."), False),
        (BackupFacts(True, in_(days=-4), None), True),
    ],
)
def test_a_backup_that_fails_is_told_at_once_and_matters_after_three_days(backup: BackupFacts, healthy: bool) -> None:
    told = document(facts(backup=backup), NOW)
    assert told["healthy"] is healthy
    assert all(told["checks"].values())
    assert told["trouble"] == ({"link backup": backup.trouble} if backup.trouble else {})
    assert told["linkBackup"]["last"] == print_instant(backup.last or NOW)


def test_what_cannot_be_read_is_counted() -> None:
    told = document(facts(undecryptable=Unreadable(3, in_(-60), (Unread("…2345", in_(-60)),))), NOW)
    assert told["undecryptable"] == {"count": 3, "since": "2026-11-22T11:59:00Z"}
    assert document(facts(), NOW)["undecryptable"] == {"count": 0, "since": None}

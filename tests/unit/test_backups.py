"""When the host has its link backed up, and what it says of its backups."""

import sys
import threading
from datetime import datetime, timedelta

import pytest

from session_host.backups import AFTER_PAIRING, AGAIN, EACH, LOOK, OLD, BackupFacts, Backups, Child
from shared.model.link import Link
from shared.store import keys
from shared.store.errors import Unreachable
from tests.builders import NOW, in_, link_status
from tests.fakes.host import Failing, HandClock


class Host:
    """Backups whose process succeeds, unless `trouble` says why not."""

    def __init__(self, *, on: bool = True) -> None:
        self.bucket = Failing()
        self.may = True
        self.trouble: str | None = None
        self.runs = 0
        self.backups = Backups(self.bucket, self._run, lambda _: self.may, on=on, clock=HandClock())

    def _run(self) -> str | None:
        self.runs += 1
        return self.trouble

    def stored(self, at: datetime) -> None:
        """There is a backup of then in the bucket."""
        self.bucket.put(keys.link_backup(at, "host-1"), b"sealed")

    def run(self, start: datetime, until: datetime) -> None:
        """Step at each instant it asks for."""
        now = start
        while now <= until:
            due = self.backups.step(now)
            assert due is not None
            assert due > now
            now = due


@pytest.fixture
def host() -> Host:
    return Host()


def test_without_a_recipient_there_are_none() -> None:
    host = Host(on=False)
    assert host.backups.step(NOW) is None
    assert not host.backups.link_changed(link_status(Link.CONNECTED))
    assert (host.runs, host.bucket.calls, host.backups.facts) == (0, [], BackupFacts())


def test_one_a_day_is_taken(host: Host) -> None:
    host.run(NOW, in_(days=5) - timedelta(seconds=1))
    assert host.runs == 5


def test_after_a_restart_the_newest_in_the_bucket_counts(host: Host) -> None:
    host.stored(in_(hours=-20))
    assert host.backups.step(NOW) == NOW + AGAIN
    assert host.backups.facts.last == in_(hours=-20)
    host.run(NOW, in_(hours=4) - timedelta(seconds=1))
    assert host.runs == 0
    host.run(in_(hours=4), in_(hours=4))
    assert host.runs == 1


def test_one_that_a_person_took_meanwhile_counts(host: Host) -> None:
    host.run(NOW, NOW)
    host.stored(in_(hours=10))
    host.run(in_(hours=11), in_(hours=33))
    assert (host.runs, host.backups.facts.last) == (1, in_(hours=10))


def test_an_old_one_is_followed_soon_after_the_start(host: Host) -> None:
    host.stored(in_(days=-2))
    host.backups.step(NOW)
    assert host.runs == 1


def test_one_from_the_future_neither_counts_nor_keeps_others_away(host: Host) -> None:
    host.stored(in_(days=3))
    host.run(NOW, in_(hours=12))
    assert (host.runs, host.backups.facts.last) == (1, NOW)


def test_who_does_not_lead_or_is_not_linked_takes_none(host: Host) -> None:
    host.may = False
    assert host.backups.step(NOW) == NOW + LOOK
    assert (host.runs, host.bucket.calls) == (0, [])
    host.may = True
    host.backups.step(NOW + LOOK)
    assert host.runs == 1


def test_a_new_link_is_backed_up_soon(host: Host) -> None:
    host.run(NOW, NOW)
    for state in (Link.LOGGED_OUT, Link.CONNECTING, Link.PAIRING, Link.CONNECTING):
        assert not host.backups.link_changed(link_status(state))
    assert host.backups.link_changed(link_status(Link.CONNECTED))
    assert host.backups.step(in_(5)) == NOW + AFTER_PAIRING
    host.run(NOW + AFTER_PAIRING, in_(hours=1))
    assert host.runs == 2


def test_a_line_that_comes_back_is_no_new_link(host: Host) -> None:
    host.run(NOW, NOW)
    for state in (Link.RECONNECTING, Link.CONNECTED):
        assert not host.backups.link_changed(link_status(state))
    host.run(in_(5), in_(hours=1))
    assert host.runs == 1


def test_a_failure_is_told_and_tried_again_each_hour_until_it_is_well(host: Host) -> None:
    host.trouble = "The bucket refused the key."
    assert host.backups.step(NOW) == NOW + AGAIN
    assert host.backups.facts == BackupFacts(True, None, "The bucket refused the key.")
    host.run(NOW + AGAIN, NOW + 3 * AGAIN)
    assert host.runs == 4
    host.trouble = None
    host.backups.step(NOW + 4 * AGAIN)
    assert host.backups.facts == BackupFacts(True, NOW + 4 * AGAIN, None)


def test_storage_that_is_away_is_a_failure_too(host: Host) -> None:
    host.bucket.trouble = Unreachable("The storage cannot be reached.")
    assert host.backups.step(NOW) == NOW + AGAIN
    assert host.backups.facts.trouble == "The storage cannot be reached."
    host.bucket.trouble = None
    host.run(NOW + AGAIN, NOW + AGAIN)
    assert host.runs == 1


@pytest.mark.parametrize(
    ("last", "trouble", "overdue"),
    [
        (NOW - EACH, "why", False),
        (NOW - OLD, "why", False),
        (NOW - OLD - EACH, "why", True),
        (NOW - OLD - EACH, None, False),
        (None, "why", False),
    ],
)
def test_only_an_old_backup_makes_a_host_unwell(last: datetime | None, trouble: str | None, overdue: bool) -> None:
    assert BackupFacts(True, last, trouble).overdue(in_(hours=-1), NOW) is overdue


def test_a_host_that_never_had_one_is_unwell_after_three_days() -> None:
    assert BackupFacts(True, None, "why").overdue(NOW - OLD - EACH, NOW)


class TestChild:
    """The process behind it, with programs of our own."""

    def run(self, code: str, seconds: float = 30) -> str | None:
        return Child([sys.executable, "-c", code], seconds)()

    def test_success_is_no_trouble(self) -> None:
        assert self.run("print('done')") is None

    def test_why_it_failed_is_its_last_sentence(self) -> None:
        code = "import sys; sys.stderr.write('a warning\\nThe key was refused.\\n'); sys.exit(1)"
        assert self.run(code) == "The key was refused."

    def test_one_that_says_nothing_is_named_by_its_code(self) -> None:
        assert self.run("import sys; sys.exit(7)") == "The backup ended with code 7."

    def test_one_that_hangs_is_ended(self) -> None:
        assert "was ended" in str(self.run("import time; time.sleep(600)", seconds=0.2))

    def test_a_program_that_is_not_there_is_said(self) -> None:
        assert "could not be started" in str(Child(["/nowhere"], 1)())

    def test_a_host_that_stops_ends_it_and_begins_no_other(self) -> None:
        child = Child([sys.executable, "-c", "import time; time.sleep(600)"])
        said: list[str | None] = []
        running = threading.Thread(target=lambda: said.append(child()))
        running.start()
        while child._process is None:
            threading.Event().wait(0.01)
        child.stop()
        running.join(30)
        assert said == ["The backup ended with code -15."]
        assert child() == "The session host is stopping."

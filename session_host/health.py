"""How the host is, in the old system's shape and more: open to anybody, so without phone numbers and texts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from session_host.backups import BackupFacts
from session_host.capture import REASONS, CaptureFacts
from session_host.undecryptable import Unreadable
from shared.model.alarm import OLD_PULSE
from shared.model.link import LinkStatus
from shared.model.values import print_instant
from shared.store.pulse import HostPulse

TICK_SILENT = timedelta(minutes=3)
"""After this long without a tick nobody hands over; also how long a host that has just started is given."""

GAPS_IN_PUBLIC = 5


class Facts(NamedTuple):
    """What is known at one moment. trouble: part → why it does not work, in words. skew: seconds, None if small.

    unreadable, refused: what a person should see to, in sentences; happened: what was put right, by its time.
    """

    host: str
    version: str
    started_at: datetime
    leads: bool
    standing: str | None
    other: HostPulse | None
    link: LinkStatus
    last_tick: datetime | None
    last_fold: datetime | None
    last_pulse: datetime | None
    threads: Mapping[str, bool]
    trouble: Mapping[str, str]
    settings_trouble: str | None
    unreadable: Sequence[str]
    refused: Sequence[str]
    happened: Mapping[datetime, Sequence[str]]
    counts: Mapping[str, int]
    overdue: int
    skew: float | None
    unconfirmed: int = 0
    backup: BackupFacts = BackupFacts()
    undecryptable: Unreadable = Unreadable()
    capture: CaptureFacts = CaptureFacts()


def scheduler_runs(facts: Facts) -> bool:
    """Every thread is alive, this host leads, and neither ledger nor storage is in trouble."""
    return facts.leads and all(facts.threads.values()) and not facts.trouble


def tick_is_heard(facts: Facts, now: datetime) -> bool:
    """Somebody hands over what is due, or the host has not been up long enough to tell."""
    return now - (facts.last_tick or facts.started_at) < TICK_SILENT


def watch(facts: Facts, now: datetime) -> dict[str, str]:
    """How host and tick see one another, in words. tick: what this host hears of it; host: what it sees of this one."""
    heard, pulse = facts.last_tick, facts.last_pulse
    if tick_is_heard(facts, now):
        tick = (
            f"The tick was heard {_ago(heard, now)}." if heard else "The tick has not come yet since the host started."
        )
    else:
        silent = f"for {_long(now - heard)}" if heard else f"since the host started {_ago(facts.started_at, now)}"
        tick = (
            f"No tick has come {silent}, so nobody hands over what is due: look at the cloud function and its "
            "HOST_URL, or run ./wa tick --every 60."
        )
    if pulse is None:
        host = "This host has not written its pulse to the bucket yet: until it has, the tick does not see it there."
    elif now - pulse <= OLD_PULSE:
        host = f"The tick sees this host: it wrote its pulse to the bucket {_ago(pulse, now)}."
    else:
        host = f"The tick sees no living host: the last pulse went to the bucket {_ago(pulse, now)}, and it alarms."
    return {"tick": tick, "host": host}


def document(facts: Facts, now: datetime) -> dict[str, Any]:
    """The answer of /health."""
    checks = {
        "scheduler": scheduler_runs(facts),
        "whatsapp_session": facts.link.sends,
        "scheduler_activity": tick_is_heard(facts, now),
        "records": not (facts.unreadable or facts.refused),
    }
    return {
        "timestamp": print_instant(now),
        "healthy": all(checks.values()) and not facts.backup.overdue(facts.started_at, now),
        "checks": checks,
        "host": facts.host,
        "version": facts.version,
        "startedAt": print_instant(facts.started_at),
        "leads": facts.leads,
        "standing": facts.standing,
        "other": facts.other and {"host": facts.other.host, "lastPulse": print_instant(facts.other.at)},
        "link": facts.link.as_json(),
        "lastTick": _instant(facts.last_tick),
        "lastFold": _instant(facts.last_fold),
        "lastPulse": _instant(facts.last_pulse),
        "watch": watch(facts, now),
        "threads": dict(facts.threads),
        "trouble": {
            **facts.trouble,
            **({"link backup": facts.backup.trouble} if facts.backup.trouble else {}),
            **({"settings": facts.settings_trouble} if facts.settings_trouble else {}),
        },
        "problems": [*facts.unreadable, *facts.refused],
        "happened": [f"{print_instant(at)}: {each}" for at, told in facts.happened.items() for each in told],
        "messages": dict(facts.counts),
        "overdue": facts.overdue,
        "unconfirmed": facts.unconfirmed,
        "clockSkewSeconds": None if facts.skew is None else round(facts.skew, 1),
        "linkBackup": backup(facts.backup),
        "undecryptable": undecryptable(facts.undecryptable),
        "capture": capture(facts.capture, GAPS_IN_PUBLIC),
    }


def backup(facts: BackupFacts) -> dict[str, Any]:
    """The link's backups: whether there are any to be, when the last was taken, why the last try failed."""
    return {"on": facts.on, "last": _instant(facts.last), "trouble": facts.trouble}


def undecryptable(unreadable: Unreadable, *, named: bool = False) -> dict[str, Any]:
    """What could not be decrypted: how much, since when; `named`: also the chats' ends, which are not for everybody."""
    told: dict[str, Any] = {"count": unreadable.total, "since": _instant(unreadable.since)}
    if named:
        told["newest"] = [{"chat": each.chat, "at": print_instant(each.at)} for each in unreadable.newest]
    return told


def capture(facts: CaptureFacts, gaps: int | None = None) -> dict[str, Any]:
    """How much was captured, when last, and when something may have been missed: the newest of these times, or all."""
    return {
        "count": facts.messages,
        "last": _instant(facts.last),
        "trouble": facts.trouble,
        "gapCount": len(facts.gaps),
        "gaps": [
            {"from": print_instant(each.since), "to": _instant(each.until), "reason": each.reason,
             "sentence": REASONS.get(each.reason, "")}
            for each in facts.gaps[:gaps]
        ],
    }  # fmt: skip


def _instant(value: datetime | None) -> str | None:
    return None if value is None else print_instant(value)


def _ago(at: datetime, now: datetime) -> str:
    return f"{_long(now - at)} ago"


def _long(time: timedelta) -> str:
    seconds = max(0, int(time.total_seconds()))
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"

"""The names of everything in the bucket, relative to its prefix, and which names there can be."""

import re
from datetime import UTC, date, datetime, timedelta

from shared.store.errors import BadKey

SCHEDULED = "scheduled.json"
CONTACTS = "contacts.json"
HOST_PULSE = "pulse/host.json"
TICK_PULSE = "pulse/tick.json"
LOG = "log/"
SNAPSHOTS = "snapshots/"
SET_ASIDE = "set-aside/"
BEFORE_IMPORT = "before-import/"
TEMPLATES = "templates/"
SETTINGS = "settings/"
LINK_BACKUPS = "backup/link/"
PROBE = "probe/"
"""Where `wa bucket check` puts what it deletes again."""
HISTORY = "history/"
MEDIA = "media/"

_LINK_BACKUP = re.compile(re.escape(LINK_BACKUPS) + r"([0-9]{8}T[0-9]{6}Z)-[a-z0-9-]{1,80}\.age")

MAX_BYTES = 900
"""S3 allows 1024 bytes of UTF-8; the rest is left for the prefix."""

MAX_PART_BYTES = 200
"""File systems allow 255 bytes between two slashes; the rest is left for the names of unfinished files."""


def log_day(day: date) -> str:
    """The folder of one UTC day's operations: log/20261122/"""
    return f"{LOG}{day:%Y%m%d}/"


def log_object(at: datetime, name: str) -> str:
    """Where the operation `name` written at `at` (aware UTC) is kept."""
    return f"{log_day(at.date())}{name}.json"


def day_of(key: str) -> date | None:
    """The UTC day in the name of a log object or a daily snapshot; None where there is none."""
    for folder in (LOG, SNAPSHOTS):
        digits = key.removeprefix(folder).split("/")[0]
        if key.startswith(folder) and len(digits) == 8 and digits.isascii() and digits.isdigit():
            try:
                return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            except ValueError:
                return None
    return None


def recent_log(now: datetime) -> str:
    """The name after which yesterday's and later operations are listed: a day for writers whose clock is behind."""
    return log_day((now - timedelta(days=1)).date())


def previous_snapshot(projection: str) -> str:
    """The projection as it was before the last fold."""
    return f"{SNAPSHOTS}previous/{projection}"


def daily_snapshot(projection: str, day: date) -> str:
    """The projection as it was at the first fold of a day; kept 30 days."""
    return f"{SNAPSHOTS}{day:%Y%m%d}/{projection}"


def set_aside(key: str, now: datetime) -> str:
    """Where something unreadable is kept for a person to look at; nothing unreadable is ever overwritten."""
    return f"{SET_ASIDE}{now:%Y%m%dT%H%M%SZ}/{key}"


def before_import(key: str) -> str:
    """Where a file of the old system is kept, byte for byte, before it is first rewritten."""
    return f"{BEFORE_IMPORT}{key}"


def part(key: str, number: int) -> str:
    """Where a piece of a large file is kept; the pieces in order are the file."""
    return f"{key}.part-{number:04d}"


def history_day(day: date) -> str:
    """The folder of one UTC day's captured messages: history/2026/11/22/"""
    return f"{HISTORY}{day:%Y/%m/%d}/"


def history_segment(day: date, boot: str, number: int) -> str:
    """Where a segment of captured messages is kept; `boot`: 32 hexadecimal digits."""
    return f"{history_day(day)}{boot}-{number:08d}.jsonl.gz"


def media(digest: str) -> str:
    """Where a file that was attached or captured is kept: under the SHA-256 of its bytes, in hexadecimal."""
    return f"{MEDIA}{digest}"


def record_version(folder: str, record_id: str, version: str) -> str:
    """Where one version of a record that needs no fold is kept, which is never overwritten."""
    return f"{folder}{record_id}/{version}.json"


def link_backup(at: datetime, host: str) -> str:
    """Where the encrypted copy of the link that this host took at `at` (aware UTC) is kept."""
    return f"{LINK_BACKUPS}{at:%Y%m%dT%H%M%SZ}-{host}.age"


def link_backup_at(key: str) -> datetime | None:
    """When the backup of this name was taken, aware UTC; None where it is no backup's name.

    >>> link_backup_at("backup/link/20261122T120000Z-host-0123456789ab.age")
    datetime.datetime(2026, 11, 22, 12, 0, tzinfo=datetime.timezone.utc)
    """
    found = _LINK_BACKUP.fullmatch(key)
    try:
        return datetime.strptime(found[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def check(key: str) -> str:
    """The key itself, when an object can have this name in every kind of bucket; else raises BadKey.

    No part may be empty or begin with a dot, so that no key leaves its folder or names an unfinished file.
    """
    parts = key.split("/")
    if not all(parts) or any(part.startswith(".") for part in parts):
        raise BadKey(f"{_shown(key)} cannot be an object's name: it has an empty part, or one that begins with a dot.")
    return _check_text(key)


def check_prefix(prefix: str) -> str:
    """The prefix itself, when keys can begin with it: like a key, but the last part may be empty. Raises BadKey."""
    *folders, last = prefix.split("/")
    if not all(folders) or any(part.startswith(".") for part in (*folders, last)):
        raise BadKey(f"No object's name can begin with {_shown(prefix)}.")
    return _check_text(prefix)


def check_base(base: str) -> str:
    """The base itself, when all of a bucket's keys can live below it: empty, or folders that end with a slash."""
    if base and not base.endswith("/"):
        raise BadKey(f"{_shown(base)} cannot be a bucket's prefix: end it with a slash, like whatsapp/.")
    return check_prefix(base)


def _check_text(text: str) -> str:
    try:
        too_long = len(text.encode()) > MAX_BYTES or any(
            len(part.encode()) > MAX_PART_BYTES for part in text.split("/")
        )
    except UnicodeEncodeError:
        raise BadKey(f"{_shown(text)} cannot be an object's name: it is not valid Unicode.") from None
    if too_long:
        raise BadKey(f"{_shown(text)} cannot be an object's name: it is too long.")
    if "\\" in text or any(character < " " or character == "\x7f" for character in text):
        raise BadKey(f"{_shown(text)} cannot be an object's name: it holds a backslash or a control character.")
    return text


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 60 else f"{text[:60]}…")

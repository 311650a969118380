"""The WhatsApp session on disk: its folder, its database name, and whom it is linked to."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import structlog

log = structlog.get_logger()

# The library appends "?_foreign_keys=on" to the name it is given; these settings before it more than double the sends
# per second, and the last one swallows the library's own question mark.
_SETTINGS = "?_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=on&_x="


def prepare(data_dir: Path) -> Path:
    """The database file of the session, for its owner's eyes only: it holds the keys of the account. Raises OSError."""
    folder = data_dir / "link"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    database = folder / "link.db"
    database.touch(mode=0o600)
    database.chmod(0o600)  # SQLite gives its journal the same rights
    return database


def name_for_library(database: Path) -> str:
    """The name under which the library opens this file.

    >>> name_for_library(Path("/srv/my host/link.db"))[:26]
    '/srv/my%20host/link.db?_jo'
    """
    return quote(str(database)) + _SETTINGS


def linked_number(database: Path) -> str | None:
    """The number of the linked account in digits, None while there is none. Only while no session is open."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            row = connection.execute("SELECT jid FROM whatsmeow_device LIMIT 1").fetchone()
    except sqlite3.Error as error:
        if "no such table" not in str(error):
            log.warning("link.number-unreadable", error=str(error))
        return None
    return re.split(r"[:.@]", row[0])[0] if row else None

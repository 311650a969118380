"""The link's SQLite file as another process may touch it: copied, looked at, made fit for a new host.

Never for the process of the session host. The WhatsApp library carries an SQLite of its own there, and when Python
closes the same file, the kernel drops the locks that the library believes it holds (POSIX locks are the process's).
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

NEEDED = ("whatsmeow_device", "whatsmeow_sessions", "whatsmeow_sender_keys")
"""The tables of the library that are used here."""


class NotLinked(Exception):
    """There is no linked session; the message says where it was looked for."""


class LinkDamaged(Exception):
    """The file is no session of a linked device, or a damaged one; the message says what is wrong with it."""


def copy(database: Path, to: Path) -> None:
    """Copy the session while its host writes to it, as it stood at one instant. Raises NotLinked, LinkDamaged.

    The reader holds no lock that the library could wait for: the file is in WAL mode.
    """
    if not database.exists() or not database.stat().st_size:
        raise NotLinked(f"There is no linked session in {database.parent}: link WhatsApp first.")
    with (
        _as_damage(database),
        closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(to)) as made,
    ):
        live.backup(made)
        made.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it


def linked_number(database: Path) -> str:
    """The number of the linked device in a copy that is whole, in digits. Raises NotLinked, LinkDamaged."""
    with _as_damage(database), closing(sqlite3.connect(database)) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()
        if found != ("ok",):
            raise LinkDamaged(f"{database.name} is damaged: {str(found[0])[:100]}.")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if missing := [name for name in NEEDED if name not in tables]:
            raise LinkDamaged(f"{database.name} is no session of the WhatsApp library: it has no table {missing[0]}.")
        row = connection.execute("SELECT jid FROM whatsmeow_device").fetchone()
    if row is None:
        raise NotLinked("The session is not linked to any account: link WhatsApp first.")
    return re.split(r"[:.@]", str(row[0]))[0]


def forget_ratchets(database: Path) -> None:
    """Let every conversation of a copy begin anew with its next message. Raises LinkDamaged.

    An old copy would use keys a second time that were used since it was taken; whoever gets such a message takes it for
    a repetition and drops it without a word. So the sessions go, and with them our own group keys. Other people's group
    keys only move forward and stay.
    """
    with _as_damage(database), closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM whatsmeow_sessions")
        for jid, lid in connection.execute("SELECT jid, lid FROM whatsmeow_device").fetchall():
            for user in {re.split(r"[:.@]", str(name))[0] for name in (jid, lid) if name}:
                connection.execute("DELETE FROM whatsmeow_sender_keys WHERE sender_id GLOB ?", (f"{user}[_:]*",))


@contextmanager
def _as_damage(database: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LinkDamaged(f"{database.name} could not be read as a session: {error}.") from None

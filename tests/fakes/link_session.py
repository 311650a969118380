"""A session on disk as the WhatsApp library keeps it, with the tables that backup and restore look at."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cast import ALICE, OWNER

LID = "123456789012345"
TABLES = """
    CREATE TABLE whatsmeow_device (jid TEXT PRIMARY KEY, lid TEXT);
    CREATE TABLE whatsmeow_sessions (our_jid TEXT, their_id TEXT, session BLOB);
    CREATE TABLE whatsmeow_sender_keys (our_jid TEXT, chat_id TEXT, sender_id TEXT, sender_key BLOB);
"""


def make(data_dir: Path, *, number: str | None = OWNER.number, wal: bool = True) -> Path:
    """A session in `data_dir`/link, linked to this number or to nobody; the file."""
    folder = data_dir / "link"
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "link.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        if wal:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(TABLES)
        if number:
            jid = f"{number}:3@s.whatsapp.net"
            connection.execute("INSERT INTO whatsmeow_device VALUES (?, ?)", (jid, f"{LID}:3@lid"))
            connection.execute("INSERT INTO whatsmeow_sessions VALUES (?, ?, ?)", (jid, f"{ALICE.number}:0", b"keys"))
            connection.executemany(
                "INSERT INTO whatsmeow_sender_keys VALUES (?, '1203630000@g.us', ?, x'00')",
                [(jid, f"{LID}_1:3"), (jid, f"{number}:3"), (jid, "987654321098765_1:0")],
            )
    return database


def rows(database: Path, table: str) -> list[tuple[object, ...]]:
    """What a table holds."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608

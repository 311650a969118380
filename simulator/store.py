"""The simulator's one SQLite file: its schema, and typed reading and writing of keys and certificates."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulator import certificates, curve
from simulator.certificates import Authority

_SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS people (
    phone TEXT PRIMARY KEY, lid TEXT NOT NULL UNIQUE, name TEXT NOT NULL, registered INTEGER NOT NULL,
    is_account INTEGER NOT NULL, identity BLOB NOT NULL, registration_id INTEGER NOT NULL,
    signed_prekey BLOB NOT NULL, delivered_after_ms INTEGER, read_after_ms INTEGER, devices INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS more_devices (
    phone TEXT NOT NULL, device INTEGER NOT NULL, identity BLOB NOT NULL, registration_id INTEGER NOT NULL,
    signed_prekey BLOB NOT NULL, PRIMARY KEY (phone, device));
CREATE TABLE IF NOT EXISTS groups (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, subject TEXT NOT NULL, creator TEXT NOT NULL,
    created INTEGER NOT NULL, members TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sender_keys (
    holder TEXT NOT NULL, chat TEXT NOT NULL, speaker TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (holder, chat, speaker));
CREATE TABLE IF NOT EXISTS sender_keys_given (
    holder TEXT NOT NULL, chat TEXT NOT NULL, remote TEXT NOT NULL, PRIMARY KEY (holder, chat, remote));
CREATE TABLE IF NOT EXISTS address_book (
    owner TEXT NOT NULL, phone TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (owner, phone));
CREATE TABLE IF NOT EXISTS app_state (
    owner TEXT PRIMARY KEY, key_id BLOB NOT NULL, secret BLOB NOT NULL, version INTEGER NOT NULL, hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS app_state_records (
    owner TEXT NOT NULL, mac BLOB NOT NULL, record BLOB NOT NULL, PRIMARY KEY (owner, mac));
CREATE TABLE IF NOT EXISTS app_state_patches (
    owner TEXT NOT NULL, version INTEGER NOT NULL, patch BLOB NOT NULL, PRIMARY KEY (owner, version));
CREATE TABLE IF NOT EXISTS prekeys (
    phone TEXT NOT NULL, id INTEGER NOT NULL, private BLOB NOT NULL, PRIMARY KEY (phone, id));
CREATE TABLE IF NOT EXISTS sessions (
    phone TEXT NOT NULL, remote TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (phone, remote));
CREATE TABLE IF NOT EXISTS devices (
    phone TEXT NOT NULL, device INTEGER NOT NULL, noise BLOB NOT NULL, identity BLOB NOT NULL,
    registration_id INTEGER NOT NULL, signed_prekey_id INTEGER NOT NULL, signed_prekey BLOB NOT NULL,
    signature BLOB NOT NULL, linked_at TEXT NOT NULL, greeted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (phone, device));
CREATE TABLE IF NOT EXISTS device_numbers (phone TEXT PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS device_prekeys (
    phone TEXT NOT NULL, device INTEGER NOT NULL, id INTEGER NOT NULL, public BLOB NOT NULL,
    PRIMARY KEY (phone, device, id));
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, chat TEXT NOT NULL, id TEXT NOT NULL,
    from_phone TEXT NOT NULL, sender_device INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, at TEXT NOT NULL,
    status TEXT NOT NULL, robot INTEGER NOT NULL, facts TEXT NOT NULL DEFAULT '', content BLOB NOT NULL DEFAULT x'',
    devices TEXT NOT NULL DEFAULT '[0]');
CREATE INDEX IF NOT EXISTS messages_by_owner ON messages (owner, chat, id);
CREATE TABLE IF NOT EXISTS queue (
    number INTEGER PRIMARY KEY AUTOINCREMENT, phone TEXT NOT NULL, device INTEGER NOT NULL, tag TEXT NOT NULL,
    id TEXT NOT NULL, peer TEXT NOT NULL, type TEXT NOT NULL, stanza BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS queue_by_device ON queue (phone, device, id);
CREATE TABLE IF NOT EXISTS receipts_due (
    number INTEGER PRIMARY KEY AUTOINCREMENT, message INTEGER NOT NULL, type TEXT NOT NULL, due REAL NOT NULL);
"""

_LATER_COLUMNS = (  # what a folder of an earlier version lacks
    ("messages", "facts", "TEXT NOT NULL DEFAULT ''"),
    ("messages", "content", "BLOB NOT NULL DEFAULT x''"),
    ("messages", "devices", "TEXT NOT NULL DEFAULT '[0]'"),
    ("people", "devices", "INTEGER NOT NULL DEFAULT 1"),
)


def open_database(folder: Path) -> sqlite3.Connection:
    """The data folder's database (file mode 0600), created where it is missing; for one thread only.

    It survives the end of the process at any moment. It does not wait for the disk: a machine that loses power may lose
    the last seconds, which a simulator can bear and which keeps it faster than the client that it serves.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "simulator.sqlite"
    os.close(os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    database = sqlite3.connect(file, isolation_level=None)
    database.row_factory = sqlite3.Row
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=OFF")
    database.executescript(_SCHEMA)
    for table, column, kind in _LATER_COLUMNS:
        if column not in {row["name"] for row in database.execute(f"PRAGMA table_info({table})")}:
            database.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Makes what is done inside one change of the database: all of it or, after an exception, none. May be nested."""
    if database.in_transaction:
        yield
        return
    database.execute("BEGIN")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def authority(database: sqlite3.Connection) -> Authority:
    """The server's keys, founded on first use."""
    names = ("root", "intermediate", "static")
    kept = {row["name"]: row["value"] for row in database.execute("SELECT name, value FROM secrets")}
    if not all(name in kept for name in names):
        fresh = certificates.found()
        kept = {name: getattr(fresh, name).private for name in names}
        database.executemany("INSERT OR REPLACE INTO secrets VALUES (?, ?)", kept.items())
    return Authority(**{name: curve.key_pair(kept[name]) for name in names})

"""One backup by the process that takes it: of a session in use, whole, and with nothing left behind on the disk."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pyrage
import pytest

from cli import ROOT
from session_host import link_backup, link_copy, link_seal
from session_host.database import Database
from session_host.folder_lock import FolderLock
from session_host.identity import IdentityStore
from session_host.link_copy import LinkDamaged, NotLinked
from session_host.schema import MIGRATIONS
from shared.clock import SYSTEM
from shared.settings import HostSettings
from shared.store import keys
from shared.store.directory import DirectoryBucket
from tests.cast import OWNER
from tests.fakes import link_session

IDENTITY = pyrage.x25519.Identity.generate()


@pytest.fixture
def settings(tmp_path: Path) -> HostSettings:
    return HostSettings(data_dir=tmp_path / "host", backup_recipient=str(IDENTITY.to_public()))


@pytest.fixture
def bucket(tmp_path: Path) -> DirectoryBucket:
    return DirectoryBucket(tmp_path / "bucket", "whatsapp/")


def process(settings: HostSettings, **environment: str) -> "subprocess.CompletedProcess[str]":
    named = {
        "HOST_DATA_DIR": str(settings.data_dir),
        "STORAGE_DIR": str(settings.data_dir.parent / "bucket"),
        "LINK_BACKUP_RECIPIENT": settings.backup_recipient,
    }
    command = [sys.executable, "-m", "session_host.link_backup"]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **named, **environment}, capture_output=True, text=True, check=False
    )


def left_behind(settings: HostSettings) -> list[str]:
    return [path.name for path in (settings.data_dir / "backup").iterdir() if path.name != "lock"]


def test_it_says_what_it_stored_and_leaves_nothing_on_the_disk(settings: HostSettings, bucket: DirectoryBucket) -> None:
    link_session.make(settings.data_dir)
    done = process(settings)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    sealed = bucket.get(told["key"]).data
    assert told["size"] == len(sealed)
    manifest, database = link_seal.unseal(sealed, str(IDENTITY), told["key"])
    assert (manifest.number, manifest.host, manifest.simulated) == (OWNER.number, "host", False)
    assert manifest.library == "0.5.2"
    assert database.startswith(b"SQLite format 3")
    assert left_behind(settings) == []
    assert (settings.data_dir / "backup").stat().st_mode & 0o777 == 0o700
    assert OWNER.number not in done.stdout


def test_it_is_named_for_the_host_that_the_ledger_knows(settings: HostSettings, bucket: DirectoryBucket) -> None:
    link_session.make(settings.data_dir)
    ledger = Database(settings.data_dir / "ledger.db", MIGRATIONS)
    host = IdentityStore(ledger, "london").takes_place(4)
    taken = link_backup.take(settings, bucket)
    ledger.close()
    assert taken.key == keys.link_backup(taken.at, host.id)
    manifest, _ = link_seal.unseal(bucket.get(taken.key).data, str(IDENTITY), taken.key)
    assert (manifest.host, manifest.epoch) == (host.id, 4)


def test_a_session_that_is_written_to_meanwhile_is_copied_whole(settings: HostSettings) -> None:
    database, stop = link_session.make(settings.data_dir), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database)) as connection:
            number = 0
            while not stop.is_set():
                with connection:  # both or neither
                    connection.execute("INSERT INTO whatsmeow_sessions VALUES ('a', ?, x'00')", (f"{number}:0",))
                    connection.execute("INSERT INTO whatsmeow_device VALUES (?, NULL)", (f"x{number}:0",))
                number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = [settings.data_dir / f"copy-{number}.db" for number in range(20)]
        for each in copies:
            link_copy.copy(database, each)
    finally:
        stop.set()
        writer.join()
    for each in copies:
        assert link_copy.linked_number(each) == OWNER.number
        sessions, devices = (link_session.rows(each, f"whatsmeow_{table}") for table in ("sessions", "device"))
        assert len(sessions) == len(devices)


def test_what_a_crash_left_in_the_journal_is_in_the_backup(settings: HostSettings, tmp_path: Path) -> None:
    database = link_session.make(settings.data_dir)
    code = (
        "import os, signal, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "connection.execute('PRAGMA wal_autocheckpoint=0')\n"
        "connection.execute(\"INSERT INTO whatsmeow_sessions VALUES ('a', 'late:0', x'00')\")\n"
        "connection.commit()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(database)], check=False)
    link_copy.copy(database, tmp_path / "copy.db")
    assert ("a", "late:0", b"\0") in link_session.rows(tmp_path / "copy.db", "whatsmeow_sessions")


def test_what_a_killed_one_left_goes_with_the_next(settings: HostSettings, bucket: DirectoryBucket) -> None:
    link_session.make(settings.data_dir)
    left = settings.data_dir / "backup" / "work"
    left.mkdir(parents=True)
    (left / "link.db").write_bytes(b"keys in the clear")
    link_backup.take(settings, bucket)
    assert left_behind(settings) == []


def test_without_a_linked_session_there_is_nothing_to_back_up(settings: HostSettings) -> None:
    for make in (lambda: None, lambda: link_session.make(settings.data_dir, number=None)):
        make()
        done = process(settings)
        assert done.returncode == link_backup.NOT_LINKED
        assert done.stderr.endswith("link WhatsApp first.\n")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("environment", "code", "said"),
    [
        ({"LINK_BACKUP_RECIPIENT": ""}, link_backup.NOT_SET, "./wa link key makes a key"),
        ({"LINK_BACKUP_RECIPIENT": "age1" + "q" * 58}, link_backup.NOT_SET, "mistyped"),
        ({"LINK_BACKUP_RECIPIENT": "age1short"}, link_backup.NOT_SET, "LINK_BACKUP_RECIPIENT is wrong"),
        ({"STORAGE_DIR": "/proc/nowhere"}, link_backup.FAILED, "/proc/nowhere"),
    ],
)
def test_why_there_is_no_backup_is_one_sentence(
    settings: HostSettings, environment: dict[str, str], code: int, said: str
) -> None:
    link_session.make(settings.data_dir)
    done = process(settings, **environment)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_damaged_session_is_not_stored_over_good_ones(settings: HostSettings, bucket: DirectoryBucket) -> None:
    database = link_session.make(settings.data_dir, wal=False)
    data = bytearray(database.read_bytes())
    data[4096 + 8 : 4096 + 200] = b"\xff" * 192
    database.write_bytes(bytes(data))
    with pytest.raises(LinkDamaged):
        link_backup.take(settings, bucket)
    assert list(bucket.list("")) == []
    assert left_behind(settings) == []


def test_a_file_of_another_program_is_no_session(settings: HostSettings, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection, connection:
        connection.execute("CREATE TABLE whatsmeow_device (jid TEXT)")
    with pytest.raises(LinkDamaged, match="no table whatsmeow_sessions"):
        link_copy.linked_number(other)
    with pytest.raises(NotLinked):
        link_copy.copy(tmp_path / "missing.db", tmp_path / "copy.db")


def test_two_backups_do_not_meet(settings: HostSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_backup, "WAIT_SECONDS", 0)
    with (
        FolderLock(settings.data_dir / "backup", SYSTEM, 0),
        pytest.raises(link_backup.BackupFailed, match="at work"),
        link_backup.workplace(settings.data_dir, SYSTEM),
    ):
        pass


def test_old_keys_go_and_other_peoples_group_keys_stay(settings: HostSettings) -> None:
    database = link_session.make(settings.data_dir)
    link_copy.forget_ratchets(database)
    assert link_session.rows(database, "whatsmeow_sessions") == []
    assert [row[2] for row in link_session.rows(database, "whatsmeow_sender_keys")] == ["987654321098765_1:0"]
    assert link_copy.linked_number(database) == OWNER.number

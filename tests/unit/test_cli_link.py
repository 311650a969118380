"""`wa link`: the key, a backup, the list, and a restore whose refusals are sentences."""

from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import cli.link
from cli.main import wa
from session_host import link_restore, link_seal
from session_host.folder_lock import FolderLock
from shared.clock import SYSTEM
from shared.store import keys
from shared.store import pulse as pulses
from shared.store.directory import DirectoryBucket
from shared.store.pulse import HostPulse
from tests.cast import OWNER
from tests.fakes import link_session
from tests.fakes.host import HandClock

PASSPHRASE = "six words that nobody guesses"


class Server:
    """A checkout's settings, a data folder with a linked session, and a bucket."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data" / "host"
        self.database = link_session.make(self.data)
        self.bucket = DirectoryBucket(folder / "data" / "bucket", "whatsapp/")
        self.key = folder / "link-backup.key"

    def link(self, *arguments: str, answers: str = "") -> Result:
        return CliRunner().invoke(wa, ["link", *arguments], input=answers)

    def restore(self, *arguments: str, passphrase: str = PASSPHRASE, answers: str = "") -> Result:
        return self.link("restore", *arguments, answers=f"{passphrase}\n{answers}")

    def lose_the_link(self) -> None:
        for path in self.database.parent.iterdir():
            path.unlink()

    def pulse(self, **changes: object) -> HostPulse:
        """The last pulse of the old host, as it is in the bucket then."""
        known = {"host": "london-1", "epoch": 1, "counter": 3, "at": SYSTEM.now().isoformat()}
        found = HostPulse.model_validate(known | changes)
        pulses.write_host(self.bucket, found)
        return found


opened_once = cache(link_seal.identity)
"""The same, without a second of stretching the same passphrase again; a refusal is never remembered."""


@pytest.fixture(scope="module")
def made() -> tuple[bytes, str]:
    return link_seal.new_identity(PASSPHRASE)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: tuple[bytes, str]) -> Server:
    monkeypatch.chdir(tmp_path)
    server = Server(tmp_path)
    server.key.write_bytes(made[0])
    monkeypatch.setenv("LINK_BACKUP_RECIPIENT", made[1])
    monkeypatch.setenv("HOST_DATA_DIR", str(server.data))
    monkeypatch.setenv("STORAGE_DIR", str(tmp_path / "data" / "bucket"))
    monkeypatch.setattr(link_seal, "identity", opened_once)
    monkeypatch.setattr(cli.link, "SYSTEM", HandClock(SYSTEM.now()))
    return server


def test_the_key_is_made_once_for_its_owners_eyes_and_opens_what_is_sealed_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(wa, ["link", "key", "--out", "my.key"], input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert done.exit_code == 0
    recipient = next(line for line in done.stdout.splitlines() if line.startswith("age1"))
    assert f"LINK_BACKUP_RECIPIENT={recipient}" in done.stderr
    assert "not this server" in done.stderr
    assert (tmp_path / "my.key").stat().st_mode & 0o777 == 0o600
    assert PASSPHRASE not in done.output
    assert link_seal.identity((tmp_path / "my.key").read_bytes(), PASSPHRASE).startswith("AGE-SECRET-KEY-1")
    again = CliRunner().invoke(wa, ["link", "key", "--out", "my.key"], input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert again.exit_code == 1
    assert "my.key exists" in again.output


def test_a_place_for_the_key_that_may_not_be_looked_into_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", refuse)
    done = CliRunner().invoke(cli.link.command, ["key", "--out", "/root/x"])
    assert done.exit_code == 1
    assert done.stderr == "Error: /root/x cannot be looked for (Permission denied): choose another --out.\n"


@pytest.mark.parametrize("answers", ["short\nshort\n", f"{PASSPHRASE}\nanother than that\n"])
def test_a_short_passphrase_or_a_mistyped_one_makes_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(wa, ["link", "key"], input=answers).exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_a_backup_is_taken_listed_and_restored(server: Server) -> None:
    taken = server.link("backup")
    assert taken.exit_code == 0, taken.output
    name = taken.output.split()[0].rpartition("/")[2]
    listed = server.link("backups")
    assert listed.output.startswith(name)
    server.lose_the_link()
    done = server.restore()
    assert done.exit_code == 0, done.output
    assert "Restored the link of …0000" in done.output
    assert "./wa takeover" in done.output
    assert "asked to send again" in done.output
    assert OWNER.number not in done.output
    assert link_session.rows(server.database, "whatsmeow_device")


def test_without_any_backup_the_list_says_how_to_take_one(server: Server) -> None:
    listed = server.link("backups")
    assert (listed.exit_code, listed.stdout) == (0, "")
    assert "./wa link backup takes one" in listed.stderr
    assert "There is no backup" in server.restore().output


def test_why_no_backup_was_taken_is_said(server: Server) -> None:
    server.lose_the_link()
    done = server.link("backup")
    assert done.exit_code == 1
    assert "There is no linked session" in done.output


@pytest.fixture
def backed_up(server: Server) -> Server:
    assert server.link("backup").exit_code == 0
    return server


def test_a_wrong_passphrase_another_key_and_a_damaged_backup_are_told_apart(backed_up: Server, tmp_path: Path) -> None:
    backed_up.lose_the_link()
    assert "not the passphrase" in backed_up.restore(passphrase="mistyped").output
    (tmp_path / "other.key").write_bytes(link_seal.new_identity(PASSPHRASE)[0])
    assert "another key" in backed_up.restore("--identity", "other.key").output
    (entry,) = backed_up.bucket.list(keys.LINK_BACKUPS)
    backed_up.bucket.put(entry.key, backed_up.bucket.get(entry.key).data[:-40])
    assert "is damaged" in backed_up.restore().output
    assert list(backed_up.database.parent.iterdir()) == []


def test_a_name_that_is_none_is_refused_before_anything_is_asked(backed_up: Server) -> None:
    done = backed_up.restore("--name", "../../scheduled.json")
    assert done.exit_code == 1
    assert "Passphrase" not in done.output


def test_a_session_that_is_there_is_put_aside_only_when_told(backed_up: Server) -> None:
    refused = backed_up.restore()
    assert (refused.exit_code, "--replace" in refused.output) == (1, True)
    done = backed_up.restore("--replace")
    assert done.exit_code == 0
    assert "The session that was there is now" in done.output


def test_a_host_that_runs_here_is_in_the_way(backed_up: Server) -> None:
    with FolderLock(backed_up.data, SYSTEM, 0):
        done = backed_up.restore("--replace")
    assert done.exit_code == 1
    assert "stop it" in done.output


def test_a_pulse_that_stands_still_is_watched_with_a_word_of_how_long(backed_up: Server) -> None:
    backed_up.pulse()
    done = backed_up.restore("--replace")
    assert done.exit_code == 0
    assert "70 s to go" in done.stderr


def test_a_host_that_lives_is_named(backed_up: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    backed_up.pulse()
    monkeypatch.setattr(link_restore, "LOOK_SECONDS", 0)
    looked: list[int] = []

    def beats(seconds: int) -> None:
        looked.append(seconds)
        backed_up.pulse(counter=3 + len(looked))

    monkeypatch.setattr(cli.link, "_countdown", beats)
    done = backed_up.restore("--replace")
    assert done.exit_code == 1
    assert "The old session host lives: london-1" in done.output
    assert backed_up.database.exists()


@pytest.mark.parametrize(
    ("age", "answers", "code", "asks"),
    [
        (timedelta(minutes=5), "y\n", 0, True),
        (timedelta(minutes=5), "n\n", 1, True),
        (timedelta(minutes=5), "", 1, True),
        (timedelta(hours=2), "", 0, False),
        (timedelta(hours=-2), "n\n", 1, True),
    ],
)
def test_who_says_that_the_old_host_is_gone_is_asked_where_it_looks_alive(
    backed_up: Server, age: timedelta, answers: str, code: int, asks: bool
) -> None:
    backed_up.pulse(at=(SYSTEM.now() - age).isoformat())
    done = backed_up.restore("--replace", "--old-host-is-gone", answers=answers)
    assert done.exit_code == code, done.output
    assert ("Is london-1 stopped for good?" in done.output) is asks
    assert "to go" not in done.stderr


def test_after_a_move_in_good_order_conversations_go_on(server: Server) -> None:
    server.pulse(host="host", left=True, at=(SYSTEM.now() - timedelta(minutes=1)).isoformat())
    assert server.link("backup").exit_code == 0
    server.lose_the_link()
    done = server.restore()
    assert done.exit_code == 0
    assert "asked to send again" not in done.output
    assert link_session.rows(server.database, "whatsmeow_sessions")

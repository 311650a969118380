"""A restore: what it refuses, what it watches, what it puts where, and that a refusal changes nothing."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest

from session_host import link_backup, link_files, link_restore, link_seal
from session_host.link_copy import LinkDamaged
from session_host.link_restore import WATCHED, RestoreRefused
from session_host.link_seal import Manifest, digest
from session_host.safety import MARKER
from shared.settings import HostSettings
from shared.store import keys
from shared.store import pulse as pulses
from shared.store.memory import MemoryBucket
from shared.store.pulse import HostPulse
from tests.builders import NOW, in_
from tests.cast import BOB, OWNER
from tests.fakes import link_session
from tests.fakes.host import HandClock

IDENTITY = pyrage.x25519.Identity.generate()
PULSE = HostPulse(host="london-1", epoch=3, counter=7, at=in_(-30))


def left(**changes: Any) -> HostPulse:
    """The last pulse of a host that has left in good order."""
    return HostPulse.model_validate({**PULSE.evolve(**changes).as_json(), "left": True})


class Acting(HandClock):
    """A clock during whose waits something happens."""

    def __init__(self, happens: Callable[[int], None]) -> None:
        super().__init__()
        self._happens, self.waits = happens, 0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits += 1
        self._happens(self.waits)
        return super().wait(event, seconds)


def nothing(_: int) -> None:
    """Nothing happens."""


@pytest.fixture
def bucket() -> MemoryBucket:
    return MemoryBucket()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new = tmp_path / "new"
    new.mkdir()
    return new


@pytest.fixture
def session(tmp_path: Path) -> bytes:
    """The bytes of a linked session."""
    return link_session.make(tmp_path / "old", wal=False).read_bytes()


def manifest(session: bytes, **changes: Any) -> Manifest:
    known: dict[str, Any] = {
        "taken_at": in_(days=-1),
        "host": "london-1",
        "library": "0.5.2",
        "number": OWNER.number,
        "size": len(session),
        "sha256": digest(session),
    }
    return Manifest(**(known | changes))


def place(folder: Path, session: bytes, pulse: HostPulse | None = PULSE, **changes: Any) -> link_restore.Restored:
    replace = changes.pop("replace", False)
    return link_restore.place(folder, manifest(session, **changes), session, pulse, HandClock(), replace=replace)


def files(folder: Path) -> set[str]:
    """What there is beside the lock of the private folder."""
    return {str(each.relative_to(folder)) for each in folder.rglob("*") if each.is_file() and each.name != "lock"}


class TestChoice:
    def test_the_newest_is_taken_unless_one_is_named(self, bucket: MemoryBucket) -> None:
        older, newer = (keys.link_backup(at, "london-1") for at in (in_(days=-2), in_(days=-1)))
        for key in (newer, older):
            bucket.put(key, b"x")
        assert link_restore.chosen(bucket, None).key == newer
        assert link_restore.chosen(bucket, older).key == older
        assert link_restore.chosen(bucket, older.rpartition("/")[2]).key == older

    def test_without_any_it_says_what_to_do(self, bucket: MemoryBucket) -> None:
        with pytest.raises(RestoreRefused, match="QR code"):
            link_restore.chosen(bucket, None)

    @pytest.mark.parametrize(
        "name", ["", "x.age", "../../scheduled.json", "scheduled.json", "/etc/passwd", "backup/link/"]
    )
    def test_only_a_backup_can_be_named(self, bucket: MemoryBucket, name: str) -> None:
        bucket.put(keys.link_backup(NOW, "london-1"), b"x")
        bucket.put("scheduled.json", b"{}")
        with pytest.raises(RestoreRefused, match="wa link backups"):
            link_restore.chosen(bucket, name)

    def test_one_that_is_larger_than_any_is_not_even_read(self, bucket: MemoryBucket, monkeypatch: Any) -> None:
        bucket.put(keys.link_backup(NOW, "london-1"), b"x" * 20)
        monkeypatch.setattr(link_seal, "MOST_BYTES", 10)
        monkeypatch.delattr(MemoryBucket, "get")
        with pytest.raises(RestoreRefused, match="larger than any backup"):
            link_restore.sealed(bucket, link_restore.chosen(bucket, None))

    def test_one_that_a_newer_one_has_just_replaced_is_said(self, bucket: MemoryBucket) -> None:
        bucket.put(keys.link_backup(NOW, "london-1"), b"x")
        chosen = link_restore.chosen(bucket, None)
        bucket.delete(chosen.key)
        with pytest.raises(RestoreRefused, match="replaced by a newer one: try again"):
            link_restore.sealed(bucket, chosen)


class TestWatch:
    def watch(self, bucket: MemoryBucket, happens: Callable[[int], None] = nothing) -> tuple[HostPulse | None, Acting]:
        clock = Acting(happens)
        return link_restore.watch(bucket, clock, nothing), clock

    def test_where_there_was_never_a_host_or_it_has_left_nobody_waits(self, bucket: MemoryBucket) -> None:
        assert self.watch(bucket)[1].waits == 0
        pulses.write_host(bucket, left())
        found, clock = self.watch(bucket)
        assert (found, clock.waits) == (left(), 0)

    def test_a_pulse_that_stands_still_is_watched_for_longer_than_two_beats(self, bucket: MemoryBucket) -> None:
        pulses.write_host(bucket, PULSE)
        found, clock = self.watch(bucket)
        assert found == PULSE
        assert clock.now() - NOW >= WATCHED > timedelta(seconds=60)

    @pytest.mark.parametrize("beat", [1, 7, 14])
    def test_a_host_that_lives_is_named_with_its_last_pulse(self, bucket: MemoryBucket, beat: int) -> None:
        pulses.write_host(bucket, PULSE)

        def beats(wait: int) -> None:
            if wait == beat:
                pulses.write_host(bucket, PULSE.evolve(counter=8, at=NOW))

        with pytest.raises(RestoreRefused, match="london-1, gave a pulse at 2026-11-22T12:00:00Z"):
            self.watch(bucket, beats)

    def test_another_host_that_comes_meanwhile_is_one_that_lives(self, bucket: MemoryBucket) -> None:
        pulses.write_host(bucket, PULSE)
        with pytest.raises(RestoreRefused, match="paris-1"):
            self.watch(bucket, lambda _: pulses.write_host(bucket, PULSE.evolve(host="paris-1")))

    def test_one_that_leaves_meanwhile_ends_the_wait(self, bucket: MemoryBucket) -> None:
        pulses.write_host(bucket, PULSE)
        _, clock = self.watch(bucket, lambda _: pulses.write_host(bucket, left(counter=8, at=NOW)))
        assert clock.waits == 1

    def test_a_pulse_nobody_can_read_is_waited_for_like_any_other(self, bucket: MemoryBucket) -> None:
        bucket.put(keys.HOST_PULSE, b"{")
        assert self.watch(bucket)[1].now() - NOW >= WATCHED


class TestPlace:
    def test_the_session_lies_where_the_host_looks_for_its_owners_eyes_only(self, folder: Path, session: bytes) -> None:
        done = place(folder, session)
        assert done.database == folder / "link" / "link.db"
        assert files(folder) == {"link/link.db"}
        assert done.database.stat().st_mode & 0o777 == 0o600
        assert done.database.parent.stat().st_mode & 0o777 == 0o700
        assert (done.fresh, done.aside) == (True, None)
        assert link_session.rows(done.database, "whatsmeow_device")
        assert link_session.rows(done.database, "whatsmeow_sessions") == []

    @pytest.mark.parametrize(
        ("pulse", "fresh"),
        [
            (left(at=in_(days=-2)), False),
            (left(at=in_(hours=-1)), True),
            (PULSE.evolve(at=in_(days=-2)), True),
            (left(at=in_(days=-2), host="paris-1"), True),
            (None, True),
        ],
    )
    def test_conversations_go_on_only_where_nobody_has_used_the_link_since(
        self, folder: Path, session: bytes, pulse: HostPulse | None, fresh: bool
    ) -> None:
        done = place(folder, session, pulse)
        assert done.fresh is fresh
        assert bool(link_session.rows(done.database, "whatsmeow_sessions")) is not fresh

    def test_a_session_that_is_there_is_not_lost(self, folder: Path, session: bytes) -> None:
        present = link_session.make(folder, number=BOB.number)
        present.with_name("link.db-wal").write_bytes(b"")
        before = present.read_bytes()
        with pytest.raises(RestoreRefused, match=f"…{BOB.number[-4:]}.*--replace"):
            place(folder, session)
        assert present.read_bytes() == before
        done = place(folder, session, replace=True)
        assert done.aside is not None
        assert done.aside.read_bytes() == before
        assert "link/link.db-wal" not in files(folder)

    def test_a_journal_without_its_session_is_not_taken_for_the_new_ones(self, folder: Path, session: bytes) -> None:
        (folder / "link").mkdir()
        for end in ("-wal", "-shm"):
            (folder / "link" / f"link.db{end}").write_bytes(b"old")
        done = place(folder, session)
        assert not {"link/link.db-wal", "link/link.db-shm"} & files(folder)
        assert link_session.rows(done.database, "whatsmeow_device")

    def test_a_session_that_is_linked_to_nobody_may_go(self, folder: Path, session: bytes) -> None:
        link_session.make(folder, number=None)
        assert place(folder, session).aside is not None

    def test_what_a_host_that_was_never_linked_left_is_no_session(self, folder: Path, session: bytes) -> None:
        link_files.prepare(folder)
        assert place(folder, session).aside is None

    def test_one_that_cannot_be_read_is_not_overwritten_either(self, folder: Path, session: bytes) -> None:
        (folder / "link").mkdir()
        (folder / "link" / "link.db").write_bytes(b"what is this?" * 500)
        with pytest.raises(RestoreRefused, match="damaged"):
            place(folder, session)
        assert place(folder, session, replace=True).aside is not None

    @pytest.mark.parametrize("simulated", [True, False])
    def test_real_and_simulated_accounts_stay_apart(self, folder: Path, session: bytes, simulated: bool) -> None:
        if not simulated:
            (folder / MARKER).touch()
        with pytest.raises(RestoreRefused, match="is a folder for"):
            place(folder, session, simulated=simulated)
        assert files(folder) <= {MARKER}

    @pytest.mark.parametrize(
        "data", [b"SQLite format 3\0" + b"\xff" * 9000, b"garbage", b""], ids=["damaged", "no database", "empty"]
    )
    def test_what_is_no_session_is_refused_and_changes_nothing(self, folder: Path, data: bytes) -> None:
        with pytest.raises(LinkDamaged):
            link_restore.place(folder, manifest(data or b"x"), data, None, HandClock(), replace=True)
        assert files(folder) == set()

    def test_one_of_another_account_than_it_says_is_refused(self, folder: Path, session: bytes) -> None:
        with pytest.raises(LinkDamaged, match="not linked to the number"):
            place(folder, session, number=BOB.number)
        assert files(folder) == set()


def test_a_backup_is_restored_as_it_was_taken(tmp_path: Path, bucket: MemoryBucket, folder: Path) -> None:
    link_session.make(tmp_path / "old")
    settings = HostSettings(data_dir=tmp_path / "old", backup_recipient=str(IDENTITY.to_public()))
    taken = link_backup.take(settings, bucket)
    chosen = link_restore.chosen(bucket, None)
    unsealed, database = link_seal.unseal(link_restore.sealed(bucket, chosen), str(IDENTITY), chosen.key)
    assert unsealed.taken_at == taken.at
    pulse = left(host=unsealed.host, at=taken.at - timedelta(minutes=1))
    done = link_restore.place(folder, unsealed, database, pulse, HandClock(), replace=False)
    for table in ("whatsmeow_device", "whatsmeow_sessions", "whatsmeow_sender_keys"):
        assert link_session.rows(done.database, table) == link_session.rows(
            tmp_path / "old" / "link" / "link.db", table
        )

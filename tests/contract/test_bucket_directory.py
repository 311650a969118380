"""What only the directory bucket promises: whole files for their owner alone, whoever dies and whatever is full."""

import errno
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.store.directory import UNFINISHED, DirectoryBucket
from shared.store.errors import AccessDenied, NoSpace, StoreError, Unreachable
from tests.builders import NOW
from tests.fakes.clock import FakeClock

ROOT = Path(__file__).resolve().parents[2]

OVERWRITE = """
import sys
from pathlib import Path
from shared.store.directory import DirectoryBucket
bucket = DirectoryBucket(Path(sys.argv[1]), "whatsapp/")
for round_ in range(int(sys.argv[3])):
    letter = sys.argv[2] if len(sys.argv[2]) == 1 else str(round_ % 10)
    bucket.put("scheduled.json", letter.encode() * 300_000)
    bucket.put(f"log/20261122/{letter}-{round_:04d}.json", letter.encode())
    if round_ == 0:
        print("going", flush=True)
"""


def overwriting(root: Path, letter: str, rounds: int) -> subprocess.Popen[str]:
    """Another process that overwrites scheduled.json with 300,000 times its letter, and appends to the log."""
    command = [sys.executable, "-c", OVERWRITE, str(root), letter, str(rounds)]
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert started.stdout
    assert started.stdout.readline() == "going\n"
    return started


def finished(process: subprocess.Popen[str]) -> int:
    process.communicate()
    return process.returncode


@pytest.fixture
def bucket(tmp_path: Path) -> DirectoryBucket:
    return DirectoryBucket(tmp_path / "data" / "bucket", "whatsapp/")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> "Disk":
    """A disk whose next fsync fails as told."""
    failing = Disk(os.fsync)
    monkeypatch.setattr("shared.store.directory.os.fsync", failing)
    return failing


class Disk:
    def __init__(self, fsync: object) -> None:
        self._fsync = fsync
        self.number: int | None = None
        self.after = 0

    def __call__(self, descriptor: int) -> None:
        if self.number is None:
            return
        if self.after:
            self.after -= 1
            return
        raise OSError(self.number, os.strerror(self.number))


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_files_and_folders_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        DirectoryBucket(tmp_path / "data" / "bucket", "whatsapp/").put("log/20261122/one.json", b"{}")
    finally:
        os.umask(before)
    modes = {path.relative_to(tmp_path): oct(path.stat().st_mode & 0o777) for path in tmp_path.rglob("*")}
    assert {mode for path, mode in modes.items() if path.suffix == ".json"} == {"0o600"}
    assert {mode for path, mode in modes.items() if path.suffix != ".json"} == {"0o700"}


def test_the_folder_stays_the_same_when_the_process_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    bucket = DirectoryBucket(Path("bucket"), "whatsapp/")
    monkeypatch.chdir(tmp_path / "there")
    bucket.put("scheduled.json", b"{}")
    assert files(tmp_path) == ["here/bucket/whatsapp/scheduled.json"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_so_and_leaves_what_was_there(bucket: DirectoryBucket, disk: Disk, number: int) -> None:
    bucket.put("scheduled.json", b"the old one")
    disk.number = number
    with pytest.raises(NoSpace, match=r"No space left to store scheduled\.json: free some space") as raised:
        bucket.put("scheduled.json", b"the new one")
    assert raised.value.certain
    assert bucket.get("scheduled.json").data == b"the old one"
    disk.number = None
    bucket.put("scheduled.json", b"the new one")
    assert bucket.get("scheduled.json").data == b"the new one"


def test_a_full_disk_leaves_no_unfinished_file_behind(tmp_path: Path, disk: Disk) -> None:
    bucket = DirectoryBucket(tmp_path)
    bucket.put("scheduled.json", b"{}")
    disk.number = errno.ENOSPC
    with pytest.raises(NoSpace):
        bucket.put("scheduled.json", b"[]")
    assert files(tmp_path) == ["scheduled.json"]


def test_a_write_the_disk_did_not_confirm_is_uncertain(bucket: DirectoryBucket, disk: Disk) -> None:
    bucket.put("scheduled.json", b"the old one")
    disk.number, disk.after = errno.EIO, 1
    with pytest.raises(Unreachable, match="the disk did not confirm it") as raised:
        bucket.put("scheduled.json", b"the new one")
    assert not raised.value.certain


def test_a_failing_disk_is_told_from_a_full_one(bucket: DirectoryBucket, disk: Disk) -> None:
    disk.number = errno.EIO
    with pytest.raises(Unreachable, match="check the disk"):
        bucket.put("scheduled.json", b"{}")


def test_a_folder_without_rights_says_what_to_check(bucket: DirectoryBucket, disk: Disk) -> None:
    disk.number = errno.EACCES
    with pytest.raises(AccessDenied, match="check the owner and rights of STORAGE_DIR"):
        bucket.put("scheduled.json", b"{}")


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "bucket").write_text("not a folder")
    with pytest.raises(StoreError, match="both a file and a folder"):
        DirectoryBucket(tmp_path / "bucket", "whatsapp/")


def test_an_object_cannot_be_below_another(bucket: DirectoryBucket) -> None:
    bucket.put("media/one", b"1")
    with pytest.raises(StoreError, match="both a file and a folder"):
        bucket.put("media/one/part", b"2")
    with pytest.raises(StoreError, match="both a file and a folder"):
        bucket.put("media", b"2")
    assert list(bucket.list("")) == [("media/one", 1)]


def test_what_a_crash_left_unfinished_is_never_listed_and_goes_after_an_hour(tmp_path: Path) -> None:
    DirectoryBucket(tmp_path).put("log/20261122/one.json", b"{}")
    folder = tmp_path / "log" / "20261122"
    fresh, old = folder / f"{UNFINISHED}1-fresh", folder / f"{UNFINISHED}1-old"
    for path, age in ((fresh, timedelta(minutes=59)), (old, timedelta(minutes=61))):
        path.write_bytes(b"half of")
        at = (NOW - age).timestamp()
        os.utime(path, (at, at))
    bucket = DirectoryBucket(tmp_path, clock=FakeClock(NOW))
    assert [entry.key for entry in bucket.list("")] == ["log/20261122/one.json"]
    assert fresh.exists()
    assert not old.exists()


def test_several_processes_write_at_once_and_every_object_is_whole(tmp_path: Path) -> None:
    writers = [overwriting(tmp_path, letter, 40) for letter in "abc"]
    bucket = DirectoryBucket(tmp_path, "whatsapp/")
    seen = set()
    going = True
    while going:
        going = any(writer.poll() is None for writer in writers)
        data = bucket.get("scheduled.json").data
        seen.add((len(data), len(set(data))))
    assert [finished(writer) for writer in writers] == [0, 0, 0]
    assert seen == {(300_000, 1)}
    assert len(list(bucket.list("log/"))) == 3 * 40
    assert not [name for name in files(tmp_path) if UNFINISHED in name]


def test_a_process_killed_while_it_writes_leaves_whole_objects(tmp_path: Path) -> None:
    writer = overwriting(tmp_path, "count", 1_000_000)
    bucket = DirectoryBucket(tmp_path, "whatsapp/")
    first = bucket.get("scheduled.json")
    while bucket.get_if_changed("scheduled.json", first.etag) is None:
        pass
    writer.send_signal(signal.SIGKILL)
    assert finished(writer) == -signal.SIGKILL
    data = DirectoryBucket(tmp_path, "whatsapp/").get("scheduled.json").data
    assert (len(data), len(set(data))) == (300_000, 1)
    assert all(entry.size == 1 for entry in bucket.list("log/"))

"""The journal: what was appended is there after kill -9, a torn tail is cut and said, what was taken over goes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from session_host import journal
from session_host.journal import Entry, Journal, Position, frame, frames
from shared.clock import SYSTEM
from tests.builders import NOW
from tests.fakes.host import HandClock

ROOT = Path(__file__).resolve().parents[2]


def opened(folder: Path, **options: int) -> Journal:
    return Journal(folder, HandClock(), **options)


BEGINNING = Position()


def texts(read: Journal, position: Position = BEGINNING) -> list[bytes]:
    return [entry.data for entry in read.read(position, 1000).entries]


def only_file(folder: Path) -> Path:
    (found,) = folder.glob("*.journal")
    return found


def test_what_was_appended_is_read_in_order_and_is_private(tmp_path: Path) -> None:
    one = opened(tmp_path)
    assert all(one.append("MessageEv", data) for data in (b"a", b"", b"c" * 100_000))
    assert one.read(Position(), 10).entries == [Entry(NOW, "MessageEv", data) for data in (b"a", b"", b"c" * 100_000)]
    assert only_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert one.synced(10)
    one.close()


def test_a_reader_goes_on_where_it_was_and_what_it_has_taken_over_goes(tmp_path: Path) -> None:
    one = opened(tmp_path, file_bytes=100)
    for number in range(10):
        one.append("ReceiptEv", b"%d" % number * 30)
    first = one.read(Position(), 7)
    assert len(first.entries) == 7
    one.release(first.position)
    second = one.read(first.position, 100)
    assert [entry.data[:1] for entry in second.entries] == [b"7", b"8", b"9"]
    one.release(second.position)
    assert len(list(tmp_path.glob("*.journal"))) == 1
    assert one.read(second.position, 100) == journal.Batch([], second.position)
    one.append("ReceiptEv", b"later")
    assert texts(one, second.position) == [b"later"]
    one.close()


def test_what_an_earlier_process_wrote_is_read_before_what_comes_now(tmp_path: Path) -> None:
    one = opened(tmp_path)
    one.append("MessageEv", b"before")
    one.close()
    two = opened(tmp_path)
    assert two.found == journal.Found(0, NOW)
    two.append("MessageEv", b"after")
    assert texts(two) == [b"before", b"after"]
    two.close()


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_torn_tail_is_cut_and_said(tmp_path: Path, cut: int) -> None:
    one = opened(tmp_path)
    one.append("MessageEv", b"whole")
    one.append("MessageEv", b"torn" * 10)
    one.close()
    file = only_file(tmp_path)
    os.truncate(file, file.stat().st_size - cut)
    two = opened(tmp_path)
    assert two.found.torn > 0
    two.append("MessageEv", b"next")
    read = two.read(Position(), 10)
    assert [entry.data for entry in read.entries] == [b"whole", b"next"]
    assert read.damaged == 0
    two.close()


def test_damage_in_the_middle_costs_the_rest_of_that_file_and_is_said(tmp_path: Path) -> None:
    one = opened(tmp_path, file_bytes=120)
    for number in range(6):
        one.append("MessageEv", b"%d" % number * 30)
    one.close()
    first = min(tmp_path.glob("*.journal"))
    data = bytearray(first.read_bytes())
    data[-5] ^= 0xFF
    first.write_bytes(data)
    two = opened(tmp_path)
    read = two.read(Position(), 100)
    assert read.damaged == 1
    assert [entry.data[:1] for entry in read.entries][-2:] == [b"4", b"5"]
    two.close()


def test_a_file_of_another_program_is_left_alone_and_said(tmp_path: Path) -> None:
    file = tmp_path / "000000000001.journal"
    file.write_bytes(b"whatsapp-vpslink journal 2\nwhat only a newer version understands")
    one = opened(tmp_path)
    one.append("MessageEv", b"mine")
    read = one.read(Position(), 10)
    assert ([entry.data for entry in read.entries], read.damaged) == ([b"mine"], 1)
    assert file.read_bytes().endswith(b"understands")
    one.close()


def test_a_power_cut_that_took_the_file_a_reader_was_in_hides_nothing_that_comes(tmp_path: Path) -> None:
    position = Position(7, 4000)
    one = opened(tmp_path)
    one.skip_to(position.file)
    one.append("MessageEv", b"after the cut")
    assert texts(one, position) == [b"after the cut"]
    one.close()


def test_where_nobody_reads_it_stops_at_its_bound_and_says_when(tmp_path: Path) -> None:
    one = opened(tmp_path, most_bytes=400)
    kept = [one.append("MessageEv", b"x" * 100) for _ in range(5)]
    assert kept == [True, True, False, False, False]
    assert "could not be kept" in str(one.trouble)
    assert one.take_loss() == (NOW, NOW)
    assert one.take_loss() is None
    assert texts(one) == [b"x" * 100] * 2
    one.close()


def test_a_disk_that_is_full_is_said_and_what_comes_later_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened(tmp_path)
    one.append("MessageEv", b"before")
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda fd, data: 0)
        assert one.append("MessageEv", b"lost") is False
    assert one.append("MessageEv", b"after") is True
    assert texts(one) == [b"before", b"after"]
    assert one.take_loss() == (NOW, NOW)
    assert one.synced(10)
    assert one.trouble is None
    one.close()


CHILD = """
import sys
from pathlib import Path
from session_host.journal import Journal
from shared.clock import SYSTEM
kept = Journal(Path(sys.argv[1]), SYSTEM, file_bytes=20_000)
for number in range(1_000_000):
    kept.append("MessageEv", b"%d" % number * 50)
    print(number, flush=True)
"""


def test_what_was_appended_survives_kill_9(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    with child:
        said = [int(child.stdout.readline()) for _ in range(1000)]
        os.kill(child.pid, signal.SIGKILL)
        said += [int(line) for line in child.stdout if line.endswith("\n")]
    found = Journal(tmp_path, SYSTEM)
    data = [entry.data for entry in found.read(Position(), 10_000_000).entries]
    assert data[: len(said)] == [b"%d" % number * 50 for number in said]
    assert len(data) - len(said) <= 1  # one may have been appended and not told any more
    found.close()


entries = st.builds(
    Entry, st.just(NOW), st.text(max_size=20, alphabet=st.characters(codec="ascii")), st.binary(max_size=200)
)


@given(st.lists(entries, max_size=8), st.integers(min_value=0))
@settings(max_examples=200)
def test_of_a_file_cut_anywhere_the_whole_entries_are_read_and_no_other(written: list[Entry], cut: int) -> None:
    pieces = [frame(entry) for entry in written]
    data = b"".join(pieces)
    cut %= len(data) + 1
    whole = [entry for entry, _ in frames(data[:cut])]
    fits = 0
    while fits < len(pieces) and sum(map(len, pieces[: fits + 1])) <= cut:
        fits += 1
    assert whole == written[:fits]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    assert all(end <= len(data) for _, end in frames(data))

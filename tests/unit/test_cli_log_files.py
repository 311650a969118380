"""Log files that stay small: no line is lost, what is set aside is compressed and private, and only seven are kept."""

import gzip
import os
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import pytest

from cli import log_files
from cli.log_files import Rotation, rotate


def lines(path: Path) -> list[str]:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines()


def test_a_small_file_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "host.log"
    assert not rotate(log)
    log.write_text("a line\n")
    assert not rotate(log)
    assert list(tmp_path.iterdir()) == [log]


def test_a_full_one_is_packed_and_emptied_and_only_so_many_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "host.log"
    for number in range(10):
        log.write_text(f"line {number}\n" * 100)
        assert rotate(log, most=600)
    assert log.read_bytes() == b""
    packed = sorted(path.name for path in tmp_path.iterdir() if path != log)
    assert packed == [f"host.log.{number}.gz" for number in range(1, 8)]
    assert lines(tmp_path / "host.log.1.gz") == ["line 9"] * 100
    assert lines(tmp_path / "host.log.7.gz") == ["line 3"] * 100
    assert (tmp_path / "host.log.1.gz").stat().st_mode & 0o777 == 0o600


def test_what_is_written_meanwhile_and_later_goes_on_in_the_emptied_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "host.log"
    program = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(program, b"before\n" * 100)

    def copied_slowly(full: Any, zipped: Any) -> None:
        copyfileobj(full, zipped)
        os.write(program, b"meanwhile\n")

    monkeypatch.setattr(log_files, "copyfileobj", copied_slowly)
    assert rotate(log, most=600)
    os.write(program, b"later\n")
    os.close(program)
    assert lines(tmp_path / "host.log.1.gz") == ["before"] * 100
    assert lines(log) == ["meanwhile", "later"]


def test_a_disk_that_is_full_keeps_the_lines_where_they_are_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "host.log"
    log.write_text("line\n" * 100)
    said: list[str] = []
    rotation = Rotation(said.append)
    monkeypatch.setattr(log_files, "rotate", lambda log: rotate(log, most=100))
    with monkeypatch.context() as patched:
        patched.setattr(log_files, "copyfileobj", full_disk)
        rotation.step([log], 0)
        rotation.step([log], 30)
    assert len(said) == 1
    assert "No space left" in said[0]
    assert len(lines(log)) == 100
    rotation.step([log], 60)
    assert lines(log) == []


def full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")

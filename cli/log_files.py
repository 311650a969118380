"""The programs' log files, kept small: 10 MB each, then compressed, and the last seven of those, as the old system had.

A program goes on writing to the file it was started with, as do the libraries inside of it that know of no logging. So
the file is copied and emptied, never renamed; programs append, and so go on at its new end.
"""

import gzip
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from shutil import copyfileobj

MOST_BYTES = 10_000_000
KEPT = 7
EACH_SECONDS = 10.0


def rotate(log: Path, *, most: int = MOST_BYTES, kept: int = KEPT) -> bool:
    """Where `log` has so many bytes: make it `log`.1.gz, the older ones .2.gz and so on, and empty it; whether it was.

    A crash in between leaves lines in both; only a line that is written in the moment of the emptying can be lost.
    Raises OSError; then all of them are still in `log`.
    """
    if not log.exists() or log.stat().st_size < most:
        return False
    packed = log.with_name(f"{log.name}.new.gz")
    with log.open("rb") as full:
        with gzip.open(packed, "wb") as zipped:
            packed.chmod(0o600)
            copyfileobj(full, zipped)
        for number in range(kept - 1, 0, -1):
            if (older := _packed(log, number)).exists():
                older.replace(_packed(log, number + 1))
        packed.replace(_packed(log, 1))
        written_since = full.read()
        os.truncate(log, 0)
    if written_since:
        with log.open("ab") as emptied:
            emptied.write(written_since)
    return True


class Rotation:
    """Looks at the log files now and then; `say` is told of what could not be done."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._next = 0.0

    def step(self, logs: Iterable[Path], monotonic: float) -> None:
        """Rotate those that are full, at most each ten seconds, after trouble each minute."""
        if monotonic < self._next:
            return
        self._next = monotonic + EACH_SECONDS
        for log in sorted(set(logs)):
            try:
                rotate(log)
            except OSError as error:
                self._next = monotonic + 60
                self._say(f"{log} is full and could not be set aside ({error.strerror or error}).")


def _packed(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}.gz")

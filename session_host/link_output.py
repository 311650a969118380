"""Keeps what the WhatsApp library prints out of this process's output: it holds phone numbers.

The library writes straight to file descriptor 1. So that descriptor becomes a pipe; a thread passes on everything that
is not the library's own. Standard error is left alone: there a dying library says why.
"""

import atexit
import os
import re
import sys
import threading
from collections.abc import Callable

LIBRARY_LINE = re.compile(rb"SendMessage: |Login event:|Pair Code:|\[(?:INFO|WARNING|ERROR)\] \S+ \S+\.go:\d+ ")
"""How the lines begin that the library and its Signal library print (read in the source of the pinned version)."""


def filter_stdout(on_library_line: Callable[[str], None]) -> None:
    """From now on the library's own lines go to this function, on a thread of its own; the rest passes unchanged."""
    outside = os.dup(1)
    reading, writing = os.pipe()
    sys.stdout.flush()
    os.dup2(writing, 1)
    os.close(writing)
    passing = threading.Thread(target=_pass_on, args=(reading, outside, on_library_line), name="stdout", daemon=True)
    passing.start()

    def give_back() -> None:
        sys.stdout.flush()
        os.dup2(outside, 1)  # the last way into the pipe: the thread reads its end and stops
        passing.join(2)

    atexit.register(give_back)


def _pass_on(reading: int, outside: int, on_library_line: Callable[[str], None]) -> None:
    with os.fdopen(reading, "rb") as lines, os.fdopen(os.dup(outside), "wb", buffering=0) as out:
        for line in lines:
            if LIBRARY_LINE.match(line):
                on_library_line(line.decode(errors="replace"))
            else:
                out.write(line)

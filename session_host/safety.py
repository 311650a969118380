"""Keeps real accounts and simulated ones apart, and checks what must be so before the WhatsApp library may connect.

The simulator changes the library in the memory of the process it runs in; nothing of this host can switch it on. Here
the process looks at its own memory and at its data folder, and refuses when the two do not belong together.
"""

import mmap
import os
import re
import sys
from functools import cache
from pathlib import Path

from session_host.link import Refused

MARKER = "simulated"
"""The file that marks a data folder as the simulator's."""
ADDRESS = b"wss://web.whatsapp.com/ws/chat"
"""The server's address, of which the library holds one copy."""
ENVIRONMENT = {"NEONIZE_BOT_TAG": "off"}
"""What the process must have been started with.

The library reads the environment as it was when the process began: what `os.environ` is given later, it never sees.
Without this, recipients see every message with a badge that says "AI".
"""

FRUGAL = {
    "GOMEMLIMIT": "64MiB",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""How the library's heap and the C library's give memory back soon; who has set one of these otherwise means it.

By themselves they keep what was once needed: after a file of 16 MB that is 80 MB for good (./wa bench memory).
"""

_MAPS = Path("/proc/self/maps")
_ENVIRON = Path("/proc/self/environ")
_LIBRARY = re.compile(r"/neonize-[^/]+\.so$")


def enter_environment() -> None:
    """Begin this program again with the environment it needs, where it lacks some of it; for the top of a launcher."""
    complete = _started_right() and os.environ.keys() >= FRUGAL.keys()
    if complete or not _ENVIRON.exists():
        os.environ.update(ENVIRONMENT)
        return
    os.execve(sys.executable, sys.orig_argv, {**FRUGAL, **os.environ, **ENVIRONMENT})


def check(data_dir: Path) -> None:
    """Raises Refused where the loaded library must not connect with this data folder."""
    genuine, simulated = library_is_genuine(), (data_dir / MARKER).exists()
    if simulated and genuine:
        raise Refused(
            f"{data_dir} belongs to the simulator (it holds the file '{MARKER}'): "
            "start it with ./wa demo, or set HOST_DATA_DIR to another folder for a real account."
        )
    if not simulated and not genuine:
        raise Refused(
            f"The WhatsApp library of this process leads to a simulator, but {data_dir} is a folder for real accounts: "
            "start the host without the simulator, or set HOST_DATA_DIR to a simulated folder."
        )
    if not _started_right():
        raise Refused(
            "The session host must be started with NEONIZE_BOT_TAG=off in its environment (a file it reads later is "
            "too late), or recipients see each message with an AI badge: put it into the unit, or use ./wa up."
        )


def library_is_genuine() -> bool:
    """Whether the WhatsApp library mapped into this process still holds WhatsApp's own address.

    The place is found in the library's file, then looked at in memory. Only Linux shows a process its own memory as
    files; elsewhere the simulator cannot run either.
    """
    if not _MAPS.exists():
        return True
    for line in _MAPS.read_text(encoding="utf-8").splitlines():
        parts = line.split(maxsplit=5)
        if len(parts) < 6 or not _LIBRARY.search(parts[5]):
            continue
        start, end = (int(edge, 16) for edge in parts[0].split("-"))
        place = start + _offset_of_address(Path(parts[5])) - int(parts[2], 16)
        if start <= place < end:
            with Path("/proc/self/mem").open("rb", buffering=0) as memory:
                memory.seek(place)
                return memory.read(len(ADDRESS)) == ADDRESS
    return False


@cache
def _offset_of_address(library: Path) -> int:
    """Where the file holds the address; before its beginning where it does not, as in a copy that was changed."""
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
        return image.find(ADDRESS)


def _started_right() -> bool:
    if not _ENVIRON.exists():
        return all(os.environ.get(name) == value for name, value in ENVIRONMENT.items())
    began_with = _ENVIRON.read_bytes().split(b"\0")
    return all(f"{name}={value}".encode() in began_with for name, value in ENVIRONMENT.items())

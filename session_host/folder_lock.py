"""One session host for each data folder: the folder is locked for as long as the process lives."""

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.clock import Clock

WAIT_SECONDS = 30.0
"""How long a new worker waits for the one that is leaving."""


class FolderInUse(Exception):
    """Another session host uses this data folder; the message says so and what to do."""


class FolderLock:
    """Held from construction to `release`, also across kill -9: the kernel lets go of it with the process."""

    def __init__(self, folder: Path, clock: Clock, seconds: float = WAIT_SECONDS) -> None:
        """Creates the folder with mode 0700. Raises FolderInUse, OSError."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        self._descriptor = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        never, deadline = threading.Event(), clock.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if clock.monotonic() >= deadline:
                    os.close(self._descriptor)
                    raise FolderInUse(
                        f"Another session host uses {folder}: stop it, or give this one another HOST_DATA_DIR."
                    ) from None
            clock.wait(never, 0.2)

    def release(self) -> None:
        """Let another process have the folder."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

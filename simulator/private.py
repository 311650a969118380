"""Files that only their owner can read."""

import os
from pathlib import Path


def write_privately(file: Path, content: str) -> None:
    """Writes a file that only its owner can read, all at once."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(content)
    beside.replace(file)

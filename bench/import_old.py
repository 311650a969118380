"""How long `wa import-old` takes over a large chats.json, and how much memory: a process of its own, into a folder.

The file is invented: chats of several years with texts, some in a broken encoding, and media with the client's own
record. It is imported in earnest, then once more, which must write nothing.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cli import ROOT
from cli.import_old import scratch
from shared.clock import SYSTEM

MEGABYTES = 550
OPTIONS = (
    click.Option(
        ["--megabytes"], type=click.FloatRange(0.1), default=MEGABYTES, show_default=True, help="Size of chats.json."
    ),
)
CHATS = 400
_BEGIN = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp())
_SECONDS = 3 * 365 * 86400
_WORDS = ("tea", "kettle", "tomorrow", "nine", "see you at the station", "grüße", "👋", "voilà", "naïve", "umbrella")


def run(say: Callable[[str], None], *, megabytes: float = MEGABYTES) -> dict[str, object]:
    """Write the file, import it twice, each in a process of its own; megabytes are 10⁶ bytes."""
    with scratch() as root:
        folder, bucket = root / "old", root / "bucket"
        folder.mkdir()
        messages = write_chats(folder / "chats.json", int(megabytes * 1e6))
        size = (folder / "chats.json").stat().st_size
        say(f"chats.json has {size / 1e6:,.1f} MB and {messages:,} messages")
        seconds, peak_mb = _import(folder, bucket)
        objects = sorted(path for path in bucket.rglob("*") if path.is_file())
        stored = sum(path.stat().st_size for path in objects if path.name.endswith(".gz"))
        say(f"{len(objects):,} objects, the history has {stored / 1e6:,.1f} MB")
        again, peak_again = _import(folder, bucket)
        say(f"again: {again:.1f} s, {peak_again:.0f} MB")
        if sorted(path for path in bucket.rglob("*") if path.is_file()) != objects:
            raise RuntimeError("the second import wrote something")
    peak_mb = round(max(peak_mb, peak_again), 1)
    return {"megabytes": round(size / 1e6, 1), "seconds": round(seconds, 1), "peak_mb": peak_mb, "messages": messages}


def write_chats(path: Path, size: int, seed: int = 1) -> int:
    """A chats.json of about so many bytes, as the old system printed it; how many messages are in it."""
    draw = random.Random(seed)
    messages = 0
    with path.open("w", encoding="utf-8") as file:
        file.write("{\n")
        for number in range(CHATS):
            address = f"4477009{number % 1000:05d}@s.whatsapp.net" if number % 5 else f"1203630000{number:08d}@g.us"
            file.write(f'{"," if number else ""}\n  "{address}": {{"id": "{address}", "messages": [')
            first = True
            while file.tell() < size * (number + 1) / CHATS:
                for each in _messages(draw, address):
                    file.write(f"{'' if first else ','}\n" + json.dumps(each, ensure_ascii=False, indent=2))
                    first, messages = False, messages + 1
            file.write(
                f'],\n  "lastMessageTime": {_BEGIN}, "unreadCount": 0, "name": "Chat {number}", "isGroup": false}}'
            )
        file.write("\n}\n")
    return messages


def _messages(draw: random.Random, address: str) -> Iterator[dict[str, Any]]:
    for _ in range(50):
        stamp = _BEGIN + draw.randrange(_SECONDS)
        text = " ".join(draw.choices(_WORDS, k=draw.randrange(1, 25)))
        if draw.random() < 0.02:
            text = text.encode().decode("latin-1")
        said: dict[str, Any] = {"message": text, "timestamp": stamp, "isFromMe": draw.random() < 0.5}
        said |= {"messageType": "text", "date": f"{datetime.fromtimestamp(stamp, UTC):%Y-%m-%dT%H:%M:%S}.000Z"}
        if draw.random() < 0.1:
            said |= {"message": "[Image]", "messageType": "image", "rawMessage": _raw(draw, address, stamp)}
        yield said


def _raw(draw: random.Random, address: str, stamp: int) -> dict[str, Any]:
    data = {str(index): byte for index, byte in enumerate(draw.randbytes(32))}
    image = {"url": f"https://media.example/{draw.getrandbits(64):x}", "mimetype": "image/jpeg", "mediaKey": data}
    key = {"remoteJid": address, "fromMe": False, "id": f"3EB0{draw.getrandbits(64):016X}"}
    stamps = {"low": stamp, "high": 0, "unsigned": True}
    thumbnail = {"type": "Buffer", "data": list(draw.randbytes(200))}
    return {"key": key, "message": {"imageMessage": image | {"jpegThumbnail": thumbnail}}, "messageTimestamp": stamps}


def _import(folder: Path, bucket: Path) -> tuple[float, float]:
    """Import in earnest; seconds, and the process's largest resident memory in MB."""
    environment = {**os.environ, "STORAGE_MODE": "local", "STORAGE_DIR": str(bucket)}
    begun = SYSTEM.monotonic()
    argv = [sys.executable, "-m", "cli", "import-old", str(folder), "--apply"]
    child = subprocess.Popen(argv, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = child.stdout.read() if child.stdout else b""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"the import failed: {said.decode(errors='replace')[-2000:]}")
    return SYSTEM.monotonic() - begun, usage.ru_maxrss * 1024 / 1e6

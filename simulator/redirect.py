"""Turns this process's WhatsApp client towards a simulator: constants in its memory are changed, none of its files.

The client library holds one copy of the server's address and one of the key that its certificate must come from. Both
are found by content in the library's file, located through the memory map, overwritten and read back. The same is done
for the place where Go looks for the certificates that it trusts, so that the client takes the simulator's media server
for what it is: the environment, which Go reads as the process was started with, need not say so. It works only for a
data folder that is marked `simulated`, so that a real session can never meet the simulator, nor the other way round.
"""

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path

from simulator.private import write_privately

MARKER = "simulated"
_ADDRESS = b"wss://web.whatsapp.com/ws/chat"
_ROOT_KEY_START = bytes.fromhex("142375574d0a5871")
_ROOT_KEY_SIZE = 32
_CERTIFICATES = b"/etc/ssl/certs/ca-certificates.crt"
_CERTIFICATES_SETTING = b"SSL_CERT_FILE"
_NO_SETTING = b"SIMULATED_CA_"
TRUSTED = "trusted-certificates.pem"
"""The file in the data folder with what a redirected client trusts: this system's authorities and the simulator's."""


class CannotRedirect(RuntimeError):
    """The client could not be turned towards the simulator; it must not be used."""


class NotSimulated(CannotRedirect):
    """The data folder is not marked as a simulated one."""


@dataclass(frozen=True)
class Mapping:
    """A part of a file that is mapped into memory: addresses [start, end) show the file from `offset` on."""

    start: int
    end: int
    offset: int


def mark(data_folder: Path) -> None:
    """Marks a folder as simulated; it must be empty or missing, or marked already. Raises NotSimulated."""
    data_folder.mkdir(parents=True, exist_ok=True)
    marker = data_folder / MARKER
    if marker.is_file():
        return
    if any(data_folder.iterdir()):
        raise NotSimulated(f"{data_folder} holds data that is not the simulator's; choose an empty folder.")
    marker.touch(mode=0o600)
    marker.write_text(
        "This folder belongs to a simulated WhatsApp. Do not use it for a real account.\n", encoding="utf-8"
    )


def check(data_folder: Path) -> None:
    """Raises NotSimulated for a folder without the marker."""
    if not (data_folder / MARKER).is_file():
        raise NotSimulated(f"{data_folder} is not marked as simulated: the simulator is not for real sessions.")


def install(websocket_url: str, root_key: bytes, data_folder: Path, media_ca: Path | None = None) -> None:
    """Redirects the client of this process; call it before the client connects. Raises CannotRedirect or OSError.

    websocket_url: a ws:// address of at most 30 characters; root_key: the simulator's 32-byte root key; media_ca: the
    certificate that signs its media server's, without which the client takes and brings no files.
    """
    check(data_folder)
    address = websocket_url.encode("ascii")
    if not address.startswith(b"ws://127.0.0.1:") or len(address) > len(_ADDRESS):
        raise CannotRedirect("The simulator's address must begin with ws://127.0.0.1: and have at most 30 characters.")
    if len(root_key) != _ROOT_KEY_SIZE:
        raise CannotRedirect("The simulator's root key must have 32 bytes.")
    _check_environment()
    library = _load_client()
    image = library.read_bytes()
    mappings = _mappings(library)
    root_place = _place(image, _ROOT_KEY_START, mappings, "root key")
    address_place = _place(image, _ADDRESS, mappings, "address")
    original_key = image[image.index(_ROOT_KEY_START) :][:_ROOT_KEY_SIZE]
    _overwrite(root_place, original_key, root_key, "root key")
    _overwrite(address_place, _ADDRESS, address.ljust(len(_ADDRESS), b"/"), "address")
    if media_ca is not None:
        _trust(image, mappings, _bundle(media_ca, data_folder))


def _bundle(media_ca: Path, data_folder: Path) -> Path:
    system = Path(os.environ.get("SSL_CERT_FILE") or os.fsdecode(_CERTIFICATES))
    parts = [one.read_text(encoding="ascii", errors="ignore") for one in (system, media_ca) if one.is_file()]
    bundle = data_folder / TRUSTED
    write_privately(bundle, "\n".join(parts))
    return bundle


def _trust(image: bytes, mappings: list[Mapping], bundle: Path) -> None:
    """Has Go read this file instead of the system's: through a descriptor, whose name always fits; it stays open."""
    place = _place(image, _CERTIFICATES, mappings, "place of certificates")
    setting = _place(image, _CERTIFICATES_SETTING, mappings, "name of the setting for certificates")
    name = f"proc/self/fd/{os.open(bundle, os.O_RDONLY | os.O_CLOEXEC)}".encode()
    _overwrite(place, _CERTIFICATES, name.rjust(len(_CERTIFICATES), b"/"), "place of certificates")
    _overwrite(setting, _CERTIFICATES_SETTING, _NO_SETTING, "name of the setting for certificates")


def _check_environment() -> None:
    """Go reads the environment that the process was started with; what Python sets later does not reach it."""
    if b"NEONIZE_BOT_TAG=off" not in Path("/proc/self/environ").read_bytes().split(b"\0"):
        raise CannotRedirect(
            "Start this process with NEONIZE_BOT_TAG=off in its environment; set later, it is not seen by the client,"
            " and each of its messages to a number would bear an AI badge."
        )


def _load_client() -> Path:
    import pylibmagic  # noqa: F401  (brings the libmagic that neonize needs)
    from neonize import _binder

    library = getattr(_binder.gocode, "_name", None)
    if not isinstance(_binder.gocode, ctypes.CDLL) or not isinstance(library, str):
        raise CannotRedirect("The client library is not loaded the way this version of neonize does it.")
    return Path(library)


def _mappings(library: Path) -> list[Mapping]:
    found = []
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        parts = line.split(maxsplit=5)
        if len(parts) == 6 and parts[5] == str(library.resolve()):
            start, end = (int(edge, 16) for edge in parts[0].split("-"))
            found.append(Mapping(start, end, int(parts[2], 16)))
    if not found:
        raise CannotRedirect("The client library is not mapped into this process.")
    return found


def _place(image: bytes, content: bytes, mappings: list[Mapping], what: str) -> int:
    if image.count(content) != 1:
        raise CannotRedirect(f"The client library holds {image.count(content)} copies of its {what} instead of one.")
    offset = image.index(content)
    for one in mappings:
        if one.offset <= offset < one.offset + one.end - one.start:
            return one.start + offset - one.offset
    raise CannotRedirect(f"The client library's {what} is not mapped into this process.")


def _overwrite(place: int, old: bytes, new: bytes, what: str) -> None:
    with Path("/proc/self/mem").open("r+b", buffering=0) as memory:
        memory.seek(place)
        if memory.read(len(old)) not in (old, new):
            raise CannotRedirect(f"The client library's {what} was changed by something else.")
        memory.seek(place)
        memory.write(new)
        memory.seek(place)
        if memory.read(len(new)) != new:
            raise CannotRedirect(f"The client library's {what} could not be changed.")

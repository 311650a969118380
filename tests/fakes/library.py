"""The WhatsApp library at its edge: a client that shows codes when told to, in threads as the real one."""

import ctypes
import threading
from collections.abc import Callable
from typing import Any


class LibraryFailed(Exception):
    """An error of the library."""


class _Events:
    """`client.event`: who hears of what."""

    def __init__(self) -> None:
        self.heard: dict[str, Callable[[Any, Any], None]] = {}
        self.on_code: Callable[[Any, bytes], None] = lambda _client, _code: None
        self.execute: Callable[[int, int, int, int], None] = lambda *_: None

    def __call__(self, kind: str) -> Callable[[Callable[[Any, Any], None]], None]:
        return lambda handler: self.heard.update({kind: handler})

    def qr(self, handler: Callable[[Any, bytes], None]) -> None:
        self.on_code = handler


class LibraryClient:
    """One session that is not linked."""

    me = None
    is_connected = is_logged_in = False

    def __init__(self, library: "Library") -> None:
        self._library = library
        self._over = threading.Event()
        self.event = _Events()
        self._NewClient__onLoginStatus: Callable[[int, int], None] = lambda *_: None

    def connect(self) -> None:
        """Shows a code and stays, as the real one does."""
        self._library.slow.wait(60)
        self.show_code()
        self._over.wait(60)

    def show_code(self) -> None:
        """The next QR code."""
        self._library.codes += 1
        self.event.on_code(self, f"2@secret {self._library.codes}".encode())

    def say(self, word: str) -> None:
        """The library's word about the pairing."""
        data = ctypes.create_string_buffer(word.encode())
        self._NewClient__onLoginStatus(0, ctypes.addressof(data))

    def disconnect(self) -> None:
        self._over.set()

    stop = disconnect

    def PairPhone(self, phone: str, show_push_notification: bool) -> str:  # noqa: N802  (the library's own name)
        assert show_push_notification
        if self._library.failures:
            raise LibraryFailed(self._library.failures.pop(0))
        self._library.asked.append(phone)
        return f"ABCD-{len(self._library.asked):04d}"


class Library:
    """What the host uses of it; `failures` are raised by the next calls."""

    error = LibraryFailed

    def __init__(self) -> None:
        self.clients: list[LibraryClient] = []
        self.failures: list[str] = []
        self.asked: list[str] = []
        self.codes = 0
        self.slow = threading.Event()
        """Cleared, no session gets to its first code."""
        self.slow.set()

    def client(self, _name: str, _session: str) -> LibraryClient:
        self.clients.append(LibraryClient(self))
        return self.clients[-1]

    def event_class(self, name: str) -> str:
        return name

    def event_codes(self) -> dict[int, str]:
        """No event of it is kept as it came."""
        return {}

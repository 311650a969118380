"""A session puts in order what the library says in any order; a library of the test's own says it."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from session_host.link import Ears
from session_host.link_machine import Happening, Kind
from session_host.link_session import Session
from tests.fakes.clock import FakeClock


class Registry:
    """Where handlers are registered, as the library's client has it."""

    def __init__(self, handlers: dict[str, Callable[[Any, Any], None]]) -> None:
        self._handlers = handlers

    def __call__(self, event: str) -> Callable[[Callable[[Any, Any], None]], None]:
        return lambda handler: self._handlers.update({event: handler})

    def qr(self, _handler: object) -> None:
        """No code is shown here."""

    def execute(self, *_data: object) -> None:
        """What comes from the library itself does not come here."""


class SayingLibrary:
    """A library whose client says what the test wants it to say."""

    def __init__(self) -> None:
        self.handlers: dict[str, Callable[[Any, Any], None]] = {}

    def client(self, name: str, session: str) -> Any:
        return SimpleNamespace(event=Registry(self.handlers))

    def event_class(self, name: str) -> str:
        return name

    def event_codes(self) -> dict[int, str]:
        return {}

    def says(self, name: str, **event: Any) -> None:
        self.handlers[name](None, SimpleNamespace(**event))


def heard(*said: str) -> list[Kind]:
    """What a session tells when its library says this."""
    library, told = SayingLibrary(), list[Happening]()
    Session(library, "database", 1, FakeClock(), lambda happening, _session: told.append(happening), Ears())
    for name in said:
        library.says(name, Total=3)
    return [happening.kind for happening in told]


PREVIEW, DONE, IN, OUT = "OfflineSyncPreviewEv", "OfflineSyncCompletedEv", "ConnectedEv", "DisconnectedEv"


def test_what_came_in_while_away_is_spoken_of_after_the_login_whichever_the_library_says_first() -> None:
    expected = [Kind.CONNECTED, Kind.CATCHING_UP, Kind.CAUGHT_UP]
    assert heard(PREVIEW, IN, DONE) == heard(IN, PREVIEW, DONE) == expected


def test_what_is_over_before_the_login_is_complete_is_not_spoken_of() -> None:
    assert heard(PREVIEW, DONE, IN) == [Kind.CAUGHT_UP, Kind.CONNECTED]
    assert heard(PREVIEW, OUT, IN) == [Kind.DISCONNECTED, Kind.CONNECTED]


def test_each_login_has_its_own() -> None:
    again = [Kind.CONNECTED, Kind.DISCONNECTED, Kind.CONNECTED, Kind.CATCHING_UP]
    assert heard(IN, OUT, PREVIEW, IN) == again

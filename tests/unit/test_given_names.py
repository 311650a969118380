"""When the names on the owner's phone are read: soon after the link is there, rarely, and while somebody looks."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from session_host import chat_pages
from session_host.captured import Store
from session_host.given_names import GivenNames
from session_host.link import Reason, SendFailed
from shared.model.link import Link
from tests.builders import NOW, in_, link_status
from tests.fakes.host import HandClock, ScriptedLink

ANN = "447700900001@s.whatsapp.net"


class Phone(ScriptedLink):
    """A link that says when it was asked for names."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self._clock = clock
        self.asked: list[float] = []

    def given_names(self) -> dict[str, str]:
        self.asked.append((self._clock.now() - NOW).total_seconds())
        return super().given_names()


class Reader:
    """The names of one host, and how often the link was asked for them."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.link = Phone(self.clock)
        self.link.given = {ANN: "Mum"}
        self.store = Store(folder, NOW)
        self.names = self.begun()

    def begun(self) -> GivenNames:
        """One of a process that begins now."""
        return GivenNames(self.link, self.store, self.clock)

    def is_now(self, *states: Link) -> None:
        for state in states:
            self.names.link_changed(link_status(state))

    def read_until(self, seconds: float) -> list[float]:
        """When they are read up to then, in seconds since the beginning, stepping as the thread would."""
        self.link.asked.clear()
        due = self.names.step(self.clock.now())
        while due is not None and due <= in_(seconds):
            self.clock.set(due)
            due = self.names.step(due)
        self.clock.set(in_(seconds))
        return [*self.link.asked]

    def known(self) -> str | None:
        called = chat_pages.names(self.store, [ANN]).get(ANN)
        return called.name if called else None


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path)
    yield made
    made.store.database.close()


def test_they_are_read_once_it_is_settled_soon_again_and_then_each_hour(reader: Reader) -> None:
    assert reader.read_until(100) == []
    reader.is_now(Link.CONNECTING, Link.CATCHING_UP)
    assert reader.read_until(200) == []
    reader.is_now(Link.CONNECTED, Link.PHONE_SILENT)
    assert reader.read_until(9000) == [205, 265, 865, 4465, 8065]
    assert reader.known() == "Mum"


def test_a_connection_that_comes_and_goes_does_not_have_them_read_more_often(reader: Reader) -> None:
    reader.is_now(Link.CONNECTED)
    assert len(reader.read_until(900)) == 3
    for minute in range(16, 40):
        reader.is_now(Link.RECONNECTING, Link.CONNECTED)
        assert reader.read_until(60 * minute) == []
    reader.is_now(Link.LOGGED_OUT, Link.PAIRING, Link.CONNECTING, Link.CONNECTED)
    assert reader.read_until(2500) == [2345, 2405], "of a device that is linked anew they are"


def test_while_somebody_looks_they_are_fresh_but_not_read_each_time(reader: Reader) -> None:
    reader.is_now(Link.CONNECTED)
    reader.read_until(900)
    reader.link.given = {ANN: "Mother"}
    reader.names.asked()
    assert reader.read_until(905) == [900]
    assert reader.known() == "Mother"
    reader.names.asked()
    reader.names.asked()
    assert reader.read_until(1000) == [930]


@pytest.mark.parametrize(
    ("reason", "again"), [(Reason.NOT_CONNECTED, 60), (Reason.UNRECOGNISED, 3600)], ids=["away", "broken"]
)
def test_where_they_cannot_be_read_nobody_is_in_a_hurry_and_those_known_stay(
    reader: Reader, reason: Reason, again: float
) -> None:
    reader.is_now(Link.CONNECTED)
    assert reader.read_until(5) == [5]
    reader.link.failures.append(SendFailed("No.", permanent=False, certain=True, reason=reason))
    reader.read_until(65)
    reader.names.asked()
    assert reader.read_until(65 + again) == [65 + again]
    assert reader.known() == "Mum"


def test_a_device_that_was_told_of_nobody_takes_nothing_away(reader: Reader) -> None:
    reader.is_now(Link.CONNECTED)
    reader.read_until(5)
    reader.link.given = {}
    reader.read_until(700)
    assert reader.known() == "Mum"


def test_a_process_that_ended_while_it_read_them_is_no_reason_to_end_the_next(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies() -> dict[str, str]:
        raise KeyboardInterrupt

    reader.is_now(Link.CONNECTED)
    with monkeypatch.context() as patched:
        patched.setattr(reader.link, "given_names", dies)
        patched.setattr(reader.store, "keep", lambda name, value, keep=reader.store.keep: value and keep(name, value))
        with pytest.raises(KeyboardInterrupt):
            reader.read_until(5)
    reader.names = reader.begun()
    reader.is_now(Link.CONNECTED)
    reader.names.asked()
    day = timedelta(days=1).total_seconds()
    assert reader.read_until(day) == []
    assert reader.read_until(day + 5) == [day + 5]
    reader.names = reader.begun()
    reader.is_now(Link.CONNECTED)
    assert reader.read_until(day + 10) == [day + 10], "once it went well it is forgotten"

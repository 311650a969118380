"""The fault table, row by row, through the real link: what is shown, what becomes of a send, how it comes back, and
that nothing comes twice or is lost.

The simulator plays the faults; it says nothing about what WhatsApp itself would answer. Rows that wait for timers of
the library begin first and run side by side, each with a process and a simulator of its own; the others share one.
"""

import hashlib
import shutil
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from session_host.link import Reason, SendFailed, Sent
from session_host.outgoing import Outgoing
from shared.model.content import Media
from shared.model.link import Link
from simulator.control import Control
from simulator.models import FaultRule
from tests.flow.fair_time import FairTime
from tests.flow.watched import ADA, Watched, connected, held, in_doubt, watched

pytestmark = pytest.mark.slow

TABLE = (
    "TCP drop, server up",
    "server refuses on reconnect",
    "server answers 503 on reconnect",
    "first connect refused",
    "first handshake hangs",
    "first handshake broken off",
    "first handshake damaged",
    "login never answered",
    "login broken off",
    "stream:error 515",
    "stream:error 500 left open",
    "401 device_removed",
    "login failure 401",
    "login failure 402",
    "login failure 403",
    "login failure 405",
    "login failure 406",
    "login failure 500",
    "login failure 503",
    "login failure of another kind",
    "session replaced by another process",
    "no ack",
    "ack later than 75 s",
    "line that says nothing from a send on, then breaks",
    "nack",
    "nack 463",
    "drop before the ack, back within 5 s",
    "drop after delivery, before the ack",
    "drop, down for more than 5 s",
    "drop, resent after reconnect, not acked",
    "usync 429",
    "keepalive unanswered",
    "undecryptable frame from the server",
    "upload answered 500",
    "offline batch of 300",
    "SIGTERM",
    "receipt of an unknown type",
    "prekey fetch fails",
    "message that cannot be decrypted",
    "message that comes twice",
    "ack that comes twice",
    "ack that comes late",
)
"""What is known of the library's faults, by name."""


class Scene(NamedTuple):
    """Where a row is played: a simulator, a link that is connected to it, and their folder."""

    folder: Path
    control: Control
    host: Watched
    row: str

    def fault(self, **rule: Any) -> None:
        """A fault from here on."""
        self.control.add_fault(FaultRule(**rule))

    def text(self, which: str = "meanwhile") -> str:
        """A text of this row's own."""
        return f"{self.row}: {which}"

    def received(self, which: str = "meanwhile") -> int:
        """How often Ada's phone has a text of this row."""
        return [item.text for item in self.control.inbox(ADA.user)].count(self.text(which))

    def failed(self, **expected: Any) -> SendFailed:
        """A send that fails as expected, and of which nothing reaches Ada."""
        outcome = self.host.send(self.text())
        assert isinstance(outcome, SendFailed), outcome
        assert {name: getattr(outcome, name) for name in expected} == expected
        assert self.received() == 0
        return outcome


LONGEST_LEAVING = 10.0
"""Seconds from SIGTERM to the end of the process."""
LAST = "SIGTERM"
"""After this one there is no link to look at."""
QUICK = ("first handshake hangs", "first handshake broken off", "drop, down for more than 5 s", LAST)
"""Those that wait least, one after another in one lane."""


class Back(Enum):
    """How a link that is down comes back."""

    BY_ITSELF = "by itself"
    WHEN_ASKED = "a person asks for it"
    WITH_A_SCAN = "a person scans a code"


ROWS: dict[str, Callable[[Scene], None]] = {}
SIDE_BY_SIDE: set[str] = set()


def row(*names: str, waits: bool = False) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Registers a row's play; one that `waits` for a timer of the library runs beside the others."""

    def register(play: Callable[[Scene], None]) -> Callable[[Scene], None]:
        for name in names:
            assert name not in ROWS
            ROWS[name] = play
            SIDE_BY_SIDE.update({name} if waits else set())
        return play

    return register


def live_through(scene: Scene) -> None:
    """Plays a row; afterwards the link is as good as before: it sends, hears of it, and receives, each once."""
    control, host = scene.control, scene.host
    ROWS[scene.row](scene)
    control.clear_faults()
    after = host.send(scene.text("after"))
    assert isinstance(after, Sent)
    host.hears(lambda heard: heard.delivered(after.message_id))
    inbound = control.send(ADA.user, scene.text("from Ada")).id
    host.hears(lambda heard: heard.arrived(inbound) > 0)
    assert host.arrived(inbound) == 1
    assert scene.received("after") == 1
    assert scene.received() <= 1


def down(scene: Scene, state: Link, back: Back, says: str = "", seconds: float = 60) -> None:
    """The link is down: it says so, holds what is to be sent, comes back, and gets what Ada wrote meanwhile, once."""
    control, host = scene.control, scene.host
    status = host.becomes(state, seconds=seconds)
    assert says in (status.detail or "")
    assert held(host.send(scene.text()))
    if back is Back.WITH_A_SCAN:
        control.clear_faults()
        host.link.start()
        host.becomes(Link.PAIRING)
        host.scan(control)
        return
    inbound = control.send(ADA.user, scene.text("while it was down")).id
    control.clear_faults()
    if back is Back.WHEN_ASKED:
        assert host.states()[-1] is state
        host.link.start()
    host.becomes(Link.CONNECTED, seconds=120)
    host.hears(lambda heard: heard.arrived(inbound) > 0)
    assert host.arrived(inbound) == 1
    assert scene.received() == 0


@row("TCP drop, server up")
def _(scene: Scene) -> None:
    scene.control.break_connections()
    for state in (Link.RECONNECTING, Link.CONNECTED):
        scene.host.becomes(state)


@row("server refuses on reconnect")
def _(scene: Scene) -> None:
    scene.fault(stanza="connect", action="refuse", times=None)
    scene.control.break_connections()
    down(scene, Link.RECONNECTING, Back.BY_ITSELF)


@row("server answers 503 on reconnect")
def _(scene: Scene) -> None:
    scene.fault(stanza="connect", action="nack", code=503, times=None)
    scene.control.break_connections()
    down(scene, Link.RECONNECTING, Back.BY_ITSELF)


@row("first connect refused")
def _(scene: Scene) -> None:
    begin_anew(scene, stanza="connect", action="refuse", times=None)
    down(scene, Link.CONNECTING, Back.BY_ITSELF, "could not be reached")


@row("first handshake damaged")
def _(scene: Scene) -> None:
    begin_anew(scene, stanza="handshake", action="garble", times=None)
    down(scene, Link.CONNECTING, Back.BY_ITSELF, "could not be reached")


@row("first handshake hangs", "first handshake broken off", waits=True)
def _(scene: Scene) -> None:
    """The library does not notice that a line breaks before it is up: both take its 20 s."""
    begin_anew(scene, stanza="handshake", action="hang" if scene.row.endswith("hangs") else "close")
    down(scene, Link.CONNECTING, Back.BY_ITSELF, "could not be reached")


def begin_anew(scene: Scene, **rule: Any) -> None:
    """The link makes its first dial while this rule is in force; returns once that has failed, with its reason."""
    host = scene.host
    host.link.rest()
    host.becomes(Link.STANDBY)
    scene.fault(**rule)
    host.link.start()
    assert host.becomes(Link.CONNECTING).detail is None


@row("login never answered", waits=True)
def _(scene: Scene) -> None:
    scene.fault(stanza="login", action="hang")
    scene.control.break_connections()
    down(scene, Link.RECONNECTING, Back.BY_ITSELF)


@row("login broken off")
def _(scene: Scene) -> None:
    scene.fault(stanza="login", action="close", times=None)
    scene.control.break_connections()
    down(scene, Link.RECONNECTING, Back.BY_ITSELF)


@row("stream:error 515")
def _(scene: Scene) -> None:
    before = scene.control.state().last_event
    scene.fault(stanza="line", action="stream-error", code=515)
    left = scene.control.wait_for("disconnected", after=before)
    scene.control.wait_for("connected", after=left.number)
    assert scene.host.states()[-1] is Link.CONNECTED


@row("stream:error 500 left open")
def _(scene: Scene) -> None:
    scene.fault(stanza="line", action="stream-error", code=500)
    assert "error 500" in (scene.host.becomes(Link.RECONNECTING).detail or "")
    scene.host.becomes(Link.CONNECTED)


@row("401 device_removed")
def _(scene: Scene) -> None:
    scene.fault(stanza="line", action="logout")
    down(scene, Link.LOGGED_OUT, Back.WITH_A_SCAN)


@row("login failure 401", "login failure 402", "login failure 403", "login failure 405", "login failure 406")
def _(scene: Scene) -> None:
    code = int(scene.row.split()[-1])
    state, says, back = {
        401: (Link.LOGGED_OUT, "", Back.WITH_A_SCAN),
        402: (Link.BANNED, "too many people blocked this number", Back.WHEN_ASKED),
        403: (Link.LOGGED_OUT, "locked", Back.WITH_A_SCAN),
        405: (Link.OUTDATED, "", Back.WHEN_ASKED),
        406: (Link.BANNED, "for good", Back.WITH_A_SCAN),
    }[code]
    ban = {"ban_code": 102, "ban_seconds": 7200} if code == 402 else {}
    scene.fault(stanza="login", action="nack", code=code, times=None, **ban)
    scene.control.break_connections()
    down(scene, state, back, says)
    if code == 402:
        until = next(each for each in reversed(scene.host.statuses) if each.state is Link.BANNED)
        assert (until.detail or "").startswith("Until ")


@row("login failure 500", "login failure 503", "login failure of another kind")
def _(scene: Scene) -> None:
    named = scene.row.split()[-1]
    scene.fault(stanza="login", action="nack", code=int(named) if named.isdigit() else 410, times=None)
    before = scene.control.state().last_event
    scene.control.break_connections()
    scene.control.wait_for("login-refused", after=before)
    down(scene, Link.RECONNECTING, Back.BY_ITSELF)


@row("session replaced by another process")
def _(scene: Scene) -> None:
    older = scene.host
    older.link.rest()
    older.becomes(Link.STANDBY)
    shutil.copytree(scene.folder / "host", scene.folder / "copy")
    older.link.start()
    older.becomes(Link.CONNECTED)
    with watched(scene.folder, "copy") as newer:
        newer.connect(scene.control)
        older.becomes(Link.REPLACED)
        assert older.link.pairing() is None
        assert held(older.send(scene.text()))
        # It sends nothing: one of the two would use the other's keys again.
        inbound = scene.control.send(ADA.user, scene.text("to the newer")).id
        newer.hears(lambda heard: heard.arrived(inbound) > 0)
        assert (newer.states()[-1], older.states()[-1]) == (Link.CONNECTED, Link.REPLACED)
    assert older.arrived(inbound) == 0
    older.link.start()
    older.becomes(Link.CONNECTED)


@row("no ack", waits=True)
def _(scene: Scene) -> None:
    scene.fault(action="no-ack")
    ended = scene.host.begin(scene.text())
    scene.control.wait_for("fault-played")
    behind = scene.host.send(scene.text("behind it"))
    assert in_doubt(ended())
    assert isinstance(behind, Sent)
    assert (scene.received(), scene.received("behind it")) == (1, 1)


@row("ack later than 75 s", waits=True)
def _(scene: Scene) -> None:
    scene.fault(action="late-ack", after_ms=78_000)
    assert in_doubt(scene.host.send(scene.text()))
    assert isinstance(scene.host.send(scene.text("behind it")), Sent)
    assert (scene.received(), scene.received("behind it")) == (1, 1)


@row("line that says nothing from a send on, then breaks")
def _(scene: Scene) -> None:
    before = scene.control.state().last_event
    scene.fault(action="hang")
    ended = scene.host.begin(scene.text())
    scene.control.wait_for("fault-played", after=before)
    inbound = scene.control.send(ADA.user, scene.text("into the silent line")).id
    scene.control.break_connections()
    assert isinstance(ended(), Sent)  # the same frame again, under the same id
    scene.host.hears(lambda heard: heard.arrived(inbound) > 0)
    assert (scene.host.arrived(inbound), scene.received()) == (1, 1)


@row("nack", "nack 463")
def _(scene: Scene) -> None:
    strangers = scene.row.endswith("463")
    scene.fault(action="nack", code=463 if strangers else 479)
    reason = Reason.STRANGERS_LOCKED if strangers else Reason.REFUSED
    scene.failed(certain=True, permanent=True, reason=reason)


@row("drop before the ack, back within 5 s", "drop after delivery, before the ack")
def _(scene: Scene) -> None:
    scene.fault(action="close", deliver=scene.row.startswith("drop after"))
    assert isinstance(scene.host.send(scene.text()), Sent)
    scene.host.becomes(Link.CONNECTED)
    assert scene.received() == 1


@row("drop, down for more than 5 s", waits=True)
def _(scene: Scene) -> None:
    scene.fault(action="close", deliver=True)
    scene.fault(stanza="connect", action="nack", times=None)
    ended = scene.host.begin(scene.text())
    scene.host.becomes(Link.RECONNECTING)
    assert in_doubt(ended())
    assert held(scene.host.send(scene.text("while it was down")))
    scene.control.clear_faults()
    scene.host.becomes(Link.CONNECTED, seconds=120)
    assert (scene.received(), scene.received("while it was down")) == (1, 0)


@row("drop, resent after reconnect, not acked", waits=True)
def _(scene: Scene) -> None:
    scene.fault(action="close", deliver=True)
    scene.fault(action="no-ack")
    ended = scene.host.begin(scene.text())
    for state in (Link.RECONNECTING, Link.CONNECTED) * 2:  # the drop, then the end of the session by the host
        scene.host.becomes(state, seconds=120)
    assert in_doubt(ended())
    assert scene.received() == 1


@row("usync 429")
def _(scene: Scene) -> None:
    scene.control.put_contact("447700900124", "Ben")
    scene.fault(stanza="iq", xmlns="usync", action="nack", code=429, times=None)
    with pytest.raises(SendFailed) as failed:
        scene.host.link.send(ADA.from_stored("447700900124"), Outgoing(scene.text()))
    assert (failed.value.certain, failed.value.permanent, failed.value.reason) == (True, False, Reason.SLOW_DOWN)
    assert scene.control.inbox("447700900124") == []


@row("keepalive unanswered", waits=True)
def _(scene: Scene) -> None:
    scene.fault(stanza="iq", xmlns="w:p", action="no-ack", times=None)
    scene.host.becomes(Link.RECONNECTING, seconds=90)  # at the first that is not answered
    assert held(scene.host.send(scene.text()))
    scene.host.becomes(Link.CONNECTED, seconds=120)  # the session is replaced at the second
    played = next(rule.played for rule in scene.control.faults())
    assert played == 2


@row("undecryptable frame from the server", waits=True)
def _(scene: Scene) -> None:
    assert isinstance(scene.host.send(scene.text("before")), Sent)  # it knows the devices of the recipient from now on
    scene.fault(stanza="line", action="garbage")
    ended = scene.host.begin(scene.text())
    inbound = scene.control.send(ADA.user, scene.text("into the deaf line")).id
    scene.host.becomes(Link.RECONNECTING, seconds=120)
    scene.host.becomes(Link.CONNECTED, seconds=120)
    assert in_doubt(ended())
    scene.host.hears(lambda heard: heard.arrived(inbound) > 0)
    assert scene.host.arrived(inbound) == 1
    assert scene.received() == 1


@row("upload answered 500")
def _(scene: Scene) -> None:
    data = b"a file of this row's own"
    digest = hashlib.sha256(data).hexdigest()
    media = Media(kind="document", media=digest, mime="text/plain", name="new.txt", size=len(data))
    what = Outgoing(scene.text(), media, load=lambda _media: data)
    scene.fault(stanza="upload", action="nack", code=500)
    with pytest.raises(SendFailed) as failed:
        scene.host.link.send(ADA, what)
    assert (failed.value.certain, failed.value.permanent, failed.value.reason) == (True, False, Reason.NOT_UPLOADED)
    assert scene.received() == 0
    assert isinstance(scene.host.link.send(ADA, what), Sent)
    assert scene.received() == 1


@row("offline batch of 300")
def _(scene: Scene) -> None:
    scene.fault(stanza="connect", action="nack", times=None)
    scene.control.break_connections()
    scene.host.becomes(Link.RECONNECTING)
    before = len(scene.host.arrivals)
    scene.control.send(ADA.user, scene.text("missed"), times=300)
    scene.control.clear_faults()
    scene.host.becomes(Link.CATCHING_UP)
    scene.host.becomes(Link.CONNECTED)
    scene.host.hears(lambda heard: len(heard.arrivals) >= before + 300)
    new = [each.message_id for each in scene.host.arrivals[before:]]
    assert (len(new), len(set(new))) == (300, 300)


@row("SIGTERM", waits=True)
def _(scene: Scene) -> None:
    scene.fault(action="late-ack", after_ms=1500)
    ended = scene.host.begin(scene.text())
    scene.control.wait_for("fault-played")
    with FairTime() as leaving:
        scene.host.link.process.send_signal(signal.SIGTERM)
        assert isinstance(ended(), Sent)
        assert scene.host.link.process.wait(120) == 0
    assert leaving.seconds <= LONGEST_LEAVING
    assert scene.host.states()[-1] is Link.STOPPED
    assert scene.received() == 1


@row("receipt of an unknown type")
def _(scene: Scene) -> None:
    before = scene.host.losses
    scene.fault(stanza="line", action="unknown-receipt", receipt_type="server-error")
    scene.host.becomes(Link.RECONNECTING)  # the library ends its session, and is begun again at once
    scene.host.becomes(Link.CONNECTED)
    assert scene.host.losses == before + 1  # capture makes it a gap


@row("prekey fetch fails")
def _(scene: Scene) -> None:
    cleo = ADA.from_stored("447700900125")
    scene.control.put_contact(cleo.user, "Cleo", delivered_after_ms=0)
    scene.fault(stanza="iq", xmlns="encrypt", inner="key", action="nack", code=500, times=None)
    sent = scene.host.link.send(cleo, Outgoing(scene.text()))  # the library calls it a success
    scene.control.clear_faults()
    assert isinstance(scene.host.send(scene.text("to Ada")), Sent)
    assert scene.control.inbox(cleo.user) == []
    assert not scene.host.delivered(sent.message_id)  # which is all that tells


@row("message that cannot be decrypted")
def _(scene: Scene) -> None:
    scene.fault(stanza="delivery", action="garble")
    inbound = scene.control.send(ADA.user, scene.text("damaged on the way")).id
    scene.host.hears(lambda heard: heard.arrived(inbound) > 0)
    assert [each.readable for each in scene.host.arrivals if each.message_id == inbound] == [False, True]


@row("message that comes twice")
def _(scene: Scene) -> None:
    scene.fault(stanza="delivery", action="repeat")
    inbound = scene.control.send(ADA.user, scene.text("twice on the way")).id
    scene.host.hears(lambda heard: heard.arrived(inbound) > 0)
    after = scene.control.send(ADA.user, scene.text("behind it")).id
    scene.host.hears(lambda heard: heard.arrived(after) > 0)
    assert scene.host.arrived(inbound) == 1


@row("ack that comes twice")
def _(scene: Scene) -> None:
    scene.fault(action="double-ack")
    assert isinstance(scene.host.send(scene.text()), Sent)
    assert scene.received() == 1


@row("ack that comes late")
def _(scene: Scene) -> None:
    scene.fault(action="late-ack", after_ms=300)
    assert isinstance(scene.host.send(scene.text()), Sent)
    assert scene.received() == 1


class SideBySide:
    """The rows that wait, all on their way since the first test of this module, in lanes with an account for each."""

    def __init__(self, account: Path, folder: Path, wanted: set[str]) -> None:
        """Only the `wanted` rows are played."""
        self._errors: dict[str, BaseException | None] = {}
        self._threads: dict[str, threading.Thread] = {}
        quick = [name for name in QUICK if name in wanted]
        lanes = [quick, *([name] for name in sorted(SIDE_BY_SIDE.difference(QUICK) & wanted))]
        for number, lane in enumerate(lane for lane in lanes if lane):
            mine = folder / str(number)
            shutil.copytree(account, mine)
            thread = threading.Thread(target=self._play, args=(lane, mine), daemon=True)
            self._threads.update(dict.fromkeys(lane, thread))
            thread.start()

    def result(self, name: str) -> None:
        """Waits for a row; raises what went wrong in it."""
        self._threads[name].join(280)
        assert name in self._errors, f"The row {name!r} does not end."
        if error := self._errors[name]:
            raise error

    def _play(self, lane: Sequence[str], folder: Path) -> None:
        try:
            with connected(folder) as (control, host):
                for name in lane:
                    scene = Scene(folder, control, host, name)
                    (ROWS[name] if name == LAST else live_through)(scene)
                    self._errors[name] = None
        except BaseException as error:  # noqa: BLE001  (raised again in the test that asks)
            self._errors.update(dict.fromkeys([each for each in lane if each not in self._errors] or lane, error))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulator and a session that are linked, neither of them running: pairing is done once."""
    folder = tmp_path_factory.mktemp("account") / "linked"
    with connected(folder) as (control, host):
        assert isinstance(host.send("the first message sets up the conversation"), Sent)
        control.send(ADA.user, "and so does the first answer")
        host.hears(lambda heard: len(heard.arrivals) == 1)
        host.link.stop(10)
    return folder


@pytest.fixture(scope="module")
def side_by_side(account: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> SideBySide:
    asked = {item.name for item in request.session.items}
    wanted = {name for name in SIDE_BY_SIDE if f"test_row_that_waits[{name}]" in asked}
    return SideBySide(account, tmp_path_factory.mktemp("side-by-side"), wanted)


@pytest.fixture(scope="module")
def shared(account: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Control, Watched]]:
    folder = tmp_path_factory.mktemp("shared") / "one"
    shutil.copytree(account, folder)
    with connected(folder) as (control, host):
        yield folder, control, host


@contextmanager
def played_alone(shared: tuple[Path, Control, Watched], name: str) -> Iterator[Scene]:
    """A row on the shared link, which is given back connected, with no rule in force and no earlier failure counted."""
    folder, control, host = shared
    try:
        yield Scene(folder, control, host, name)
    finally:
        control.clear_faults()
        host.link.rest()
        host.becomes(Link.STANDBY)
        host.connect(control)


def test_each_known_fault_has_its_row() -> None:
    assert set(ROWS) == set(TABLE)


@pytest.mark.parametrize("name", [name for name in TABLE if name not in SIDE_BY_SIDE])
def test_row(name: str, side_by_side: SideBySide, shared: tuple[Path, Control, Watched]) -> None:
    with played_alone(shared, name) as scene:
        live_through(scene)


@pytest.mark.parametrize("name", sorted(SIDE_BY_SIDE))
def test_row_that_waits(name: str, side_by_side: SideBySide) -> None:
    side_by_side.result(name)

"""One session of the WhatsApp library at a time: made, heard, and ended without a call that kills the process.

A session is *dialling* until the library has either shown a code or delivered the device it is linked as; before that
no call may be made, not even the one that ends it. A session that shows codes cannot be ended at all: it is silenced
and left behind, on a thread that does not keep the process from ending.
"""

import ctypes
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import structlog

from session_host import link_events
from session_host.link import Ears, Pairing
from session_host.link_calls import GateClosed
from session_host.link_machine import Happening, Kind
from session_host.send_errors import masked
from shared.clock import Clock

log = structlog.get_logger()

FIRST_CODE_SECONDS = 60
LATER_CODE_SECONDS = 20
CODES = 6
ROUND = timedelta(seconds=FIRST_CODE_SECONDS + (CODES - 1) * LATER_CODE_SECONDS)
"""From the first QR code to the moment when the library gives up; a code to type ends with it."""
TYPE_IT = "Or type the code that was asked for: on the phone tap Link with phone number instead."
_PASS_SECONDS = 0.5
"""What the library may take from its word that a pairing is over to the place where its session sleeps for good."""


class Library(Protocol):
    """What is used of the library, so that only `whatsapp.py` imports it."""

    def client(self, name: str, session: str) -> Any:
        """A client of the library, not connected."""

    def event_class(self, name: str) -> Any:
        """The class under which an event is registered."""

    def event_codes(self) -> Mapping[int, str]:
        """The library's number for each kind of event that is kept, with its name."""


Tell = Callable[[Happening, int], None]
"""Is told of what happens in a session."""


class Phase(StrEnum):
    """How far a session is."""

    DIALLING = "dialling"
    SHOWING = "showing"  # QR codes
    OVER = "over"  # the pairing ended without a link; the library never returns from this session
    LIVE = "live"
    RETURNED = "returned"


class Session:
    """One client of the library and the thread it lives on."""

    def __init__(self, library: Library, database: str, number: int, clock: Clock, tell: Tell, ears: Ears) -> None:
        self.number = number
        self.round_ends: datetime | None = None
        self._pairing: Pairing | None = None
        self._typed: str | None = None
        self._clock = clock
        self._ears = ears
        self._tell = tell
        self._phase = Phase.DIALLING
        self._moved = threading.Condition()
        self._codes = 0
        self._logged_in = False
        self._early: Happening | None = None
        # A name of its own for each session: what an old one still does in the library cannot meet the new one.
        self.client = library.client(database, f"link-{number}")
        self._listen(library)

    def begin(self) -> None:
        """Connect, on a thread of its own: the library's call lasts as long as the session."""
        threading.Thread(target=self._live, name=f"session-{self.number}", daemon=True).start()

    def end(self, seconds: float) -> bool:
        """End it within so many seconds; False where it did not end."""
        if not self._wait_for(lambda phase: phase is not Phase.DIALLING, seconds):
            return False
        if self._phase in (Phase.SHOWING, Phase.OVER):
            self._clock.wait(threading.Event(), _PASS_SECONDS)
            self.client.disconnect()
            return True
        # `stop` may wait for a lock that a reconnect in progress holds: not on this thread.
        threading.Thread(target=self.client.stop, name=f"end-{self.number}", daemon=True).start()
        return self._wait_for(lambda phase: phase is Phase.RETURNED, seconds)

    def pairing(self) -> Pairing | None:
        """What is to be scanned, or typed where that was asked for; None before the first code."""
        pairing, typed, ends = self._pairing, self._typed, self.round_ends
        if pairing is None or typed is None or ends is None:
            return pairing
        return pairing.evolve(code=typed, expires_at=ends)

    def show_to_type(self, code: str | None) -> None:
        """Show this code from now on, which is typed into the phone; None: the QR code again."""
        self._typed = code
        if code is not None and self._pairing is not None:
            told = Happening(kind=Kind.CODE, detail=TYPE_IT, until=self._pairing.expires_at)
            self._tell(told, self.number)

    def own_number(self) -> str | None:
        """The number this session is linked as, in digits; None before it is."""
        me = self.client.me
        return me.JID.User if me is not None and me.JID.User else None

    def _wait_for(self, holds: Callable[[Phase], bool], seconds: float) -> bool:
        with self._moved:
            return self._moved.wait_for(lambda: holds(self._phase), max(0.0, seconds))

    def _move(self, phase: Phase) -> None:
        with self._moved:
            self._phase = phase
            self._moved.notify_all()

    def _live(self) -> None:
        error: str | None = None
        try:
            self.client.connect()
        except Exception as failure:  # noqa: BLE001  (whatever it is, the session is over)
            error = str(failure) or type(failure).__name__
            log.warning("link.session-failed", session=self.number, error=masked(error))
        came_up = self._phase is not Phase.DIALLING
        if error and self._phase is Phase.LIVE:
            self._ears.lost()
        self._move(Phase.RETURNED)
        self._tell(link_events.session_end(error, came_up=came_up), self.number)

    def _listen(self, library: Library) -> None:
        client = self.client
        for name in link_events.EVENTS:
            client.event(library.event_class(name))(self._handler(name))
        client.event(library.event_class("ReceiptEv"))(self._on_receipt_event)
        for name in link_events.ARRIVALS:
            client.event(library.event_class(name))(self._on_arrival_event)
        client.event.qr(self._on_code)
        # Not offered in public: the word with which the library ends a pairing, which otherwise only its output has.
        client._NewClient__onLoginStatus = self._on_pairing_word
        execute, kept = client.event.execute, library.event_codes()

        def noticing(session: int, data: int, size: int, code: int) -> None:
            if code in kept and self._keeps(kept[code], ctypes.string_at(data, size)):
                return
            execute(session, data, size, code)
            if code == 0:  # the device this session is linked as: the first that comes of a linked session
                self._move(Phase.LIVE)

        client.event.execute = noticing

    def _handler(self, name: str) -> Callable[[Any, Any], None]:
        def on_event(_client: Any, event: Any) -> None:
            try:
                for told in self._in_order(link_events.happening(name, event, self._clock.now())):
                    self._tell(told, self.number)
            except Exception:  # the caller is the library's own thread, which would lose it
                log.exception("link.event-failed", event_name=name)

        return on_event

    def _keeps(self, name: str, data: bytes) -> bool:
        try:
            return self._ears.event(name, data)
        except Exception as error:  # noqa: BLE001  (as above; a trace of it could show the text)
            log.error("link.event-not-kept", event_name=name, error=type(error).__name__)
            return False

    def _in_order(self, told: Happening | None) -> list[Happening]:
        """What is to be told now: the library may speak of what came in while away before it says that it is logged in.

        Events come one after another on one thread.
        """
        if told is None:
            return []
        if told.kind is Kind.CATCHING_UP and not self._logged_in:
            self._early = told
            return []
        early = self._early if told.kind is Kind.CONNECTED else None
        if told.kind in (Kind.CONNECTED, Kind.CAUGHT_UP, Kind.DISCONNECTED):
            self._early = None
            self._logged_in = told.kind is not Kind.DISCONNECTED
        return [told, early] if early else [told]

    def _on_receipt_event(self, _client: Any, event: Any) -> None:
        try:
            if receipt := link_events.receipt(event):
                self._ears.receipt(receipt)
        except Exception:  # as above
            log.exception("link.receipt-failed")

    def _on_arrival_event(self, _client: Any, event: Any) -> None:
        try:
            if arrival := link_events.arrival(event):
                self._ears.arrival(arrival)
        except Exception as error:  # noqa: BLE001  (a trace of it could show the text)
            log.error("link.arrival-failed", error=type(error).__name__)

    def _on_code(self, _client: Any, code: bytes) -> None:
        self._codes += 1
        lasts = timedelta(seconds=FIRST_CODE_SECONDS if self._codes == 1 else LATER_CODE_SECONDS)
        until = self._clock.now() + lasts
        log.info("link.code", number=self._codes)
        self.round_ends = self.round_ends or self._clock.now() + ROUND
        self._pairing = Pairing(qr=code.decode(), expires_at=until)
        self._move(Phase.SHOWING)
        self._tell(Happening(kind=Kind.CODE, detail=TYPE_IT if self._typed else None, until=until), self.number)

    def _on_pairing_word(self, _session: int, word: int) -> None:
        name = ctypes.string_at(word).decode(errors="replace")
        told = link_events.pairing_event(name)
        log.info("link.pairing", said=name)
        if told is None:
            log.warning("link.unknown-pairing-word", said=name)
            return
        if told.kind is Kind.CODES_ENDED and self._typed is not None:
            told = told.evolve(detail="The code was not typed in time: ask for a new one.")
        self._move(Phase.DIALLING if told.kind is Kind.PAIRED else Phase.OVER)
        self._tell(told, self.number)


class Line:
    """The supervisor's connection: the session there is, and those before it."""

    def __init__(self, library: Library, database: str, clock: Clock, tell: Tell, ears: Ears) -> None:
        self._library = library
        self._database = database
        self._clock = clock
        self._tell = tell
        self._ears = ears
        # Kept for good: the library may still write a log line through a pointer into a session that has ended.
        self._ended: list[Session] = []
        self.session: Session | None = None

    def client(self) -> Any:
        """The session's client, for a call that the gate has let in. Raises GateClosed."""
        session = self.session
        if session is None:
            raise GateClosed
        return session.client

    def dial(self, session: int) -> None:
        """Begin a session."""
        self.session = Session(self._library, self._database, session, self._clock, self._tell, self._ears)
        self.session.begin()

    def looks_up(self) -> bool:
        """What the library's two flags say of the session."""
        session = self.session
        return session is not None and bool(session.client.is_connected and session.client.is_logged_in)

    def hang_up(self, seconds: float) -> bool:
        """End the session; False where it did not end in time."""
        if (session := self.session) is None:
            return True
        ended = session.end(seconds)
        self._ended.append(session)
        self.session = None
        return ended

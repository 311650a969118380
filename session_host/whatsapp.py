"""The WhatsApp connection through neonize; the only module that imports it, and not before `start`.

neonize wraps a Go library. A fork after its import loses Go's threads, some calls at the wrong time abort the whole
process, and it prints to standard output: link_session.py, link_calls.py and link_output.py keep all that in.
"""

import ctypes
import logging
import random
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import structlog

from session_host import capture_events, link_events, link_files, link_messages, link_output, safety, send_errors
from session_host.link import Ears, NoCode, Pairing, Reason, SendFailed, Sent
from session_host.link_calls import GateClosed
from session_host.link_machine import SESSION, Happening, Kind
from session_host.link_session import Line, Session
from session_host.link_supervisor import Supervisor
from session_host.outgoing import Outgoing
from shared.clock import SYSTEM, Clock
from shared.model.address import Address
from shared.model.address import Kind as AddressKind
from shared.model.link import Link, LinkStatus
from shared.model.wire import Group

log = structlog.get_logger()

Answer = TypeVar("Answer")

_NOBODY = (Link.UNLINKED, Link.PAIRING, Link.LOGGED_OUT, Link.NEEDS_PASSKEY)
_SHOWN_WITHIN = 30.0
"""Seconds within which a session shows its first code; the handshake gives up after 20."""
_UPLOAD_KEPT = 3600.0
"""Seconds for which an upload is used again; WhatsApp keeps it for weeks."""
_UPLOAD_PATIENCE = 300.0
"""Seconds for which an upload may last longer than any other call."""
_TIME_TO_TYPE = timedelta(seconds=120)
"""What a code to type is good for at least."""
NAME_ON_PHONE = "WhatsApp-VPSLink"
"""What the phone's list of linked devices shows."""


class WhatsAppLink:
    """The Link of one account, whose session lives in `data_dir`/link; one for each process."""

    def __init__(self, data_dir: Path, clock: Clock = SYSTEM) -> None:
        self._data_dir = data_dir
        self._clock = clock
        self._ears = Ears()
        self._starting = threading.Lock()
        self._sending = threading.Lock()
        self._pairing = threading.Lock()
        self._uploading = threading.Lock()
        self._uploads: dict[tuple[Any, str], tuple[float, Any]] = {}
        self._neonize: _Neonize | None = None
        self._line: Line | None = None
        self._number: str | None = None
        self._supervisor = Supervisor(clock, random.SystemRandom().random, self._changed)

    def listen(self, ears: Ears) -> None:
        """Register who hears of what happens; before `prepare`."""
        self._ears = ears

    def parse(self, name: str, data: bytes) -> Any:
        """The library's own event in these bytes; raises ValueError."""
        if self._neonize is None:
            raise ValueError("the library is not loaded")
        return self._neonize.parse(name, data)

    def prepare(self) -> None:
        """Load the library and look whether it may connect from here; raises Refused, OSError."""
        with self._starting:
            if self._line is None:
                library = _Neonize(self._read_log)
                safety.check(self._data_dir)
                database = link_files.prepare(self._data_dir)
                self._number = link_files.linked_number(database)
                self._neonize = library
                name = link_files.name_for_library(database)
                self._line = Line(library, name, self._clock, self._supervisor.tell, self._ears)
                self._supervisor.use(self._line)
                self._supervisor.run()

    def start(self) -> None:
        """Connect, or try again now; raises Refused, OSError."""
        self.prepare()
        if session := self._session():
            session.show_to_type(None)
        self._supervisor.tell(Happening(kind=Kind.START))

    def pair_by_code(self, phone: Address) -> Pairing:
        """Ask WhatsApp for a code to type into this phone; raises NoCode, Refused, OSError."""
        self.prepare()
        with self._pairing:
            session = self._showing()
            try:
                code = self._call(lambda client: client.PairPhone(phone.user, True), pairs=True)
            except SendFailed as closed:
                raise NoCode(str(closed)) from None
            except _CallFailed as failure:
                log.warning("link.no-code", error=send_errors.masked(failure.error))
                raise send_errors.no_code(failure.error) from None
            session.show_to_type(str(code))
            if (pairing := session.pairing()) is None:  # it has shown a code before, and keeps it
                raise NoCode("The pairing has ended meanwhile: ask for a code again.")
            return pairing

    def _showing(self) -> Session:
        """A session that shows codes, and will for long enough. Raises NoCode."""
        session, ended = self._session(), None
        if self.status().state is Link.PAIRING and session is not None and session.round_ends is not None:
            if session.round_ends - self._clock.now() >= _TIME_TO_TYPE:
                return session
            ended = session
            self._supervisor.tell(Happening(kind=Kind.CODES_ENDED), ended.number)
        self._supervisor.tell(Happening(kind=Kind.START))

        def shows(status: LinkStatus) -> bool:
            return status.sends or (status.state is Link.PAIRING and self._session() not in (None, ended))

        shown = self._supervisor.wait_until(shows, _SHOWN_WITHIN)
        fresh, status = self._session(), self.status()
        if status.sends:
            raise NoCode("A WhatsApp account is linked already: log out first to link another.")
        if not shown or fresh is None:
            raise NoCode(f"There is no code now. {status.sentence} {status.detail or status.action}")
        return fresh

    def _session(self) -> Session | None:
        return self._line.session if self._line else None

    def rest(self) -> None:
        """Disconnect once a call in hand has come back, and stay away until `start`."""
        self._supervisor.tell(Happening(kind=Kind.STAND_BY))

    def stop(self, seconds: float) -> None:
        """Let a call in hand finish, end the session; what does not end in time ends with the process."""
        with self._starting:
            running = self._line is not None
        if running:
            self._supervisor.stop(seconds)

    def status(self) -> LinkStatus:
        """The state in words."""
        return self._supervisor.status()

    def phone_seen(self, last: datetime | None) -> None:
        """When our own phone was seen last, where that is too long ago; None while it is there."""
        if last is None:
            self._supervisor.tell(Happening(kind=Kind.PHONE_SEEN))
        else:
            detail = f"It was last seen on {last:%d %B %Y}."
            self._supervisor.tell(Happening(kind=Kind.PHONE_SILENT, detail=detail))

    def own_number(self) -> str | None:
        """The linked account's number in digits."""
        status, session = self.status(), self._session()
        if status.state in _NOBODY:
            return None
        return session.own_number() if status.sends and session else self._number

    def pairing(self) -> Pairing | None:
        """The code to show; asking begins a new round of codes, unless there is something to read first."""
        status, session = self.status(), self._session()
        if status.state in (Link.UNLINKED, Link.LOGGED_OUT) and status.detail is None:
            self._supervisor.tell(Happening(kind=Kind.WANTED))
        if status.state is not Link.PAIRING or session is None or (pairing := session.pairing()) is None:
            return None
        return pairing if pairing.expires_at > self._clock.now() else None

    def logout(self) -> None:
        """Unlink this device at WhatsApp's server, then here."""
        session = self._session()
        try:
            self._call(lambda client: client.logout())
        except _CallFailed as failure:
            if session and "deleting data from store" in failure.error:
                # The server has let this device go, the disk has not: the next login finds that out.
                self._supervisor.tell(Happening(kind=Kind.ENDED), session.number)
            log.warning("link.logout-failed", error=send_errors.masked(failure.error))
            raise SendFailed(
                "WhatsApp could not be told to unlink this device: try again, "
                "or remove it on your phone under Settings, Linked devices.",
                permanent=False,
                certain=False,
                reason=send_errors.failure(failure.error).reason,
            ) from None
        self._supervisor.tell(Happening(kind=Kind.UNLINKED_HERE), session.number if session else None)
        self._supervisor.wait_until(lambda status: status.state not in SESSION, 10)

    def is_registered(self, to: Address) -> bool | None:
        """Whether a phone number is on WhatsApp; None for other addresses, and where it could not be asked."""
        if to.kind is not AddressKind.PHONE:
            return None
        try:
            answers = self._call(lambda client: client.is_on_whatsapp(f"+{to.user}"))
        except SendFailed:
            return None
        except _CallFailed as failure:
            log.info("link.not-asked", error=send_errors.masked(failure.error))
            return None
        return any(answer.IsIn for answer in answers)

    def chat_of(self, to: Address) -> str | None:
        """The hidden number by which receipts name this phone number's chat, where the library has met it."""
        if self._neonize is None or to.kind is not AddressKind.PHONE or not self.status().sends:
            return None
        number = self._neonize.recipient(to)
        try:
            return link_events.chat(self._call(lambda client: client.get_lid_from_pn(number)))
        except (SendFailed, _CallFailed):
            return None  # it has not met this number, or is away: then there is no hint

    def number_of(self, hidden: Address) -> str | None:
        """The phone number behind a hidden number, where the library has met it."""
        if self._neonize is None or hidden.kind is not AddressKind.LID or not self.status().sends:
            return None
        lid = self._neonize.recipient(hidden)
        try:
            return link_events.chat(self._call(lambda client: client.get_pn_from_lid(lid)))
        except (SendFailed, _CallFailed):
            return None  # as above

    def groups(self) -> tuple[Group, ...]:
        """The groups this account is in."""
        try:
            found = self._call(lambda client: client.get_joined_groups())
        except _CallFailed as failure:
            log.warning("link.no-groups", error=send_errors.masked(failure.error))
            raise send_errors.failure(failure.error) from None
        groups = (
            Group(
                id=f"{each.JID.User}@{each.JID.Server}", name=each.GroupName.Name, participants=len(each.Participants)
            )
            for each in found
        )
        return tuple(sorted(groups, key=lambda group: (group.name.casefold(), group.id)))

    def given_names(self) -> Mapping[str, str]:
        """What the library's store holds, which it keeps up to date by itself: WhatsApp is not asked."""
        try:
            found = self._call(lambda client: client.contact.get_all_contacts())
        except _CallFailed as failure:
            log.warning("link.no-names", error=send_errors.masked(failure.error))
            sentence = "The names on the phone could not be read now: look at the log if this lasts."
            raise SendFailed(sentence, permanent=False, certain=True) from None
        return capture_events.given_names(found)

    def make_ready(self, what: Outgoing) -> None:
        """Upload the file, once for each way it is shown."""
        self._uploaded(what)

    def _uploaded(self, what: Outgoing) -> Any:
        """What the library knows of the file since its upload, which is made if needed; None without a file."""
        media, now = what.media, self._clock.monotonic()
        if media is None:
            return None
        if self._neonize is None or not self.status().sends:
            raise send_errors.not_connected(self.status())
        kind = self._neonize.upload_kind(media.kind)
        with self._uploading:
            known = self._uploads.get((kind, media.media))
            if known is not None and now - known[0] < _UPLOAD_KEPT:
                return known[1]
            data = what.load(media)
            try:
                answer = self._call(lambda client: client.upload(data, kind), patience=_UPLOAD_PATIENCE)
            except _CallFailed as failure:
                log.warning("link.not-uploaded", error=send_errors.masked(failure.error))
                raise send_errors.not_uploaded(failure.error) from None
            self._uploads = {each: kept for each, kept in self._uploads.items() if now - kept[0] < _UPLOAD_KEPT}
            self._uploads[kind, media.media] = (now, answer)
            return answer

    def send(self, to: Address, what: Outgoing) -> Sent:
        """Send it exactly as it is: no mention, no preview, no look-up is made of what it contains."""
        if self._neonize is None or not self.status().sends:
            raise send_errors.not_connected(self.status())
        way = link_messages.Way(
            to=to,
            own_number=self.own_number(),
            now_ms=int(self._clock.now().timestamp() * 1000),
            uploaded=self._uploaded(what),
        )
        recipient, message = self._neonize.recipient(to), self._neonize.message(what, way)
        with self._sending:
            try:
                answer = self._call(lambda client: client.send_message(recipient, message))
            except _CallFailed as failure:
                failed = send_errors.failure(failure.error)
                log.warning("link.send-failed", reason=failed.reason, error=send_errors.masked(failure.error))
                raise failed from None
        return Sent(message_id=answer.ID)

    def _call(self, what: Callable[[Any], Answer], *, pairs: bool = False, patience: float = 0.0) -> Answer:
        """One call into the library. Raises SendFailed where there is no session, _CallFailed with its error text."""
        if self._line is None or self._neonize is None:
            raise send_errors.not_connected(self.status())
        try:
            with self._supervisor.gate.call(pairs=pairs, patience=patience):
                return what(self._line.client())
        except GateClosed:
            raise send_errors.not_connected(self.status()) from None
        except self._neonize.error as error:
            raise _CallFailed(str(error)) from None
        except Exception as error:  # noqa: BLE001  (whatever it is, a message may have gone; its text goes no further)
            raise _CallFailed(type(error).__name__) from None

    def _read_log(self, part: str, level: str, line: str) -> None:
        (log.error if level == "ERROR" else log.warning)("whatsmeow", part=part, said=send_errors.masked(line))
        if told := link_events.library_line(line):
            self._supervisor.tell(told)

    def _changed(self, status: LinkStatus) -> None:
        session = self._session()
        if status.sends and session:
            self._number = session.own_number()
        elif status.state in _NOBODY:
            self._number = None
        self._ears.status(status)


class _CallFailed(Exception):
    """A call into the library failed; `error` is the library's own text."""

    def __init__(self, error: str) -> None:
        super().__init__("a call into the WhatsApp library failed")
        self.error = error


class _Neonize:
    """neonize, loaded and tamed: its output, its logs and its threads are ours. Loading takes half a second."""

    def __init__(self, read_log: Callable[[str, str, str], None]) -> None:
        self._read_log = read_log
        import pylibmagic  # noqa: F401  (brings the libmagic that neonize needs)
        from google.protobuf.message import DecodeError
        from neonize import client, events
        from neonize.exc import NeonizeError
        from neonize.proto.Neonize_pb2 import LogEntry
        from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as protobuf
        from neonize.utils.enum import MediaType
        from neonize.utils.jid import build_jid

        _take_back_the_root_logger(sys.modules["neonize.utils.log"])
        self.error: type[Exception] = NeonizeError
        self._decode_error: type[Exception] = DecodeError
        self._client, self._events = client, events
        self._build_jid, self._log_entry = build_jid, LogEntry
        self._protobuf, self._media_type = protobuf, MediaType
        logging.getLogger("neonize.utils.log").setLevel(logging.WARNING)  # this is the library's level, too
        logging.getLogger("neonize.utils.ffmpeg").setLevel(logging.ERROR)  # it warns of what is not used here
        client.log_whatsmeow = self._forward
        # A pairing that was given up never returns: its thread must not keep the process from ending.
        client.Thread = _DaemonThread
        link_output.filter_stdout(lambda line: log.debug("neonize", said=send_errors.masked(line)))

    def client(self, name: str, session: str) -> Any:
        """A client that nobody but us stops: by itself it would stop the session of its name when it is collected."""
        platform = self._client.DeviceProps.CHROME
        props = self._client.DeviceProps(os=NAME_ON_PHONE, platformType=platform, requireFullSync=False)
        made = self._client.NewClient(name, uuid=session, props=props)
        made._stop_finalizer.detach()
        return made

    def event_class(self, name: str) -> Any:
        """An event's class by its name in neonize.events."""
        return getattr(self._events, name)

    def event_codes(self) -> Mapping[int, str]:
        """The library's number for each kind of event that is kept, with its name."""
        return {self._events.EVENT_TO_INT[self.event_class(name)]: name for name in link_events.KEPT}

    def parse(self, name: str, data: bytes) -> Any:
        """An event's bytes as the library's object; raises ValueError."""
        if name not in link_events.KEPT:
            raise ValueError(f"'{name[:40]}' is no event that is kept")
        try:
            return self.event_class(name).FromString(data)
        except self._decode_error:
            raise ValueError("the bytes are no such event") from None

    def recipient(self, to: Address) -> Any:
        """The library's address; a string it would not parse."""
        return self._build_jid(to.user, to.kind.value)

    def upload_kind(self, kind: str) -> Any:
        """How the library encrypts a file that is shown as this kind."""
        return getattr(self._media_type, link_messages.UPLOAD_AS[kind])

    def message(self, what: Outgoing, way: link_messages.Way) -> Any:
        """The library's message. Raises SendFailed for a text that is none."""
        try:
            return link_messages.build(self._protobuf, what, way)
        except ValueError:  # a lone surrogate; its own words would repeat the text
            raise SendFailed(
                "The text holds characters that cannot be sent: type it again instead of pasting it.",
                permanent=True,
                certain=True,
                reason=Reason.BAD_TEXT,
            ) from None

    def _forward(self, data: int, size: int) -> None:
        """The Go library's own log lines, from warnings on."""
        if data and size > 0:
            entry = self._log_entry.FromString(ctypes.string_at(data, size))
            self._read_log(entry.Name, entry.Level, entry.Message)


def _take_back_the_root_logger(neonize_log: Any) -> None:
    """Where nobody had set up the root logger before neonize was imported, neonize has."""
    root = logging.getLogger()
    if neonize_log.stream_handler in root.handlers:
        root.removeHandler(neonize_log.stream_handler)
        root.setLevel(logging.WARNING)


class _DaemonThread(threading.Thread):
    """A thread that does not keep the process from ending, whatever its maker asks for."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "daemon": True})

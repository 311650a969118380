"""What programs may order about a message: schedule it, change it, cancel it; each is an operation in the log."""

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from pydantic import TypeAdapter, ValidationError

from session_host import rules
from session_host.contract import Refusal
from session_host.host import Host
from session_host.ledger import KEPT
from session_host.requests import OtherBody, id_for
from shared.model import due
from shared.model.address import Address, BadAddress, parse
from shared.model.content import About, Attachment, Media, misfit
from shared.model.lifecycle import State
from shared.model.message import Message, Status, Verdict
from shared.model.values import Instant
from shared.model.wire import MessageChange, NewMessage

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)

_UNSETTABLE = frozenset({"cancel_if_they_write_after"})

NEVER_HEARD_OF = Refusal(404, "No such message", "There is no message with this id.")


class Orders:
    """Any thread may call. Raises contract.Refusal, StoreError, LedgerError."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def schedule(self, new: NewMessage, body: bytes, key: str | None, by: str, now: datetime) -> Message:
        """One new message, in the log before this returns. The same key or id with the same body is the same order."""
        fields = _checked(new, now)
        if isinstance(new.attachment, Media) and not self._host.media.has(new.attachment.media, new.attachment.size):
            raise wrong("attachment", "There is no such file of this size: send it to POST /api/v1/media first.")
        repeat = f"key:{by}:{key}" if key else f"id:{new.id}" if new.id else f"once:{uuid.uuid4().hex}"
        id_ = new.id or f"api-{uuid.uuid4().hex}"
        if (key or new.id) and not self._host.requests.known(repeat):
            id_, there = self._stored_as(new.id, by, key, now)
            if there is not None:  # the answer, or the ledger with this request in it, was lost
                _check_same(there, fields, by, key, timed=new.send_at is not None)
                return there

        def make() -> Message:
            made = Message(id=id_, revision=1, created_at=now, created_from=f"api:{by}", **fields)
            _check_time(made.send_at, made, now)
            return made.evolve(version=self._host.writer.reserve())

        try:
            request = self._host.requests.first(repeat, body, now, make)
        except OtherBody:
            raise _other_body(key) from None
        if not request.appended:
            self._store(request.message, request.at, now)
            self._host.requests.appended(repeat)
        return self._host.find(request.message.id) or request.message

    def _stored_as(self, id_: str | None, by: str, key: str | None, now: datetime) -> tuple[str, Message | None]:
        """The id this request's message has, and the message of that id where the bucket has one already."""
        if id_ is not None or key is None:
            id_ = id_ or f"api-{uuid.uuid4().hex}"
            return id_, self._host.find_stored(id_, now)
        number = 0
        while True:
            id_ = id_for(by, key, number)
            there = self._host.find_stored(id_, now)
            if there is None or there.created_at is None or there.created_at > now - KEPT:
                return id_, there
            number += 1

    def find(self, message_id: str) -> Message:
        """One message."""
        found = self._host.find(message_id)
        if found is None:
            raise NEVER_HEARD_OF
        return found

    def change(self, message_id: str, change: MessageChange, now: datetime) -> Message:
        """The message with this change, which the host obeys when this returns."""
        self._must_decide(now)
        known = self._open(message_id)
        if change.revision != known.revision:
            raise Refusal(
                409,
                "It was changed meanwhile",
                f"This message is at revision {known.revision}, not {change.revision}: read it again, then change it.",
            )
        named = change.model_fields_set - {"revision"}
        changes: dict[str, Any] = {name: getattr(change, name) for name in named}
        if empty := sorted(name for name, value in changes.items() if value is None and name not in _UNSETTABLE):
            raise wrong(
                MessageChange.model_fields[empty[0]].alias or empty[0],
                "it cannot be unset; leave it out to keep what it is.",
            )
        if "to" in changes:
            changes["to"] = _address(changes["to"])
        if not changes:
            return known
        if changes.keys() & {"text", "to"}:
            changed = known.evolve(**changes)
            _check_content(changed.to, changed.text, changed.attachment, changed.about)
        if "send_at" in changes:
            _check_time(changes["send_at"], known.evolve(**changes), now)
            changes |= {"wall_time": None, "zone": None}
        return self._edit(known, now, **changes)

    def cancel(self, message_id: str, now: datetime) -> Message:
        """The message, cancelled and confirmed; 409 where it is already leaving or has ended."""
        self._must_decide(now)
        known = self._host.find(message_id)
        if known is not None and known.status is Status.CANCELLED:
            return known
        return self._edit(self._open(message_id), now, cancelled=True)

    def judge(self, message_id: str, verdict: Verdict | None, now: datetime) -> Message:
        """What a person says of a message whose end is unknown (None: takes it back); 409 for any other message."""
        known = self.find(message_id)
        if known.delivery.state is not State.UNKNOWN:
            raise Refusal(
                409,
                "Nothing to settle",
                f"This message is {known.status}; a person can only settle one whose end is unknown.",
            )
        if known.verdict is not verdict:
            judged = known.edited(self._host.writer.reserve(), settles=True, verdict=verdict)
            self._host.writer.append(judged.version, now, messages=[judged])
            self._host.ledger.judged(judged)
            self._host.fold_soon()
        return self.find(message_id)

    def _must_decide(self, now: datetime) -> None:
        """Only the host that leads may promise anything: another one would send what this one called cancelled."""
        if reason := self._host.decides(now):
            raise Refusal(503, "This host decides nothing now", reason)

    def _open(self, message_id: str) -> Message:
        known = self.find(message_id)
        _require_open(known)
        return known

    def _edit(self, known: Message, now: datetime, **changes: Any) -> Message:
        name = self._host.writer.reserve()
        try:
            edited = known.edited(name, **changes)
        except ValidationError as error:
            raise Refusal.invalid(error) from None
        self._store(edited, now, now)
        stands = self.find(known.id)
        _require_open(stands)
        return stands

    def _store(self, message: Message, at: datetime, now: datetime) -> None:
        self._host.writer.append(message.version, at, messages=[message])
        soon = message.send_at <= now + due.WEB_HORIZON
        obeys = self._host.decides(now) is None  # else whoever leads finds it in the log
        self._host.ledger.accept([message], "api", self._host.pulse.host, now, due=soon, obeys=obeys)
        self._host.fold_soon()


def _require_open(message: Message) -> None:
    state = message.delivery.state
    if state is State.BEGUN:
        raise Refusal(409, "Already leaving", "This message has begun to leave and cannot be changed any more.")
    if not state.open:
        raise Refusal(409, "Already ended", f"This message is already {message.status} and cannot be changed any more.")


def _checked(new: NewMessage, now: datetime) -> dict[str, Any]:
    names = ("text", "contact_name", "zone", "if_late", "attachment", "about", "cancel_if_they_write_after")
    fields: dict[str, Any] = {name: getattr(new, name) for name in names}
    send_at = new.send_at or now
    address = _address(new.to)
    _check_content(address, new.text, new.attachment, new.about)
    if new.zone is not None and new.zone not in available_timezones():
        raise wrong("zone", f"'{new.zone}' is no time zone: write it like Europe/London.")
    return fields | {"to": address, "send_at": send_at}


def _check_same(there: Message, fields: dict[str, Any], by: str, key: str | None, *, timed: bool) -> None:
    """Whether these fields ask for this very message. One that was changed since is taken for it by its origin."""
    if there.revision > 1 and there.created_from == f"api:{by}":
        return
    asked = fields if timed else fields | {"send_at": there.created_at}
    if any(getattr(there, name) != value for name, value in asked.items()):
        raise _other_body(key)


def _other_body(key: str | None) -> Refusal:
    what = "Idempotency-Key" if key else "id"
    sentence = f"The same {what} came before with another body, or another message has this id: choose a new one."
    return Refusal(409, f"This {what} was used", sentence)


def imagined(to: str, at: str | None, now: datetime, id_: str | None = None) -> Message:
    """A message to ask what would become of it; a time that has passed means now. `id_` where it is scheduled."""
    try:
        send_at = _INSTANT.validate_python(at) if at else now
    except ValidationError:
        raise wrong("at", f"'{at}' is no time: write it with its zone, like 2026-12-24T10:00:00Z.") from None
    address = _address(to)
    try:
        return Message(id=id_ or f"imagined-{uuid.uuid4().hex}", to=address, text="?", send_at=max(send_at, now))
    except ValidationError:
        raise wrong("id", "That is no message's id.") from None


def _address(typed: str) -> str:
    try:
        return str(parse(typed))
    except BadAddress as error:
        raise wrong("to", str(error)) from None


def _check_content(to: str, text: str, attachment: Attachment | None, about: About | None) -> None:
    for name, value in (("attachment", attachment), ("about", about)):
        if value is not None and value.model_extra:
            raise wrong(name, f"This has no field '{min(value.model_extra)[:40]}'.")
    if found := misfit(to, text, attachment, about):
        raise wrong(*found)
    if about is not None and about.sender is not None:
        try:
            Address.from_stored(about.sender)
        except BadAddress as error:
            raise wrong("about", str(error)) from None


def _check_time(send_at: datetime, message: Message, now: datetime) -> None:
    if sentence := rules.slip_of_year(send_at):
        raise wrong("scheduledTime", sentence)
    if send_at + rules.lateness_limit(message) < now:
        raise wrong("scheduledTime", "This time has passed, and so has the limit for being late: choose a later one.")


def wrong(field: str, sentence: str) -> Refusal:
    """What was asked cannot be: this field, and why, in a sentence."""
    return Refusal(422, "Not understood", sentence, errors=({"field": field, "message": sentence},))

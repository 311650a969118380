"""scheduled.json: each record as a message, or the reason why it cannot be one."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import ValidationError

from cli.old.deciding import Wish, asks_if_late, what
from cli.old.encodings import Mender
from cli.old.records import as_record, old_record
from cli.old.report import Report, Skip
from cli.old.source import BadFile
from shared.model import address
from shared.model.address import Address, BadAddress
from shared.model.message import Message, not_certain
from shared.model.values import first_of, print_instant

NO_NUMBER = "Number that is none; the message will end failed, unless you correct it on the page"
NOT_CERTAIN = "Whether it was sent the file does not say: never sent by itself, you settle it on the page"
ONE_ID = "The id of another message of these files: both are taken over, this one under an id of its own"
IN_ZONE = "Times kept with the zone they were meant in"


def records(found: Any, name: str) -> list[Any]:
    """The raw records of a scheduled.json. Raises BadFile where it is something else."""
    listed = found.get("messages") if isinstance(found, Mapping) else found
    if not isinstance(listed, list):
        raise BadFile(f'{name} is not what the old system wrote: a list, or an object with a list of "messages".')
    return listed


class Apart:
    """Tells different messages of one id apart: the first keeps it, the next is `<id>-2`."""

    def __init__(self) -> None:
        self._known: dict[str, object] = {}

    def renamed(self, message: Message) -> Message:
        """The message under an id that no other one has. The same messages in the same order get the same ids."""
        names = (message.id if number == 1 else f"{message.id[:180]}-{number}" for number in count(1))
        name = next(name for name in names if self._known.setdefault(name, what(message)) == what(message))
        return message if name == message.id else message.evolve(id=name)


def read(
    listed: list[Any], report: Report, mender: Mender, country: str, now: datetime, apart: Apart | None = None
) -> Iterator[Wish[Message]]:
    """The messages among these records; the others are in the report with the reason."""
    apart = apart or Apart()
    for position, raw in enumerate(listed, start=1):
        report.read += 1
        which = named(raw, position)
        try:
            one = _read_one(raw, which, report, mender, country, now)
        except Skip as reason:
            report.skip(str(reason), which)
            continue
        wanted = apart.renamed(one.wanted)
        if wanted is not one.wanted:
            report.remark(ONE_ID, which)
        yield Wish(one.as_old, wanted)


def named(raw: Any, position: int) -> str:
    """A record for the report: its id, where that is one the old system makes, and its place in the file."""
    ident = plain_id(raw.get("id")) if isinstance(raw, Mapping) else None
    return f"{ident} at {position:,}" if ident else f"no. {position:,}"


def plain_id(ident: Any) -> str | None:
    """An id that may be printed: one the old system makes; None for any other."""
    plain = isinstance(ident, str) and len(ident) <= 60 and ident.isascii() and ident.replace("_", "").isalnum()
    return ident if plain else None


def _read_one(raw: Any, which: str, report: Report, mender: Mender, country: str, now: datetime) -> Wish[Message]:
    raw = old_record(raw)
    as_old, message = _as_it_lies(raw), as_record(Message, _understood(raw), raw)
    text, contact_name = mender.texts(message.text, message.contact_name)
    to = _number(message.to, country)
    if to is None and message.open:
        report.remark(NO_NUMBER, which)
    if not_certain(raw.get("status")):
        report.remark(NOT_CERTAIN, which)
    zone = _zone(raw)
    changes: dict[str, Any] = {"text": text, "contact_name": contact_name, "to": to or message.to}
    if zone:
        report.remark(IN_ZONE, which)
        changes |= {"zone": zone, "wall_time": message.send_at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M:%S")}
    return Wish(as_old, asks_if_late(message.evolve(**changes), now))


def _as_it_lies(raw: Mapping[str, Any]) -> Message | None:
    try:
        return Message.model_validate(raw)
    except ValidationError:
        return None


def _understood(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The record with the old system's other names in today's; what became of it the message reads itself."""
    fields = dict(raw)
    for other in ("scheduledAt", "scheduled_at"):
        if "scheduledTime" not in fields and fields.get(other):
            fields["scheduledTime"] = fields.pop(other)
    if fields.get("status") == "failed":
        error = first_of(fields, "error", "errorMessage")
        fields["error"] = None if error is None else str(error)[:1000]
    else:
        fields.pop("error", None)
    return fields


def _number(to: str, country: str) -> str | None:
    """Whom it goes to as it is stored; None where that is nobody's number or address."""
    try:
        return str(Address.from_stored(to) if "@" in to else parse_number(to, country))
    except BadAddress:
        return None


def parse_number(typed: str, country: str) -> Address:
    """A number as the old system kept it: with its country code, or with a 0 in front in `country`. Raises BadAddress.

    >>> str(parse_number("07700 900001", "GB"))
    '447700900001'
    """
    national = typed.strip().startswith("0") and not typed.strip().startswith("00")
    return address.parse(typed, country if national else None)


def _zone(raw: Mapping[str, Any]) -> str | None:
    zone = raw.get("scheduledInTimezone")
    return zone if isinstance(zone, str) and zone in _ZONES else None


_ZONES = available_timezones()


def outlook(messages: list[Message], now: datetime) -> Iterator[str]:
    """What will become of the messages that wait, in sentences."""
    waiting = [message for message in messages if message.open and not message.cancelled]
    future = sorted(message.send_at for message in waiting if message.send_at > now)
    past = len(waiting) - len(future)
    if future:
        yield f"{len(future):,} will be sent at their time, the next at {print_instant(future[0])}."
        yield "Stop the old system first: it would send them too."
    if past:
        yield f"{past:,} should have been sent already: none is sent by itself. Each is shown as missed and asks you."

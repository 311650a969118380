"""Messages, contacts and operations with sensible defaults: a test names only what it is about."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.model import lifecycle
from shared.model.contact import Contact, Phone
from shared.model.lifecycle import Claim, Delivery
from shared.model.link import Link, LinkStatus, describe
from shared.model.message import Message
from shared.model.recurrence import Freq, Rule
from shared.model.series import Series
from tests.cast import ALICE, Person

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""A Sunday noon, in London too: the present of every test that does not choose another."""

_serial = itertools.count(1)


def in_(seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> datetime:
    """The instant that long after NOW (negative: before)."""
    return NOW + timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)


def version(writer: str = "web", number: int | None = None) -> str:
    """A version name as a Writer makes them; fresh unless numbered."""
    return f"{writer}-{'0' * 32}-{next(_serial) if number is None else number:08d}"


def message(to: Person | str = ALICE, **changes: Any) -> Message:
    """A message to Alice in an hour, at its first revision, pending; pass what should differ."""
    person = to if isinstance(to, Person) else None
    fields: dict[str, Any] = {
        "id": f"message-{next(_serial)}",
        "revision": 1,
        "version": version(),
        "to": person.number if person else to,
        "contact_name": person.name if person else None,
        "text": "The kettle is on.",
        "send_at": in_(hours=1),
        "created_at": NOW,
        "created_from": "web",
    }
    return Message(**(fields | changes))


def series(to: Person = ALICE, **changes: Any) -> Series:
    """A message to Alice every Friday at 18:00 in London, from the coming one on; pass what should differ."""
    fields: dict[str, Any] = {
        "id": f"series-{next(_serial)}",
        "revision": 1,
        "version": version(),
        "to": to.number,
        "contact_name": to.name,
        "text": "The bins go out tonight.",
        "first": "2026-11-27T18:00",
        "zone": "Europe/London",
        "rule": Rule(freq=Freq.WEEKLY, weekdays=(4,)),
        "changed_at": NOW,
        "created_at": NOW,
        "created_from": "web",
    }
    return Series(**(fields | changes))


def contact(person: Person = ALICE, **changes: Any) -> Contact:
    """That person as a contact with one phone, at its first revision."""
    fields: dict[str, Any] = {
        "id": f"contact-{person.number}",
        "revision": 1,
        "version": version(),
        "name": person.name,
        "phones": (Phone(number=person.number),),
        "created_at": NOW,
    }
    return Contact(**(fields | changes))


def claimed(message: Message, now: datetime = NOW, host: str = "host-1", by: str = "tick") -> Message:
    """The same message once a host has claimed this revision of it."""
    claim = Claim(host=host, revision=message.revision, version=message.version, send_at=message.send_at)
    return message.evolve(delivery=lifecycle.claim(message.delivery, claim, now, by))


def begun(message: Message, now: datetime | None = None) -> Message:
    """The same message, being sent."""
    return message.evolve(delivery=lifecycle.begin(claimed(message).delivery, now or message.send_at))


def sent(message: Message, now: datetime | None = None, message_id: str = "3EB0FICTION") -> Message:
    """The same message, acknowledged by WhatsApp 200 ms after its second."""
    at = now or message.send_at + timedelta(milliseconds=200)
    return message.evolve(delivery=lifecycle.sent(begun(message).delivery, at, message_id))


def read(message: Message, after: timedelta = timedelta(seconds=3)) -> Message:
    """The same message, delivered a second after its time and read after a while."""
    there = lifecycle.delivered(sent(message).delivery, message.send_at + timedelta(seconds=1))
    return message.evolve(delivery=lifecycle.read(there, message.send_at + after))


def failed(message: Message, reason: str = "This number is not on WhatsApp.", now: datetime | None = None) -> Message:
    """The same message, certainly not delivered."""
    return message.evolve(delivery=lifecycle.failed(claimed(message).delivery, now or message.send_at, reason))


def unknown(message: Message, reason: str = "The connection broke while it was sent.") -> Message:
    """The same message, perhaps delivered."""
    return message.evolve(delivery=lifecycle.unknown(begun(message).delivery, message.send_at, reason))


def missed(message: Message, reason: str = "The link was down for longer than allowed.") -> Message:
    """The same message, too late to be sent."""
    return message.evolve(delivery=lifecycle.missed(message.delivery, message.send_at + timedelta(hours=6), reason))


def called_off(message: Message, wrote_at: datetime | None = None) -> Message:
    """The same message, not sent because they had written first, an hour before its second."""
    at = wrote_at or message.send_at - timedelta(hours=1)
    half = lifecycle.called_off(message.delivery, message.send_at, at, "They wrote first, so this was not sent.")
    return message.evolve(delivery=half)


def delivery(**changes: Any) -> Delivery:
    """A fresh delivery half with these fields."""
    return Delivery(**changes)


def link_status(state: Link = Link.CONNECTED, since: datetime = NOW, detail: str | None = None) -> LinkStatus:
    """The link in this state since noon."""
    return describe(state, since, detail)

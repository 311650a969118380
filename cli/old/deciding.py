"""What becomes of one old record, given what is here already; and the record that is written where something is."""

from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

from cli.old.report import Fate
from shared.model.contact import Contact
from shared.model.lifecycle import Delivery, State
from shared.model.message import IfLate, LatePolicy, Message
from shared.model.versioned import Versioned

R = TypeVar("R", bound=Versioned)

WRITER = "import"
"""What versions written by an import begin with."""

SENT_BEFORE = "Edited here, and the old system sent what it was before: it goes at its time as another message"

_BOOKKEEPING = {"revision", "version", "replaces", "conflicts", "delivery"}
_PEOPLES = {"if_late", "cancelled", "verdict", "deleted_at"}
"""What is decided in this system only; that it differs says nothing about the old record."""


class Wish(NamedTuple, Generic[R]):
    """An old record. as_old: as this system reads it where it lies, None where it cannot; wanted: as it is to be."""

    as_old: R | None
    wanted: R


def asks_if_late(message: Message, now: datetime) -> Message:
    """The message; one that waits and whose time is past is never sent by itself."""
    late = message.open and message.send_at <= now
    return message.evolve(if_late=IfLate(policy=LatePolicy.ASK)) if late else message


def decide(known: R | None, wish: Wish[R]) -> Fate:
    """Whether this record is to be written: new, or changed. What was edited in this system stays as it is."""
    as_old, wanted = wish
    if known is None:
        return Fate.NEW
    if _says_more(known, wish):
        return Fate.CHANGED
    if same(known, wanted):
        return Fate.HERE
    if _edited(known):
        return Fate.KEPT
    as_it_came = known.version or (as_old is not None and same(known, as_old))
    return Fate.CHANGED if as_it_came else Fate.KEPT


def sent_before(known: R | None, wish: Wish[R]) -> bool:
    """Whether what waits here was made, by an edit, from a message that the old system sent, or may have."""
    if not isinstance(known, Message) or not isinstance(wish.wanted, Message) or not _waits(known):
        return False
    return wish.wanted.delivery.state in (State.SENT, State.UNKNOWN) and _is_another(known, wish)


def to_write(known: R | None, wanted: R, version: str) -> R:
    """The record under this version, made from what is known, so that no merge shows it twice or as a conflict.

    A new one replaces the version that the old file has in place: the empty one. What a person wrote here stays.
    """
    if known is None:
        return wanted.edited(version)
    edited = known.edited(version)
    if _edited(known):
        return edited.evolve(**_kept(known, wanted))
    bookkeeping = {name: getattr(edited, name) for name in ("revision", "version", "replaces", "conflicts")}
    return wanted.evolve(**bookkeeping, **_kept(known, wanted))


def same(known: Versioned, other: Versioned) -> bool:
    """Whether both say the same, but for what only this system decides."""
    return _content(known) == _content(other)


def _content(record: Versioned) -> dict[str, Any]:
    names = type(record).model_fields.keys() - _BOOKKEEPING - _PEOPLES
    return {name: getattr(record, name) for name in names} | (record.model_extra or {})


def _says_more(known: R, wish: Wish[R]) -> bool:
    """The old system sent or cancelled what waits here; or its time is past, and it lies here in the old file only."""
    wanted = wish.wanted
    if not isinstance(known, Message) or not isinstance(wanted, Message):
        return False
    if _ends(known, wanted):
        return not _is_another(known, wish)
    return _waits(known) and (_cancels(known, wanted) or (not known.version and known.if_late != wanted.if_late))


def _is_another(known: R, wish: Wish[R]) -> bool:
    """Whether an edit here made another message of it: another text, somebody else, another time."""
    return _edited(known) and what(known) not in [what(each) for each in wish if each is not None]


def what(record: Versioned) -> object:
    """What tells two messages of one id apart: text, to whom, when. Nothing tells two contacts apart."""
    return (record.text, record.to, record.send_at) if isinstance(record, Message) else None


def _cancels(known: Message, wanted: Message) -> bool:
    return wanted.cancelled and not _edited(known)


def _edited(known: Versioned) -> bool:
    """Whether somebody edited it in this system, before or after an import."""
    return any(version and not version.startswith(f"{WRITER}-") for version in (known.version, *known.replaces))


def _ends(known: Message, wanted: Message) -> bool:
    """The old system says how it ended, of what waits here or of what it had left open itself."""
    left_open = known.delivery.state is State.UNKNOWN and known.delivery.claim is None
    return wanted.delivery.state.settled if _waits(known) else left_open and wanted.delivery.state is State.SENT


def _waits(message: Message) -> bool:
    return message.delivery.state is State.PENDING and not message.cancelled


def _kept(known: Versioned, wanted: Versioned) -> dict[str, Any]:
    if isinstance(known, Message) and isinstance(wanted, Message):
        ends = _ends(known, wanted)
        delivery = _settled(known.delivery, wanted.delivery) if ends else known.delivery
        late = known.if_late if known.version else wanted.if_late
        cancelled = known.cancelled or _cancels(known, wanted)
        return {"delivery": delivery, "if_late": late, "cancelled": cancelled, "verdict": known.verdict}
    if isinstance(known, Contact):
        return {"deleted_at": known.deleted_at}
    return {}


def _settled(known: Delivery, end: Delivery) -> Delivery:
    """The half of what waits here, ended as the old system says: of the same attempt, so that it is the later one."""
    ended = {name: getattr(end, name) for name in ("state", "settled_at", "sent_at", "error")}
    return known.evolve(step=known.step + 1, held_until=None, held_reason=None, **ended)

"""What becomes of one old record, given what is here already; and the record that is written where something is."""

from typing import Any, Generic, NamedTuple, TypeVar

from cli.old.report import Fate
from shared.model.contact import Contact
from shared.model.lifecycle import State
from shared.model.message import Message
from shared.model.versioned import Versioned, merge

R = TypeVar("R", bound=Versioned)

WRITER = "import"
"""What versions written by an import begin with."""

_BOOKKEEPING = {"revision", "version", "replaces", "conflicts", "delivery"}
_PEOPLES = {"if_late", "cancelled", "verdict", "deleted_at"}
"""What is decided in this system only; that it differs says nothing about the old record."""


class Wish(NamedTuple, Generic[R]):
    """An old record. as_old: as this system reads it where it lies, None where it cannot; wanted: as it is to be."""

    as_old: R | None
    wanted: R

    def merged(self, other: "Wish[R]") -> "Wish[R]":
        """Two records of one id as one."""
        as_old = merge(self.as_old, other.as_old) if self.as_old and other.as_old else None
        return Wish(as_old, merge(self.wanted, other.wanted))


def decide(known: R | None, wish: Wish[R]) -> Fate:
    """Whether this record is to be written: new, or changed. What was edited in this system stays as it is."""
    as_old, wanted = wish
    if known is None:
        return Fate.NEW
    if _says_more(known, wanted):
        return Fate.CHANGED
    if same(known, wanted):
        return Fate.HERE
    as_it_came = _imported(known) or (not known.version and as_old is not None and same(known, as_old))
    return Fate.CHANGED if as_it_came else Fate.KEPT


def to_write(known: R | None, wanted: R, version: str) -> R:
    """The record under this version, made from what is known, so that no merge shows it twice or as a conflict.

    A new one replaces the version that the old file has in place: the empty one.
    """
    if known is None:
        return wanted.edited(version)
    edited = known.edited(version)
    bookkeeping = {name: getattr(edited, name) for name in ("revision", "version", "replaces", "conflicts")}
    return wanted.evolve(**bookkeeping, **_kept(known, wanted))


def same(known: Versioned, other: Versioned) -> bool:
    """Whether both say the same, but for what only this system decides."""
    return _content(known) == _content(other)


def _content(record: Versioned) -> dict[str, Any]:
    names = type(record).model_fields.keys() - _BOOKKEEPING - _PEOPLES
    return {name: getattr(record, name) for name in names} | (record.model_extra or {})


def _says_more(known: Versioned, wanted: Versioned) -> bool:
    """The old system sent or cancelled what waits here; or its time is past, and it lies here in the old file only."""
    if not isinstance(known, Message) or not isinstance(wanted, Message) or not _waits(known):
        return False
    if wanted.delivery.state.settled or _cancels(known, wanted):
        return True
    return not known.version and known.if_late != wanted.if_late


def _cancels(known: Message, wanted: Message) -> bool:
    return wanted.cancelled and (not known.version or _imported(known))


def _imported(known: Versioned) -> bool:
    """Whether it is here as an import wrote it."""
    return known.version.startswith(f"{WRITER}-")


def _waits(message: Message) -> bool:
    return message.delivery.state is State.PENDING and not message.cancelled


def _kept(known: Versioned, wanted: Versioned) -> dict[str, Any]:
    if isinstance(known, Message) and isinstance(wanted, Message):
        settled = wanted.delivery.state.settled and _waits(known)
        delivery = wanted.delivery.merged(known.delivery) if settled else known.delivery
        late = known.if_late if known.version else wanted.if_late
        cancelled = known.cancelled or _cancels(known, wanted)
        return {"delivery": delivery, "if_late": late, "cancelled": cancelled, "verdict": known.verdict}
    if isinstance(known, Contact):
        return {"deleted_at": known.deleted_at}
    return {}

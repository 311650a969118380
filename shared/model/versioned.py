"""Records that several writers change without a lock: every edit is kept or knowingly replaced, none is overwritten.

A record is a set of *heads* (contents nobody has replaced yet) and the names of all versions that were replaced.
Merging two copies is the union of both sets, so it is commutative, associative and idempotent; the shown head is the
greatest by (revision, ended, version). What lost without having been read by the winner's writer stays in `conflicts`
until a person picks. A head that gives way stands only where there is no other, and only the greatest such does.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field

from shared.model.values import Record

RecordId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s/\\\x00-\x1f]+$")]


class Versioned(Record):
    """One record: the winning content's fields, plus what is needed to merge it with another copy."""

    id: RecordId
    revision: int = Field(default=0, ge=0, description="counts edits; times order nothing")
    version: str = Field(default="", max_length=200, description="name of the operation that wrote this content")
    replaces: tuple[str, ...] = Field(
        default=(), description="every version this record's heads were made from, sorted"
    )
    conflicts: tuple[Self, ...] = Field(default=(), description="other heads, greatest first")

    @property
    def ended(self) -> bool:
        """Whether this content ends the record (cancelled, deleted): wins over an edit of equal revision."""
        return False

    @property
    def gives_way(self) -> bool:
        """Whether nobody wrote this content, it follows from another record: whatever somebody writes beats it."""
        return False

    @property
    def order(self) -> tuple[int, bool, str]:
        """What decides between two heads: the higher revision, then the one that ends it, then the version's name."""
        return (self.revision, self.ended, self.version)

    def edited(self, version: str, *, settles: bool = False, **changes: Any) -> Self:
        """The record as one writer changes it, made from what that writer saw.

        `settles` also replaces the conflicting heads: the person has picked. Raises pydantic.ValidationError on bad
        changes.
        """
        seen = {self.version} | ({other.version for other in self.conflicts} if settles else set())
        replaces = tuple(sorted({*self.replaces, *seen}))
        conflicts = () if settles else self.conflicts
        revision = 1 + max(self.revision, *(other.revision for other in self.conflicts), 0)
        return self.evolve(revision=revision, version=version, replaces=replaces, conflicts=conflicts, **changes)

    def merge_rest(self, other: Self) -> dict[str, Any]:
        """What a subclass merges by a rule of its own (a message's delivery); applied to the winner."""
        return {}

    def head(self) -> Self:
        """This content alone, without the bookkeeping of other heads."""
        return self.evolve(replaces=(), conflicts=())

    def heads(self) -> tuple[Self, ...]:
        """Every content nobody has replaced yet, this one first."""
        return (self.head(), *(other.head() for other in self.conflicts))


R = TypeVar("R", bound=Versioned)


def merge(mine: R, theirs: R) -> R:
    """The record both copies together describe; refuses records with different ids (ValueError)."""
    if mine.id != theirs.id:
        raise ValueError(f"cannot merge {mine.id} with {theirs.id}")
    if mine == theirs:
        return mine
    replaced = {*mine.replaces, *theirs.replaces}
    heads = _heads(mine, theirs)
    live = [head for version, head in heads.items() if version not in replaced] or list(heads.values())
    if any(head.gives_way for head in live):
        live = [head for head in live if not head.gives_way] or [max(live, key=_order_and_text)]
    apart = len({head.order for head in live}) == len(live)  # else the text decides, which is dear to print
    winner, *others = sorted(live, key=(lambda head: head.order) if apart else _order_and_text, reverse=True)
    changes = {"replaces": tuple(sorted(replaced)), "conflicts": tuple(others), **mine.merge_rest(theirs)}
    return winner.evolve(**changes)


def merge_all(records: Iterable[R]) -> dict[str, R]:
    """All copies folded into one record for each id, in the order the ids first appear."""
    merged: dict[str, R] = {}
    for record in records:
        known = merged.get(record.id)
        merged[record.id] = record if known is None else merge(known, record)
    return merged


def _heads(*copies: R) -> dict[str, R]:
    heads: dict[str, R] = {}
    for copy in copies:
        for head in copy.heads():
            known = heads.get(head.version)
            if known is None or (head != known and _order_and_text(head) > _order_and_text(known)):
                heads[head.version] = head
    return heads


def _order_and_text(record: Versioned) -> tuple[tuple[int, bool, str], str]:
    return (record.order, record.model_dump_json(by_alias=True))

"""What an import found and would do, counted: reasons with examples by id or position, never what somebody wrote."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

EXAMPLES = 3
"""How many records are named for each reason."""


class Fate(StrEnum):
    """What becomes of one record."""

    NEW = "new"
    HERE = "already here"
    CHANGED = "changed"
    """It is here as the old system left it, and what is read now says more or says it better."""
    KEPT = "changed here since"
    """It is here and was edited in this system: that stays."""
    TWIN = "here as another contact"
    DUPLICATE = "twice in the file"
    SKIPPED = "skipped"


class Skip(Exception):
    """A record cannot be taken over; the message is the reason, the same for all records with it."""


@dataclass
class Group:
    """How many records something is true of, and which the first ones are."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, which: str) -> None:
        """One more."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(which)

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.examples) else ""
        return f"{self.count:,} ({', '.join(self.examples)}{more})"


@dataclass
class Report:
    """What was found in one file. problem: why it could not be read at all. notes: what a person should know.

    ours: it is none of the old system's, but this system's file of the same name.
    """

    name: str
    what: str = "records"
    size: int = 0
    sha256: str = ""
    read: int = 0
    fates: Counter[Fate] = field(default_factory=Counter)
    skipped: dict[str, Group] = field(default_factory=dict)
    remarks: dict[str, Group] = field(default_factory=dict)
    mended: int = 0
    doubtful: int = 0
    notes: list[str] = field(default_factory=list)
    problem: str | None = None
    ours: bool = False

    def skip(self, reason: str, which: str) -> None:
        """A record that is left out."""
        self.fates[Fate.SKIPPED] += 1
        self.skipped.setdefault(reason, Group()).add(which)

    def remark(self, what: str, which: str) -> None:
        """Something about a record that is taken over all the same."""
        self.remarks.setdefault(what, Group()).add(which)

    def lines(self) -> Iterator[str]:
        """For people."""
        size = f"{self.size / 1e6:,.1f} MB" if self.size >= 100_000 else f"{self.size:,} bytes"
        yield f"{self.name}  ({size})"
        if self.problem:
            yield f"  ! {self.problem}"
            return
        if self.read or not self.notes:
            yield f"  {'read':24} {self.read:>9,} {self.what}"
        for fate in Fate:
            if self.fates[fate]:
                yield f"  {fate:24} {self.fates[fate]:>9,}"
        for reason, group in self.skipped.items():
            yield f"    {reason}: {group}"
        for remark, group in self.remarks.items():
            yield f"  {remark}: {group}"
        if self.mended:
            yield f"  Broken encoding put right in {self.mended:,} of them."
        if self.doubtful:
            yield f"  Perhaps a broken encoding, not certain and left as it is, in {self.doubtful:,} of them."
        yield from (f"  {note}" for note in self.notes)

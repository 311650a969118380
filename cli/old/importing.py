"""One import from beginning to end: look at everything, then, where that is wanted and nothing is wrong, write."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from cli.old import chats, contacts, scheduled, storing
from cli.old.deciding import SENT_BEFORE, Wish, decide, sent_before
from cli.old.encodings import Mender
from cli.old.report import Fate, Report
from cli.old.source import CHATS, CONTACTS, SCHEDULED, BadFile, OldFile, Progress, check_space, read_json
from cli.old.spill import Spill
from cli.old.storing import Change
from shared.clock import Clock
from shared.model.contact import Contact
from shared.model.message import Message
from shared.model.versioned import Versioned, merge, merge_all
from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.view import View

R = TypeVar("R", bound=Versioned)

Bar = Callable[[str, int], AbstractContextManager[Progress]]
"""Shows how far something is: its label, and how many bytes or things there are."""

OURS = "It is this system's own already: what the old one left there was read in place, and lies under before-import/."
OURS_IN_FOLDER = "It is this system's own, not the old one's: nothing of it is taken over, and no copy of it is kept."


@dataclass
class Found:
    """What was looked at. reports: one for each file, in order; messages, contacts: what is to be written."""

    files: list[OldFile]
    reports: dict[str, Report]
    messages: list[Change[Message]] = field(default_factory=list)
    contacts: list[Change[Contact]] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether every file could be read."""
        return not any(report.problem for report in self.reports.values())


class Look:
    """Reads and judges everything, and writes nothing but to the spill."""

    def __init__(self, bucket: Bucket, spill: Spill, country: str, now: datetime, bar: Bar) -> None:
        """`country`: of numbers that begin with a 0. Raises StoreError when the bucket does not answer."""
        self._bucket, self._spill, self._country, self._now, self._bar = bucket, spill, country, now, bar
        self._here = View(bucket).read(now)
        self._apart = scheduled.Apart()

    def at(self, files: list[OldFile]) -> Found:
        """What is in these. What is wrong with a file is in its report. Raises StoreError."""
        found = Found(files, {})
        for file in files:
            report = found.reports[file.name] = Report(file.name, size=file.size)
            try:
                self._check_here()
                self._at(file, report, found)
            except BadFile as error:
                report.problem = str(error)
        found.messages = [*_distinct(found.messages)]
        found.contacts = [*_distinct(found.contacts)]
        return found

    def _check_here(self) -> None:
        for key in (keys.SCHEDULED, keys.CONTACTS):
            if sentence := self._here.unreadable.get(key):
                raise BadFile(f"What is here already cannot be told: {sentence}")

    def _at(self, file: OldFile, report: Report, found: Found) -> None:
        mender = Mender()
        if file.name in CHATS:
            self._at_chats(file, report, mender)
        else:
            with self._bar(f"Reading {file.name}", file.size) as progress:
                value, report.sha256 = read_json(file, progress)
            if isinstance(value, Mapping) and isinstance(value.get("version"), int):
                _is_ours(file, report)
            elif file.name in SCHEDULED:
                self._at_messages(value, report, mender, found)
            elif file.name in CONTACTS:
                self._at_contacts(value, report, mender, found)
            else:
                _at_jobs(value, report)
        report.mended, report.doubtful = mender.changed, mender.doubtful

    def _at_messages(self, value: Any, report: Report, mender: Mender, found: Found) -> None:
        report.what = "messages"
        listed = scheduled.records(value, report.name)
        pairs = scheduled.read(listed, report, mender, self._country, self._now, self._apart)
        mine = _judge(pairs, self._here.messages, report, found.messages)
        report.notes += scheduled.outlook(mine, self._now)

    def _at_contacts(self, value: Any, report: Report, mender: Mender, found: Found) -> None:
        report.what = "contacts"
        numbers = {phone.number for each in self._here.contacts.values() for phone in each.phones}
        people = contacts.read(contacts.records(value, report.name), report, mender, self._country)
        _judge(people, self._here.contacts, report, found.contacts, twin=lambda each: _shares(each, numbers))

    def _at_chats(self, file: OldFile, report: Report, mender: Mender) -> None:
        report.what = "messages"
        with self._bar(f"Reading {file.name}", file.size) as progress:
            try:
                for each in chats.take(file, report, mender, progress):
                    self._spill.add(each)
            except chats.Ours:
                _is_ours(file, report)
        self._spill.sort()
        report.fates[Fate.DUPLICATE] += self._spill.duplicates
        total = sum(count for _, count in self._spill.days())
        with self._bar("Looking what is in the history already", total) as progress:
            for kept in storing.store_history(self._bucket, self._spill, progress, write=False):
                report.fates[Fate.NEW] += kept.new
                report.fates[Fate.HERE] += kept.here


def _judge(
    wishes: Iterable[Wish[R]],
    known: Mapping[str, R],
    report: Report,
    into: list[Change[R]],
    twin: Callable[[R], bool] = lambda _: False,
) -> list[R]:
    """Decide about each; those that will wait or are here."""
    distinct: dict[str, R] = {}
    lying: list[R] = []
    for wish in wishes:
        lying += [] if wish.as_old is None else [wish.as_old]
        earlier = distinct.get(wish.wanted.id)
        report.fates[Fate.DUPLICATE] += earlier is not None
        distinct[wish.wanted.id] = wish.wanted if earlier is None else merge(earlier, wish.wanted)
    in_place = merge_all(lying)
    mine = []
    for ident, wanted in distinct.items():
        here, wish = known.get(ident), Wish(in_place.get(ident), wanted)
        if sent_before(here, wish):
            report.remark(SENT_BEFORE, scheduled.plain_id(ident) or "one with an id of another kind")
        fate = Fate.TWIN if here is None and twin(wanted) else decide(here, wish)
        report.fates[fate] += 1
        if fate in (Fate.NEW, Fate.CHANGED):
            into.append(Change(here, wanted))
            mine.append(wanted)
        elif here is not None:
            mine.append(here)
    return mine


def _distinct(changes: Iterable[Change[R]]) -> Iterator[Change[R]]:
    """Where two files have a record of the same id: one of both."""
    merged: dict[str, Change[R]] = {}
    for change in changes:
        earlier = merged.get(change.wanted.id)
        wanted = change.wanted if earlier is None else merge(earlier.wanted, change.wanted)
        merged[change.wanted.id] = Change(change.known, wanted)
    yield from merged.values()


def _shares(contact: Contact, numbers: set[str]) -> bool:
    return any(phone.number in numbers for phone in contact.phones)


def _is_ours(file: OldFile, report: Report) -> None:
    report.ours = True
    report.notes.append(OURS if file.in_bucket else OURS_IN_FOLDER)


def _at_jobs(value: Any, report: Report) -> None:
    listed = value if isinstance(value, list) else list(value.values()) if isinstance(value, Mapping) else []
    report.what, report.read = "jobs", len(listed)
    waiting = sum(isinstance(job, Mapping) and job.get("status") in ("pending", "running", "paused") for job in listed)
    report.notes.append("Jobs of several parts are not taken over; the file is kept byte for byte.")
    if waiting:
        report.notes.append(f"{waiting:,} of them had not ended: schedule those anew on the page.")


def apply(found: Found, bucket: Bucket, spill: Spill, clock: Clock, bar: Bar) -> Iterator[str]:
    """Write it all; after each step what is done, in a sentence. May be stopped, and run again.

    Messages as soon as their own original is kept: chats.json may take minutes, and their times do not wait.
    Raises BadFile where a file changed meanwhile, and StoreError.
    """
    originals = [file for file in found.files if not found.reports[file.name].ours]
    yield from _keep(found, [file for file in originals if file.name not in CHATS], bucket, bar)
    yield from _append(storing.append_messages(bucket, found.messages, clock), "messages", len(found.messages), bar)
    people = storing.append_contacts(bucket, found.contacts, clock.now())
    yield from _append(people, "contacts", len(found.contacts), bar)
    yield from _keep(found, [file for file in originals if file.name in CHATS], bucket, bar)
    total = sum(count for _, count in spill.days())
    if total:
        new = segments = 0
        with bar("Writing the history", total) as progress:
            for kept_day in storing.store_history(bucket, spill, progress, write=True):
                new, segments = new + kept_day.new, segments + kept_day.segments
        yield f"{new:,} captured messages are in the history, in {segments:,} new segments."


def _keep(found: Found, files: list[OldFile], bucket: Bucket, bar: Bar) -> Iterator[str]:
    for file in files:
        with bar(f"Keeping {file.name} as it is", file.size) as progress:
            kept = storing.keep_original(bucket, file, found.reports[file.name].sha256, progress)
        yield f"{file.name} is kept byte for byte as {kept}{_pieces(file)}, and was read back."


def _append(steps: Iterator[int], what: str, total: int, bar: Bar) -> Iterator[str]:
    done = operations = 0
    if total:
        with bar(f"Writing {what}", total) as progress:
            for count in steps:
                done, operations = done + count, operations + 1
                progress(count)
        yield f"{done:,} {what} are written, in {operations:,} operations."


def _pieces(file: OldFile) -> str:
    return ".part-0001 and so on" if file.size > storing.PART_BYTES else ""


def check_room(files: list[OldFile], folder: Path) -> None:
    """Raise BadFile where the scratch folder's disk has no room for what is sorted there."""
    check_space(folder, 2 * sum(file.size for file in files if file.name in CHATS))

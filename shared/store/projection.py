"""The documents of whole records that only the session host writes: scheduled.json and contacts.json.

scheduled.json has a second list, the series, so that what a series yields is stored with it in one write.

One broken record does not make a document unreadable: it is kept as it is, and the others go on.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from shared.model.contact import Contact, keyed_by_number
from shared.model.message import Message
from shared.model.series import Series
from shared.model.values import Instant, print_instant
from shared.model.versioned import Versioned, merge
from shared.store import document, keys
from shared.store.errors import Unreadable

R = TypeVar("R", bound=Versioned)

BEGIN = '"messages":['
"""How the first line of a large scheduled.json ends: each record has a line of its own, see sparse."""

_SERIES = "series"
"""The second list of scheduled.json."""

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


@dataclass(frozen=True)
class Document(Generic[R]):
    """A projection as it was read.

    records: by id, in the order they were found. broken: raw records that could not be read. rest: every other field of
    the document. folded_at: when the host wrote it, None where the host did not. log_after: the document holds every
    operation up to this name in the log, and perhaps later ones. old: it has no version, the old system wrote it.
    ended: ids of records that were left out, for they have ended (see sparse). series, broken_series: as records and
    broken; in scheduled.json only.
    """

    records: dict[str, R] = field(default_factory=dict)
    broken: tuple[Any, ...] = ()
    rest: dict[str, Any] = field(default_factory=dict)
    folded_at: datetime | None = None
    log_after: str = ""
    old: bool = False
    ended: frozenset[str] = frozenset()
    series: dict[str, Series] = field(default_factory=dict)
    broken_series: tuple[Any, ...] = ()


class Scheduled(Document[Message]):
    """scheduled.json"""

    @property
    def messages(self) -> dict[str, Message]:
        """The messages by id."""
        return self.records


class ContactBook(Document[Contact]):
    """contacts.json"""

    @property
    def contacts(self) -> dict[str, Contact]:
        """The contacts by id."""
        return self.records


def read_scheduled(data: bytes) -> Scheduled:
    """scheduled.json as we write it, or the old system's (a bare list, no version). Raises Unreadable, NewerVersion."""
    found = _read(data, keys.SCHEDULED, "messages", Message)
    listed = found["rest"].pop(_SERIES, None) or []
    if not isinstance(listed, list):
        raise Unreadable(f'{keys.SCHEDULED} is not what it should be: its "{_SERIES}" is no list.')
    series, broken = read_records(listed, Series)
    return Scheduled(**found, series=series, broken_series=tuple(broken))


def read_contacts(data: bytes) -> ContactBook:
    """contacts.json as we write it, or the old system's (a number for each key). Raises Unreadable, NewerVersion."""
    return ContactBook(**_read(data, keys.CONTACTS, "contacts", Contact, keyed_by_number))


class Format(Generic[R]):
    """One kind of projection: its key, how it is read and printed. What did not change is not printed again."""

    def __init__(
        self, key: str, name: str, model: type[R], read: Callable[[bytes], Document[R]], *, has_series: bool = False
    ) -> None:
        self.key, self.read = key, read
        self._name, self._model, self._has_series = name, model, has_series
        self._printed: dict[str, tuple[R, str, str]] = {}

    def print(
        self,
        read: Document[R],
        records: Mapping[str, R],
        now: datetime,
        log_after: str = "",
        series: Mapping[str, Series] = MappingProxyType({}),
    ) -> bytes:
        """The document with these records, and all else as it was read."""
        head = {"version": document.VERSION, "foldedAt": print_instant(now), "logAfter": log_after}
        listed = [*(each.as_json() for each in series.values()), *read.broken_series]
        rest = {**({_SERIES: listed} if self._has_series else {}), **read.rest}
        small = [*map(self._small, records.values()), *map(document.small, read.broken)]
        if sum(map(len, small)) + len(document.small(rest)) < document.PLAIN_BELOW:
            plain = [*map(self._plain, records.values()), *map(document.plain, read.broken)]
            return document.plain_list(head, self._name, plain, rest)
        joined = ",\n".join(small) + "\n"
        tail = f",{document.small(rest)[1:]}" if rest else "}"
        return document.pack(f'{document.small(head)[:-1]},"{self._name}":[\n{joined.lstrip()}]{tail}')

    def about_broken(self, read: Document[R]) -> list[str]:
        """Which records of this document could not be read and why, a sentence for each, without what it says."""
        broken: list[tuple[Any, type[Versioned]]] = [(raw, self._model) for raw in read.broken]
        broken += [(raw, Series) for raw in read.broken_series]
        return [
            f"{self.key}: {_which(raw)} could not be read: {_reason(raw, model)}. It is kept as it is; the "
            "others go on. Put it right, or take it out, in that file."
            for raw, model in broken
        ]

    def _small(self, record: R) -> str:
        known = self._printed.get(record.id)
        if known is None or known[0] is not record:
            known = self._printed[record.id] = (record, document.small(record.as_json()), "")
        return known[1]

    def _plain(self, record: R) -> str:
        known = self._printed[record.id]
        if not known[2]:
            known = self._printed[record.id] = (record, known[1], document.plain(json.loads(known[1])))
        return known[2]


def _read(
    data: bytes,
    key: str,
    name: str,
    model: type[R],
    keyed: Callable[[dict[str, Any]], list[Any] | None] = lambda _: None,
) -> dict[str, Any]:
    found = document.parse(data, key)
    whole: Any = {name: found} if isinstance(found, list) else found
    ours = isinstance(whole, dict) and document.check_version(whole, key)
    if isinstance(whole, dict) and not ours and (listed := keyed(whole)) is not None:
        whole = {name: listed}
    if not isinstance(whole, dict) or not isinstance(whole.get(name, [] if ours else None), list):
        raise Unreadable(f'{key} is not what it should be: a document with a list of "{name}".')
    records, broken = read_records(whole.get(name, []), model, careful=b"\\ud" in data.lower())
    rest = {other: value for other, value in whole.items() if other not in {name, "version", "foldedAt", "logAfter"}}
    return {
        "records": records,
        "broken": tuple(broken),
        "rest": rest,
        "folded_at": _instant(whole.get("foldedAt")),
        "log_after": _log_name(whole.get("logAfter")),
        "old": not ours,
    }


def read_records(raw: list[Any], model: type[R], *, careful: bool = True) -> tuple[dict[str, R], list[Any]]:
    """The records by id, copies of one id merged, and what could not be read, as it is.

    `careful` also looks for text that cannot be written again (half an emoji), which the old system could produce.
    """
    records: dict[str, R] = {}
    broken: list[Any] = []
    for each in raw:
        try:
            record = model.model_validate(each)
        except ValidationError:
            broken.append(each)
            continue
        if not is_sound(record) or (careful and not is_text(each)):
            broken.append(each)
            continue
        known = records.get(record.id)
        records[record.id] = record if known is None else merge(known, record)
    return records, broken


def is_sound(record: Versioned) -> bool:
    """Whether no field is there twice, under its JSON name and under its name in the code: that could not be merged."""
    halves = (record, *record.conflicts, *([record.delivery] if isinstance(record, Message) else ()))
    return all(type(half).model_fields.keys().isdisjoint(half.model_extra) for half in halves if half.model_extra)


def is_text(raw: Any) -> bool:
    """Whether all text in this JSON value can be written again: no half of an emoji."""
    try:
        json.dumps(raw, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _which(raw: Any) -> str:
    name = raw.get("id") if isinstance(raw, Mapping) else None
    return f"the record {str(name)[:60]!r}" if name else "a record without id"


def _reason(raw: Any, model: type[Versioned]) -> str:
    try:
        model.model_validate(raw)
    except ValidationError as error:
        return first_error(error)
    return "it holds a field twice, or half a character"


def first_error(error: ValidationError) -> str:
    """The first thing that is wrong: "scheduledTime: Field required"."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "it"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def _instant(value: Any) -> datetime | None:
    try:
        return _INSTANT.validate_python(value)
    except ValidationError:
        return None  # edited by hand; nothing but what people are told depends on it


def _log_name(value: Any) -> str:
    """A name in the log; where it was edited by hand its beginning, which only costs a longer listing."""
    return value if isinstance(value, str) and value.startswith(keys.LOG) else ""


def scheduled_format(read: Callable[[bytes], Document[Message]] = read_scheduled) -> Format[Message]:
    """scheduled.json, for whoever writes it, and for those who `read` it otherwise."""
    return Format(keys.SCHEDULED, "messages", Message, read, has_series=True)


def contact_format(read: Callable[[bytes], Document[Contact]] = read_contacts) -> Format[Contact]:
    """contacts.json, for whoever writes it, and for those who `read` it otherwise."""
    return Format(keys.CONTACTS, "contacts", Contact, read)

"""One captured chat as a file: JSON, CSV, HTML or text, written a piece at a time, the oldest message first. Pure."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from markupsafe import escape

from shared.model.chats import ChatMessage, ChatMessages, Gap
from shared.model.values import print_instant
from web import dates, texts
from web.chat_names import Names
from web.conversation import kind_of
from web.language import TAG
from web.spreadsheet import defused


class Form(StrEnum):
    """What a chat can be exported as; the value is the file's ending."""

    JSON = "json"
    CSV = "csv"
    HTML = "html"
    TEXT = "txt"


MIMES = {
    Form.JSON: "application/json",
    Form.CSV: "text/csv; charset=utf-8",
    Form.HTML: "text/html; charset=utf-8",
    Form.TEXT: "text/plain; charset=utf-8",
}


class Book(NamedTuple):
    """What an export is about: the chat, its name, when it is made and in which zone its times are."""

    chat: str
    name: str
    at: datetime
    zone: str


Entries = Iterable[ChatMessage | Gap]


def written(form: Form, book: Book, pages: Iterable[ChatMessages], names: Names) -> Iterator[str]:
    """The file in pieces; `pages` are the chat's, the oldest first.

    Raises what reading them raises: half a chat must not look like a whole one.
    """
    write: Callable[[Book, Entries, Names], Iterator[str]] = _WRITERS[form]
    return write(book, _entries(pages), names)


def _entries(pages: Iterable[ChatMessages]) -> Iterator[ChatMessage | Gap]:
    """Messages by their time, each gap once, before the first message after its beginning."""
    told: set[tuple[datetime, str]] = set()
    for page in pages:
        gaps = sorted((gap for gap in page.gaps if (gap.since, gap.reason) not in told), key=lambda gap: gap.since)
        told |= {(gap.since, gap.reason) for gap in gaps}
        for message in reversed(page.messages):
            while gaps and gaps[0].since <= message.at:
                yield gaps.pop(0)
            yield message
        yield from gaps


def file_name(book: Book, form: Form) -> str:
    """A name that every system takes: letters, digits, spaces and a few marks of the chat's own name."""
    kept = "".join(letter for letter in book.name if letter.isalnum() or letter in " -_").strip()[:60]
    return f"WhatsApp {kept or 'chat'} {dates.wall(book.at, book.zone):%Y-%m-%d}.{form}"


def _who(book: Book, message: ChatMessage, names: Names) -> str:
    if message.from_me:
        return texts.YOU
    return names.of(message.sender or book.chat, message.sender_name, given=message.sender_name_given)


def _words(message: ChatMessage) -> str:
    """The text with what a person would see beside it."""
    if message.deleted_at:
        return f"[{texts.DELETED_MESSAGE}]"
    file = message.media.name if message.media else ""
    kind = ": ".join(filter(None, (kind_of(message.kind).word, file)))
    return " ".join(filter(None, (f"[{kind}]" if kind else "", message.text)))


def _json(book: Book, entries: Entries, names: Names) -> Iterator[str]:
    head = {"chat": book.chat, "name": book.name, "exportedAt": print_instant(book.at)}
    yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "messages": ['
    between, gaps = "\n", []
    for entry in entries:
        if isinstance(entry, Gap):
            gaps.append(entry.as_json())
            continue
        yield between + json.dumps({"from": _who(book, entry, names), **entry.as_json()}, ensure_ascii=False)
        between = ",\n"
    yield f'\n], "gaps": {json.dumps(gaps, ensure_ascii=False)}}}\n'


_COLUMNS = ("time", "from", "number", "kind", "text", "file", "edited", "deleted", "reactions", "answers", "id")


def _csv(book: Book, entries: Entries, names: Names) -> Iterator[str]:
    def line(cells: Iterable[str]) -> str:
        sheet = io.StringIO()
        csv.writer(sheet).writerow([defused(cell) for cell in cells])
        return sheet.getvalue()

    yield "\ufeff" + line(_COLUMNS)  # the mark tells spreadsheets that this is UTF-8
    for entry in entries:
        yield line(_gap_row(entry) if isinstance(entry, Gap) else _row(book, entry, names))


def _gap_row(gap: Gap) -> tuple[str, ...]:
    until = texts.GAP_UNTIL.format(until=print_instant(gap.until)) if gap.until else texts.GAP_OPEN
    words = f"{texts.GAP_HERE} {print_instant(gap.since)}{until}: {gap.sentence}"
    return (print_instant(gap.since), "", "", "gap", words, *("" for _ in _COLUMNS[5:]))


def _row(book: Book, each: ChatMessage, names: Names) -> tuple[str, ...]:
    return (
        print_instant(each.at),
        _who(book, each, names),
        (each.sender or "").partition("@")[0],
        each.kind,
        each.text,
        each.media.name if each.media else "",
        print_instant(each.edited_at) if each.edited_at else "",
        print_instant(each.deleted_at) if each.deleted_at else "",
        " ".join(reaction.emoji for reaction in each.reactions),
        each.quoted or "",
        each.id,
    )


def _text(book: Book, entries: Entries, names: Names) -> Iterator[str]:
    yield f"{texts.EXPORT_TITLE.format(name=book.name)}\n{_stamp(book, book.at)}, {book.zone}\n\n"
    for entry in entries:
        if isinstance(entry, Gap):
            yield f"--- {_gap(book, entry)} ---\n"
            continue
        rest = "".join(f" ({note})" for note in _notes(book, entry, names))
        yield f"[{_stamp(book, entry.at)}] {_who(book, entry, names)}: {_words(entry)}{rest}\n"


_STYLE = (
    "body{max-width:46rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;background:#f0f2f5;"
    "color:#111b21}"
    "p{width:fit-content;max-width:85%;margin:.4rem 0;padding:.5rem .8rem;border-radius:12px;background:#fff;"
    "white-space:pre-wrap;overflow-wrap:anywhere}.me{margin-inline-start:auto;background:#d9fdd3}"
    ".gap{max-width:none;background:none;color:#7a5200}small{color:#54656f}"
)


def _html(book: Book, entries: Entries, names: Names) -> Iterator[str]:
    title = escape(texts.EXPORT_TITLE.format(name=book.name))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield (
        f'<!doctype html><html lang="{TAG}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>{title}</title><style>{_STYLE}</style>\n'
        f"<h1>{title}</h1><small>{escape(_stamp(book, book.at))}, {escape(book.zone)}</small>\n"
    )
    for entry in entries:
        if isinstance(entry, Gap):
            yield f'<p class="gap">{escape(_gap(book, entry))}</p>\n'
            continue
        notes = "".join(f" · {escape(note)}" for note in _notes(book, entry, names))
        head = f"<small>{escape(_who(book, entry, names))} · {escape(_stamp(book, entry.at))}{notes}</small>"
        yield f"<p{' class=me' if entry.from_me else ''}>{head}\n<bdi>{escape(_words(entry))}</bdi></p>\n"
    yield "</html>\n"


def _gap(book: Book, gap: Gap) -> str:
    until = texts.GAP_UNTIL.format(until=_stamp(book, gap.until)) if gap.until else texts.GAP_OPEN
    return f"{texts.GAP_HERE} {_stamp(book, gap.since)}{until}: {gap.sentence}"


def _notes(book: Book, message: ChatMessage, names: Names) -> Iterator[str]:
    if message.edited_at:
        yield texts.EDITED_AT.format(at=_stamp(book, message.edited_at))
    for each in message.reactions:
        yield f"{each.emoji} {names.of(each.by) if each.by else texts.YOU}"


def _stamp(book: Book, at: datetime) -> str:
    return f"{dates.wall(at, book.zone):%Y-%m-%d %H:%M:%S}"


_WRITERS = {Form.JSON: _json, Form.CSV: _csv, Form.HTML: _html, Form.TEXT: _text}

"""What was captured of the chats: the list, a thread with its gaps, search, export, and the files."""

from secrets import token_urlsafe
from typing import Any

from flask import Blueprint, Response, abort, request, stream_with_context

from shared.host_client import HostError, HostRefused
from shared.model.address import pretty
from shared.model.chats import Chats, Hit
from shared.model.folding import fold, holds
from shared.model.message import Message
from shared.store.errors import StoreError
from shared.store.view import Snapshot
from web import conversation, texts, told
from web.captured import BEGINNING, MOST, NoSuchChat
from web.chat_export import MIMES, Book, Form, file_name, written
from web.chat_names import Names
from web.conversation import Line
from web.exports import KEY, Progress, Stage
from web.media import MEDIA_ID, as_file
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import problem_page
from web.search import ContactIndex
from web.whatsapp_text import highlighted, plain

page = Blueprint("chats", __name__)
_LONGEST = 200
_PLACE = 60
_NAMED = 6
_TRIES = 20
"""How often a page asks for an export that it has started and that has not begun."""


@page.get("/chats")
def listing() -> Response:
    """Query: `before`, the place where an earlier page ended."""
    try:
        found = parts().captured.chats(_asked("before"))
    except HostError as error:
        _no_such_place(error)
        return rendered("chats.html", 503, problem=told.of(error), found=None, lines=())
    names = _names(_snapshot(), any_group=any(each.id.endswith("@g.us") for each in found.chats))
    return rendered("chats.html", problem="", found=found, lines=_lines(found, names))


@page.get("/chats/search")
def search() -> Response:
    """Query: `q`, words; `chat`, to look in one chat only; `before`, to look further back."""
    typed, chat = request.args.get("q", "")[:_LONGEST], request.args.get("chat", "")[:100]
    words = tuple(fold(typed).split())
    shown: dict[str, Any] = {"typed": typed, "chat": chat, "problem": "", "hits": None, "named": (), "rows": ()}
    if not words:
        return rendered("chat_search.html", **shown, name="")
    names = _names(_snapshot(), any_group=True)
    try:
        hits = parts().captured.search(typed, chat, _asked("before"))
        named = () if chat or _asked("before") else _named(names, words)
    except HostError as error:
        _no_such_place(error)
        values = shown | {"problem": told.of(error), "name": names.of(chat) if chat else ""}
        return rendered("chat_search.html", 503, **values)
    rows = tuple((each, _of(names, each), highlighted(plain(each.message.text), words)) for each in hits.hits)
    return rendered(
        "chat_search.html",
        **shown | {"hits": hits, "rows": rows, "named": named},
        name=names.of(chat) if chat else "",
    )


@page.get("/chats/<chat_id>")
def thread(chat_id: str) -> Response:
    """One chat. Query: at most one of `before`, `after` and `around`, places that another page named; `q`, words that
    are marked."""
    before, after, around = (_asked(name) for name in ("before", "after", "around"))
    if sum(map(bool, (before, after, around))) > 1:
        abort(404)
    try:
        found = parts().captured.page(chat_id, before=before, after=after, around=around)
    except NoSuchChat:
        abort(404, description=texts.NO_CHAT)
    except HostError as error:
        _no_such_place(error)
        return rendered("chat.html", 503, problem=told.of(error), found=None, name="", chat_id=chat_id)
    snapshot = _snapshot()
    names = _names(snapshot, any_group=found.chat.endswith("@g.us"))
    contact = names.contact(found.chat)
    return rendered(
        "chat.html",
        problem="",
        found=found,
        chat_id=found.chat,
        name=names.of(found.chat, found.name, given=found.name_given),
        contact=contact,
        to=contact.shown_name if contact and len(contact.phones) == 1 else pretty(found.chat),
        days=conversation.conversation(found, names, _sent(snapshot), parts().clock.now(), parts().settings.zone),
        newest=found.previous is None,
        export=token_urlsafe(12) if (found.total or 0) > MOST else None,
        words=tuple(fold(request.args.get("q", "")[:_LONGEST]).split()),
    )


@page.get("/chats/<chat_id>/export/<form>")
def export(chat_id: str, form: str) -> Response:
    """The whole chat as a file. form: json, csv, html or txt. Query: `key`, under which the page asks how far it is."""
    if form not in set(Form):
        abort(404)
    key = found[0] if (found := KEY.fullmatch(request.args.get("key", ""))) else ""
    try:
        first = parts().captured.page(chat_id, after=BEGINNING, limit=MOST)
    except NoSuchChat:
        abort(404, description=texts.NO_CHAT)
    except HostError as error:
        if key:
            parts().exports.note(key, Progress(0, 0, Stage.STOPPED))
        return problem_page(texts.NOT_EXPORTED.format(reason=told.of(error)), 503)
    names = _names(_snapshot(), any_group=first.chat.endswith("@g.us"))
    book = Book(
        first.chat, names.of(first.chat, first.name, given=first.name_given), parts().clock.now(), parts().settings.zone
    )
    pages = parts().captured.pages(first)
    if key:
        pages = parts().exports.counted(key, first.total or 0, pages)
    pieces = written(Form(form), book, pages, names)
    answer = Response(stream_with_context(pieces), content_type=MIMES[Form(form)])
    answer.headers.set("Content-Disposition", "attachment", filename=file_name(book, Form(form)))
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


@page.get("/chats/exports/<key>")
def exported(key: str) -> Response:
    """How far an export is, for its page. Query: `tries`, how often one was asked for that has not begun."""
    if not KEY.fullmatch(key):
        abort(404)
    found, tries = parts().exports.find(key), request.args.get("tries", 0, type=int)
    waits = found is None and 0 <= tries < _TRIES
    return rendered("parts/chat_export.html", key=key, found=found, tries=tries, waits=waits)


@page.get("/media/<media_id>")
def media(media_id: str) -> Response:
    """A file's bytes; shown by the browser only where its first bytes are those of a picture, a sound or a video."""
    if not MEDIA_ID.fullmatch(media_id):
        abort(404)
    if request.if_none_match.contains(media_id):
        return as_file(media_id, None)
    try:
        return as_file(media_id, parts().host.media(media_id))
    except HostError as error:
        if isinstance(error, HostRefused) and error.status == 404:
            abort(404, description=texts.NO_FILE)
        return problem_page(told.of(error), 503)


def _no_such_place(error: HostError) -> None:
    """Where the address names a place or a chat that is none, there is no such page; any other error is told."""
    if isinstance(error, HostRefused) and error.status == 422:
        abort(404, description=texts.NO_CHAT)


def _asked(name: str) -> str:
    return request.args.get(name, "")[:_PLACE]


def _names(snapshot: Snapshot | None, *, any_group: bool) -> Names:
    """What people and groups are called; while the storage is away, no contact is known."""
    groups = parts().groups.known().names if any_group else {}
    return Names(parts().records.index(snapshot) if snapshot else ContactIndex({}), groups)


def _sent(snapshot: Snapshot | None) -> dict[str, Message]:
    """What was sent from here; while the storage is away, nothing is known of it."""
    return conversation.sent_from_here(snapshot.messages.values()) if snapshot else {}


def _snapshot() -> Snapshot | None:
    """What is stored; None while the storage is away."""
    try:
        return parts().records.now()
    except StoreError:
        return None


def _lines(found: Chats, names: Names) -> tuple[Line, ...]:
    return conversation.lines(found.chats, names, parts().clock.now(), parts().settings.zone)


def _of(names: Names, hit: Hit) -> str:
    return names.of(hit.chat, hit.name, given=hit.name_given)


def _named(names: Names, words: tuple[str, ...]) -> tuple[Line, ...]:
    """Chats whose name or number was searched for."""
    lines = _lines(parts().captured.chats(limit=MOST), names)
    known = ((each, f"{each.name} {each.chat.push_name or ''} {each.chat.id}") for each in lines)
    return tuple(each for each, called in known if holds(called, words))[:_NAMED]

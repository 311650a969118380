"""Turning values into pages: what every template may use, and what people see when something is wrong."""

import hashlib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import structlog
from flask import Flask, Response, g, make_response, render_template, request, url_for
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException, InternalServerError

from shared.model import address
from shared.model.contact import Contact
from shared.model.content import MAX_CAPTION, MAX_MEDIA, MAX_TEXT
from shared.model.folding import fold
from shared.model.message import Message
from shared.model.series import Series, name_of
from shared.store.errors import StoreError
from web import attaching, dates, language, rule_words, texts, told
from web.conversation import when
from web.countries import country_of
from web.groups import Groups, is_group
from web.htmx import htmx_version
from web.keys import KEYS, KEYS_COOKIE, OFF
from web.language import _
from web.parts import parts
from web.repeats import place
from web.standing import if_late, standing
from web.whatsapp_text import formatted

STATIC = Path(__file__).parent / "static"
THEMES = ("dark", "light", "system")
THEME_COOKIE = "theme"

log = structlog.get_logger(__name__)


def prepare(app: Flask) -> None:
    """Give the app's templates their words and its errors their pages."""
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    language.install(app.jinja_env)
    app.jinja_env.globals |= {
        "asset": asset,
        "message_address": message_address,
        "dates": dates,
        "texts": texts,
        "MAX_TEXT": MAX_TEXT,
        "MAX_CAPTION": MAX_CAPTION,
        "MAX_MEDIA": MAX_MEDIA,
        "if_late": if_late,
        "group_kind": group_kind,
        "KEYS": KEYS,
        "key_places": key_places,
        "without": lambda query, name: {key: each for key, each in query.items() if key != name},
    }
    app.jinja_env.filters |= {
        "attached": attaching.shown,
        "pretty": lru_cache(maxsize=20_000)(address.pretty),
        "recipient": recipient,
        "series_name": series_name,
        "is_group": is_group,
        "repeating": repeating,
        "rule_words": rule_words.of_series,
        "mine_and_theirs": both_times,
        "hue": hue,
        "hue_of": hue_of,
        "formatted": formatted,
        "told": told.translated,
        "country": country,
        "same": lambda one, other: fold(one) == fold(other),
        "gains": gains,
    }
    app.context_processor(_present)
    app.register_error_handler(StoreError, _storage_down)
    app.register_error_handler(HTTPException, _refused)


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A rendered template as an answer."""
    return make_response(render_template(template, **values), status)


def problem_page(sentence: str, status: int) -> Response:
    """A page that only says what is wrong and what to do."""
    template = "parts/problem.html" if request.headers.get("HX-Request") else "problem.html"
    return page(template, status, sentence=sentence, title=_TITLES.get(status, _("That did not work")))


_TITLES = {
    404: _("Not found"),
    403: _("Not from here"),
    413: _("Too much"),
    429: _("Too many tries"),
    503: _("The storage is away"),
}


def see_other(address: str) -> Response:
    """Go on there with a GET, so that reloading the page repeats nothing."""
    return Response(status=303, headers={"Location": address})


def tell(text: str, *, tone: str = "good", undo: str | None = None) -> None:
    """Say this on the next page, with a button that takes it back."""
    parts().sessions.tell(g.session, {"text": text, "tone": tone, "undo": undo})


def recipient(message: Message) -> str:
    """Whom a message is for, as people call them."""
    return message.contact_name or called(message.to)


def called(to: str) -> str:
    """An address as people call it: a group by its name where that is known, a number as it is written."""
    return (is_group(to) and _groups().name(to)) or address.pretty(to)


def group_kind(to: str) -> str:
    """That an address is a group's, and of how many."""
    return _groups().kind(to)


def _groups() -> Groups:
    """The account's groups; the host is waited for once in a page, not for each of its messages."""
    if "groups" not in g:
        g.groups = parts().groups.known()
    found: Groups = g.groups
    return found


def series_name(series: Series) -> str:
    """Whom a series is for, as people call them."""
    return series.contact_name or called(series.to)


def repeating(message: Message) -> str:
    """The rule of the series that a message is a date of, in words; nothing for any other message."""
    series = series_of(message)
    return rule_words.of_series(series) if series else ""


def series_of(message: Message) -> Series | None:
    """The series that a message is a date of, as this page has read it."""
    if "@" not in message.id:  # as most of thousands
        return None
    name, shown = name_of(place(message.id).base), parts().records.as_shown()
    return shown.series.get(name.series_id) if name and shown else None


def both_times(message: Message, owner_zone: str) -> str:
    """The message's time in its own zone, where that is not the owner's and the clocks there differ; else nothing."""
    if not message.zone or dates.wall(message.send_at, message.zone) == dates.wall(message.send_at, owner_zone):
        return ""
    return f"{dates.clock(message.send_at, message.zone)} {dates.place(message.send_at, message.zone)}"


def hue(contact: Contact) -> int:
    """Which of five colours a contact's initial stands on; always the same one."""
    return hue_of(contact.id)


def hue_of(text: str) -> int:
    """The same for what has no contact."""
    return sum(text.encode()) % 5


@lru_cache(maxsize=20_000)
def message_address(message_id: str, endpoint: str = "messages.show") -> str:
    """The address of a message's page, or of what is done with it; a long list has many."""
    return url_for(endpoint, message_id=message_id)


def key_places() -> dict[str, str]:
    """What is pressed → the address of the page it opens."""
    return {key.pressed: url_for(key.endpoint) for key in KEYS if key.endpoint}


def country(number: str) -> str:
    """Where a number is from: one in digits with country code, or as it was typed with its +; else nothing."""
    digits = "".join(filter(str.isdigit, number))
    return country_of(digits) if number.startswith("+") or number == digits else ""


def gains(contact: Contact, content: Mapping[str, Any]) -> str:
    """What this content would add to the contact, in words."""
    numbers = {phone.number for phone in contact.phones}
    new = [address.pretty(phone.number) for phone in content["phones"] if phone.number not in numbers]
    new += [alias for alias in content["aliases"] if alias not in contact.aliases]
    new += [texts.GAINS_TAG.format(tag=tag) for tag in content["tags"] if tag not in contact.tags]
    new += [texts.GAINS_NAME.format(name=content["name"])] if content["name"] != contact.name else []
    new += [texts.GAINS_NOTES] if content["notes"] != contact.notes else []
    new += [texts.GAINS_STAR] if content["favourite"] != contact.favourite else []
    return ", ".join(new) or texts.GAINS_LABELS


@cache
def asset(name: str) -> str:
    """The address of one of our own static files; it changes with its content, so browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return url_for("assets.own", name=name, v=digest)


def _present() -> dict[str, Any]:
    """What every template knows: the moment, the owner's zone, the theme, who is logged in and how the host is."""
    at = parts().clock.now()
    theme = request.cookies.get(THEME_COOKIE, "dark")
    inside = g.get("session") is not None
    return {
        "now": at,
        "zone": parts().settings.zone,
        "short_time": lambda moment: when(moment, at, parts().settings.zone),
        "theme": theme if theme in THEMES else "dark",
        "inside": inside,
        "keys_on": request.cookies.get(KEYS_COOKIE) != OFF,
        "reading": parts().watch.reading() if inside else None,
        "take_notices": (lambda: parts().sessions.take_notices(g.session)) if inside else list,
        "standing": lambda message, repeats=None: standing(
            message, at, sent_again=repeats is not None and repeats.of(message) is not None
        ),
        "htmx_address": lambda: url_for("assets.htmx", version=htmx_version()),
        "here": request.full_path.rstrip("?"),
    }


def _storage_down(error: StoreError) -> Response:
    log.warning("storage down", route=str(request.url_rule), reason=str(error))
    return problem_page(texts.STORAGE_DOWN_READING.format(reason=error), 503)


def _refused(error: HTTPException) -> Response:
    status = error.code or 500
    if isinstance(error, InternalServerError):
        log.error("page broke", route=str(request.url_rule), exc_info=error.original_exception)
    sentences = {404: texts.NOT_FOUND, 405: texts.NOT_FOUND, 413: texts.TOO_LARGE, 500: texts.BROKEN}
    own = error.description if error.description != type(error).description else None
    answer = problem_page(own or sentences.get(status) or str(error.description), status)
    if allowed := getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer

"""Home: what leaves next, what follows, what was sent, and what needs a look."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from web.agenda import PAGE, Show, agenda
from web.parts import parts
from web.rendering import page as rendered

page = Blueprint("agenda", __name__)
_MOST = 2000


@page.get("/")
def home() -> Response:
    """Query: `show` (upcoming, sent, attention, all), `q` (words to find), `limit` (messages to list)."""
    return rendered("agenda.html", **_shown())


@page.get("/agenda/list")
def listing() -> Response:
    """The same list alone, for htmx; the address bar keeps the page's own address."""
    shown = _shown()
    answer = rendered("parts/agenda_list.html", **shown)
    if request.headers.get("HX-Trigger") in ("agenda-search", "agenda-filters"):
        answer.headers["HX-Replace-Url"] = url_for("agenda.home", **shown["query"])
    return answer


def _shown() -> dict[str, Any]:
    chosen, typed = request.args.get("show", ""), request.args.get("q", "")[:200]
    show = Show(chosen) if chosen in list(Show) else Show.UPCOMING
    limit = request.args.get("limit", PAGE, type=int)
    limit = min(max(limit, PAGE), _MOST)
    snapshot = parts().records.now()
    found = agenda(snapshot.messages.values(), show, typed, parts().clock.now(), parts().settings.zone, limit)
    query = {"show": show.value} if show is not Show.UPCOMING else {}
    if typed:
        query["q"] = typed
    if limit > PAGE:
        query["limit"] = str(limit)
    return {
        "agenda": found,
        "show": show,
        "typed": typed,
        "query": query,
        "more": {**query, "limit": str(limit + 4 * PAGE)},
        "unreadable": snapshot.unreadable,
        "empty": not snapshot.messages,
    }

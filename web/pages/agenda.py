"""Home: what leaves next, what follows, what was sent, and what needs a look; as a list, a week or a month."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

from flask import Blueprint, Response, request, url_for

from shared.model.message import Message
from shared.model.values import Instant
from web import calendar, dates
from web.agenda import PAGE, agenda, choose
from web.calendar import Calendar
from web.listing import Listing, Show
from web.parts import parts
from web.rendering import called
from web.rendering import page as rendered

page = Blueprint("agenda", __name__)
_MOST = 2000
_Drawn = Callable[[Sequence[Message], date, Instant, str], Calendar]


class Filter(NamedTuple):
    """Which messages an address asks for; `query` is how it is written in an address again."""

    show: Show
    typed: str
    person: str
    query: dict[str, str]


@page.get("/")
def home() -> Response:
    """Query: `show` (upcoming, sent, attention, not-sent, cancelled, all), `q` (words to find), `person` (a number or
    address), `limit` (messages to list)."""
    return rendered("agenda.html", **_shown())


@page.get("/agenda/list")
def listing() -> Response:
    """The same list alone, for htmx; the address bar keeps the page's own address."""
    shown = _shown()
    answer = rendered("parts/agenda_list.html", **shown)
    if request.headers.get("HX-Trigger") in ("agenda-search", "agenda-filters"):
        answer.headers["HX-Replace-Url"] = url_for("agenda.home", **shown["query"])
    return answer


@page.get("/agenda/week")
def week() -> Response:
    """A week from Monday on. Query: `on`, a day in it, and the filters of the list; all messages unless told. `whole`:
    however many there are in a day."""
    return _calendar("week", calendar.week)


@page.get("/agenda/month")
def month() -> Response:
    """A month in whole weeks. Query as for a week."""
    return _calendar("month", calendar.month)


def _filter(usual: Show) -> Filter:
    chosen, typed = request.args.get("show", ""), request.args.get("q", "")[:200]
    show, person = Show(chosen) if chosen in list(Show) else usual, request.args.get("person", "")[:80]
    asked = {"show": "" if show is usual else show.value, "q": typed, "person": person}
    return Filter(show, typed, person, {name: value for name, value in asked.items() if value})


def _calendar(view: str, draw: _Drawn) -> Response:
    chosen = _filter(Show.ALL)
    snapshot, now, zone = parts().records.now(), parts().clock.now(), parts().settings.zone
    listing = parts().records.listing(snapshot)
    found = choose(listing, chosen.show, chosen.typed, now, chosen.person)
    on = calendar.day_of(request.args.get("on", ""), now, zone)
    return rendered(
        "calendar.html",
        view=view,
        on=on,
        calendar=draw(found.messages, on, now, zone),
        repeats=found.repeats,
        unreadable=snapshot.unreadable,
        weekdays=dates.WEEKDAYS,
        in_a_cell=calendar.IN_A_CELL,
        in_a_day=None if request.args.get("whole") else calendar.IN_A_DAY,
        **_tools(chosen, found.attention, listing),
    )


def _tools(chosen: Filter, attention: int, listing: Listing) -> dict[str, Any]:
    """What the search, the filters and the choice of a view need."""
    everybody = [each._replace(name=called(each.to)) if each.name == each.to else each for each in listing.people]
    name = next((each.name for each in everybody if each.to == chosen.person), called(chosen.person))
    return {
        "show": chosen.show,
        "typed": chosen.typed,
        "person": chosen.person,
        "person_name": name,
        "people": everybody,
        "query": chosen.query,
        "attention": attention,
    }


def _shown() -> dict[str, Any]:
    chosen = _filter(Show.UPCOMING)
    limit = request.args.get("limit", PAGE, type=int)
    limit = min(max(limit, PAGE), _MOST)
    snapshot, now, zone = parts().records.now(), parts().clock.now(), parts().settings.zone
    listing = parts().records.listing(snapshot)
    found = agenda(listing, chosen.show, chosen.typed, now, zone, limit, chosen.person)
    tools = _tools(chosen, found.attention, listing)
    query = {**chosen.query, **({"limit": str(limit)} if limit > PAGE else {})}
    return {
        **tools,
        "agenda": found,
        "view": "list",
        "query": query,
        "more": {**query, "limit": str(limit + 4 * PAGE)},
        "unreadable": snapshot.unreadable,
        "empty": not snapshot.messages,
    }

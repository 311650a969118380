"""Repeating messages: all of them, one with its next dates, changing it, pausing, resuming and ending it."""

from collections.abc import Mapping
from typing import NamedTuple

from flask import Blueprint, Response, abort, request, url_for

from shared.model.message import Message
from shared.model.occurrences import Occurrence, by_series, occurrences, own, upcoming
from shared.model.series import Series, SeriesState, occurrence_id
from shared.model.walltime import UnknownZone
from shared.store.errors import StoreError
from shared.store.view import Snapshot
from web import draft, repeat_form, rule_words, series_notices, series_standing, texts
from web.dates import BadTime
from web.door import own_path
from web.draft import Filled
from web.pages import attachments, checks
from web.pages.message_form import as_typed, filled_form, form_page, repeat_of_form
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import see_other, tell
from web.repeat_form import FilledRepeat
from web.rule_words import NextDate
from web.series_book import SeriesChanged, content_of, imagined

page = Blueprint("series", __name__)
PAST = 10
"""How many dates that have ended are shown."""


class Shown(NamedTuple):
    """One series as its page shows it. next: its next dates, each with its message as it stands."""

    series: Series
    next: list[tuple[NextDate, Message | None]]
    changed: list[Message]
    past: list[Message]
    problem: str = ""


@page.get("/series")
def index() -> Response:
    """Every series, the one with the next date first; those that are over at the end."""
    snapshot = parts().records.now()
    grouped = by_series(snapshot.messages.values())
    listed = [_shown(each, grouped.get(each.id, {}), most=1) for each in snapshot.series.values()]
    listed = [each for each in listed if not _never_was(each)]
    far = series_standing.FAR_AWAY
    listed.sort(key=lambda each: (each.next[0][0].occurrence.at if each.next else far, each.series.id))
    return rendered("series_list.html", listed=[(each, series_standing.standing(*_of(each))) for each in listed])


@page.get("/series/<series_id>")
def show(series_id: str) -> Response:
    """One series: its rule, its next dates, those that were changed by themselves, and what became of the last."""
    return _series_page("series.html", series_id)


@page.get("/series/<series_id>/live")
def show_live(series_id: str) -> Response:
    """What changes on that page, for htmx."""
    return _series_page("parts/series_body.html", series_id)


@page.get("/series/<series_id>/edit")
def edit(series_id: str) -> Response:
    """The form, filled with the series; it carries the version it was made from."""
    series = _series(series_id)
    typed = draft.of_series(series)
    return _edit_page(Filled(typed, {}, attachment=series.attachment), repeat_form.of_series(series), series)


@page.post("/series/<series_id>")
def change(series_id: str) -> Response:
    """Save an edit. Fields as for a new series, and `version`: 409 with both versions where it is no longer newest."""
    filled, repeat = Filled({}, {}), repeat_of_form()
    try:
        series = _series(series_id)
        if attachments.only_asked():
            filled, status, problem = as_typed(series)
            return _edit_page(filled, repeat._replace(errors={}), series, status, problem)
        filled, problem = filled_form(series, begun=True)
        if checks.asked():
            looked = filled._replace(errors=attachments.only_of_file(filled.errors))
            return _edit_page(looked, repeat, series, 200, problem)
        if filled.draft is None or repeat.errors:
            return _edit_page(filled, repeat, series, 503 if problem else 422, problem)
        if repeat.rule is None:
            return _edit_page(filled, _but(repeat, "repeat", texts.BAD_REPEAT), series, 422)
        wanted = series.evolve(**content_of(filled.draft, repeat.rule), state=SeriesState.ACTIVE)
        if next(occurrences(wanted, parts().clock.now()), None) is None:
            return _edit_page(filled, _but(repeat, "repeat", texts.NO_DATE_LEFT), series, 422)
        saved = parts().series_book.change(series_id, request.form.get("version", ""), filled.draft, repeat.rule)
    except SeriesChanged as changed:
        newest = changed.newest
        return _edit_page(filled, repeat, newest, 409, texts.SERIES_CHANGED_MEANWHILE, other=newest)
    except StoreError as error:
        target = url_for("series.change", series_id=series_id)
        filled = filled if filled.typed else filled_form(begun=True)[0]
        return form_page(filled, target, 503, texts.STORAGE_DOWN.format(reason=error), repeat=repeat)
    return series_notices.changed(saved)


@page.post("/series/<series_id>/undo")
def undo(series_id: str) -> Response:
    """Take an edit back. Query: `version`, the one that the edit made; 409 with both where it was changed since."""
    try:
        saved = parts().series_book.undo(series_id, request.args.get("version", "")[:200])
    except KeyError:
        abort(404, description=texts.EDIT_GONE)
    except SeriesChanged as changed:
        newest, wanted = changed.newest, changed.wanted or changed.newest
        filled, repeat = (
            Filled(draft.of_series(wanted), {}, attachment=wanted.attachment),
            repeat_form.of_series(wanted),
        )
        return _edit_page(filled, repeat, newest, 409, texts.UNDO_MEANWHILE, other=newest)
    return series_notices.undone(saved)


@page.post("/series/<series_id>/state")
def set_state(series_id: str) -> Response:
    """Pause, resume or end it. Query or field: `to` (active, paused, ended); field: `back`, the path to return to."""
    wanted = request.args.get("to") or request.form.get("to", "")
    if wanted not in set(SeriesState):
        abort(422, description=texts.BAD_CHOICE)
    before = _series(series_id)
    saved = parts().series_book.set_state(series_id, SeriesState(wanted))
    series_notices.stopped_or_resumed(saved, before.state)
    return see_other(own_path(request.form.get("back") or url_for("series.show", series_id=series_id)))


@page.post("/series/<series_id>/pick")
def pick(series_id: str) -> Response:
    """Settle two versions. Field: `version`, the one that counts."""
    try:
        parts().series_book.pick(series_id, request.form.get("version", ""))
    except KeyError:
        abort(404, description=texts.NO_SERIES)
    tell(texts.PICKED_NOTICE)
    return see_other(url_for("series.show", series_id=series_id))


@page.get("/compose/repeat")
def echo() -> Response:
    """For htmx: the rule of the form in words and its next five dates, or what is wrong with it; nothing while the form
    does not repeat or says no time. `series`: the one that is edited."""
    now, repeat = parts().clock.now(), repeat_of_form()
    if repeat.rule is None:
        return rendered("parts/repeat_echo.html", trouble=next(iter(repeat.errors.values()), ""))
    try:
        wall, zone = draft.read_time(request.args, now, parts().settings.zone)
    except BadTime as error:
        return rendered("parts/repeat_echo.html", trouble=str(error))
    snapshot = parts().records.now()
    series = imagined(repeat.rule, wall, zone, now, snapshot.series.get(request.args.get("series", "")))
    found = upcoming(series, snapshot.messages.values(), now)
    return rendered(
        "parts/repeat_echo.html",
        words=rule_words.of_series(series),
        next_dates=rule_words.next_dates(found, zone, now),
        trouble="" if found else texts.NO_DATE_LEFT,
    )


def _series_page(template: str, series_id: str) -> Response:
    snapshot = parts().records.now()
    series = _found(snapshot, series_id)
    shown = _shown(series, {each.id: each for each in own(series_id, snapshot.messages.values())})
    return rendered(template, shown=shown, series=shown.series, stands=series_standing.standing(*_of(shown)))


def _of(shown: Shown) -> tuple[Series, bool]:
    return shown.series, bool(shown.next)


def _never_was(shown: Shown) -> bool:
    """It was taken back before it had sent anything."""
    return shown.series.state is SeriesState.ENDED and not (shown.past or shown.changed)


def _shown(series: Series, dates: Mapping[str, Message], most: int = 5) -> Shown:
    now, messages = parts().clock.now(), dates.values()
    problem, found = "", list[Occurrence]()
    try:
        found = upcoming(series, messages, now, most)
    except UnknownZone as error:
        problem = str(error)
    ids = [occurrence_id(series.id, each.wall) for each in found]
    next_ = rule_words.next_dates(found, series.zone, now)
    changed = [each for each in messages if not each.gives_way and each.open and each.id not in ids]
    past = [each for each in messages if not each.delivery.state.open or each.send_at <= now]
    past = [each for each in past if not (each.gives_way and each.cancelled) and each not in changed]
    return Shown(
        series,
        [(each, dates.get(id_)) for each, id_ in zip(next_, ids, strict=True)],
        sorted(changed, key=lambda each: each.send_at),
        sorted(past, key=lambda each: each.send_at, reverse=True)[:PAST],
        problem,
    )


def _series(series_id: str) -> Series:
    return _found(parts().records.now(), series_id)


def _found(snapshot: Snapshot, series_id: str) -> Series:
    series = snapshot.series.get(series_id)
    if series is None:
        abort(404, description=texts.NO_SERIES)
    return series


def _but(repeat: FilledRepeat, field: str, sentence: str) -> FilledRepeat:
    return repeat._replace(errors={**repeat.errors, field: sentence})


def _edit_page(
    filled: Filled,
    repeat: FilledRepeat,
    series: Series,
    status: int = 200,
    problem: str = "",
    other: Series | None = None,
) -> Response:
    target = url_for("series.change", series_id=series.id)
    return form_page(filled, target, status, problem, repeat=repeat, series=series, other_series=other)

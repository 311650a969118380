"""What the page says once a series was written: the rule, its next date, and what does not follow it."""

from flask import Response, url_for

from shared.model.message import Message
from shared.model.occurrences import is_free, own, upcoming
from shared.model.series import Series, SeriesState
from shared.model.values import Instant
from web import dates, rule_words, texts
from web.parts import parts
from web.rendering import see_other, series_name, tell
from web.series_book import SavedSeries


def begun(saved: SavedSeries) -> Response:
    """A new series is stored: on to its page, with a way to take it back."""
    if saved.again:
        tell(texts.ALREADY_SCHEDULED, tone="quiet")
        return see_other(address(saved.series))
    _tell(saved, texts.SERIES_STORED_NOTICE, _state_to(saved.series, SeriesState.ENDED))
    return see_other(address(saved.series))


def changed(saved: SavedSeries) -> Response:
    """It was edited: on to its page, with a way to take that back."""
    active = saved.series.state is SeriesState.ACTIVE
    notice = texts.SERIES_CHANGED_NOTICE if active else texts.SERIES_CHANGED_STOPPED_NOTICE
    _tell(saved, notice, _undo_of(saved.series))
    return see_other(address(saved.series))


def undone(saved: SavedSeries) -> Response:
    """An edit was taken back: on to its page, with a way to make it after all."""
    if saved.again:
        tell(texts.CHANGE_ALREADY, tone="quiet")
        return see_other(address(saved.series))
    active = saved.series.state is SeriesState.ACTIVE
    _tell(saved, texts.SERIES_UNDONE if active else texts.SERIES_UNDONE_STOPPED, _undo_of(saved.series))
    return see_other(address(saved.series))


def stopped_or_resumed(saved: SavedSeries, before: SeriesState) -> None:
    """It was paused, resumed or ended; what it was before can be brought back."""
    notices = {
        SeriesState.PAUSED: texts.SERIES_PAUSED_NOTICE,
        SeriesState.ACTIVE: texts.SERIES_ACTIVE_NOTICE,
        SeriesState.ENDED: texts.SERIES_ENDED_NOTICE,
    }
    undo = _state_to(saved.series, before) if before is not saved.series.state else None
    _tell(saved, notices[saved.series.state], undo)


def address(series: Series) -> str:
    """Its page."""
    return url_for("series.show", series_id=series.id)


def _state_to(series: Series, state: SeriesState) -> str:
    return url_for("series.set_state", series_id=series.id, to=state.value)


def _undo_of(series: Series) -> str:
    return url_for("series.undo", series_id=series.id, version=series.version)


def _tell(saved: SavedSeries, notice: str, undo: str | None) -> None:
    series, now = saved.series, parts().clock.now()
    messages = parts().records.now().messages.values()
    found = upcoming(series, messages, now, 1)
    sentence = notice.format(
        rule=rule_words.of_series(series),
        name=series_name(series),
        first=dates.echo(found[0].at, series.zone, now) if found else texts.NO_DATE_TO_COME,
    )
    stays = [each for each in own(series.id, messages) if _stays(each, now)]
    tell(" ".join(filter(None, (sentence, _about_others(len(stays)), _told(saved)))), undo=undo)


def _stays(message: Message, now: Instant) -> bool:
    """It does not follow its series, and is still to be sent."""
    return message.open and not message.cancelled and message.send_at > now and not is_free(message)


def _about_others(count: int) -> str:
    return texts.SERIES_STAY(count) if count else ""


def _told(saved: SavedSeries) -> str:
    return texts.TOLD if saved.told.answered else texts.NOT_ANSWERED_SERIES

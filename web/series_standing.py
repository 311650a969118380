"""Where a series stands, in a word, an icon and a sentence. Pure."""

from datetime import UTC, datetime

from shared.model.series import Series, SeriesState
from web import texts
from web.standing import Standing, Tone

FAR_AWAY = datetime(9999, 1, 1, tzinfo=UTC)
"""After every date there is."""


def standing(series: Series, has_dates: bool) -> Standing:
    """What the page says about a series; "paused" and "ended" only once the host has taken that over."""
    if series.conflicts:
        return Standing(texts.WORD_TWO_VERSIONS, "fork", Tone.BAD, texts.SERIES_TWO_VERSIONS, attention=True)
    taken_over = series.follows_reach
    match series.state:
        case SeriesState.PAUSED:
            return Standing(
                texts.WORD_PAUSED if taken_over else texts.WORD_ASKED_TO_PAUSE, "pause", Tone.WAITING, _said(series)
            )
        case SeriesState.ENDED:
            return Standing(
                texts.WORD_ENDED if taken_over else texts.WORD_ASKED_TO_END, "cross", Tone.QUIET, _said(series)
            )
        case SeriesState.ACTIVE if has_dates:
            return Standing(texts.WORD_RUNNING, "repeat", Tone.GOOD, _said(series))
        case SeriesState.ACTIVE:
            return Standing(texts.WORD_FINISHED, "check", Tone.QUIET, texts.SERIES_FINISHED)


def _said(series: Series) -> str:
    if not series.follows_reach:
        return texts.SERIES_ASKED
    return {
        SeriesState.PAUSED: texts.SERIES_PAUSED,
        SeriesState.ENDED: texts.SERIES_ENDED,
        SeriesState.ACTIVE: texts.SERIES_RUNNING,
    }[series.state]

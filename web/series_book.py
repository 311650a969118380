"""Writing what the owner decides about series: each decision is one operation in the log, then the host is told."""

import json
from datetime import datetime
from typing import Any, NamedTuple

from shared.clock import Clock
from shared.model.message import Message
from shared.model.occurrences import own
from shared.model.recurrence import Rule
from shared.model.series import Series, SeriesState
from shared.model.walltime import print_wall
from shared.store.oplog import Writer
from shared.store.view import View
from web.draft import Draft
from web.edits_kept import EditsKept
from web.forms_kept import FormsKept
from web.local import LocalState
from web.scheduling import new_id
from web.telling import Telling, Told

_DRAFTED = ("to", "contact_name", "text", "attachment", "zone", "if_late", "cancel_if_they_write")
"""What a series takes from the form as one message does."""


class SavedSeries(NamedTuple):
    """What was written, what the host said about it, and whether it had been saved by an earlier click already."""

    series: Series
    told: Told
    again: bool = False


class SeriesChanged(Exception):
    """The series is no longer what the form was made from; `newest` is what it is now, `wanted` what an undo would have
    made of it."""

    def __init__(self, newest: Series, wanted: Series | None = None) -> None:
        super().__init__("The series was changed meanwhile.")
        self.newest = newest
        self.wanted = wanted


class SeriesBook:
    """The one place where this page writes series. Raises StoreError when the storage did not take it."""

    def __init__(self, writer: Writer, view: View, telling: Telling, state: LocalState, clock: Clock) -> None:
        """`view` is to show what the series in it will yield, so that what is due soon is handed over at once."""
        self._writer, self._view, self._telling, self._clock = writer, view, telling, clock
        self._forms, self._edits = FormsKept(state), EditsKept(state, clock)

    def begin(self, draft: Draft, rule: Rule, form_id: str) -> SavedSeries:
        """A new series. The same form saved twice is one series; the same form with other words is another."""
        now = self._clock.now()
        version = self._writer.reserve()
        content = json.dumps([draft.as_json(), rule.as_json()], sort_keys=True)
        claim = self._forms.claim(form_id, content, version, now, new_id(now), once=False)
        if claim.stored and (known := self._view.read(now).series.get(claim.id)):
            return SavedSeries(known, Told(False), again=True)
        series = Series(**claim.head(version, now), changed_at=now, **content_of(draft, rule))
        saved = self._write(series, now)
        self._forms.stored(claim.id)
        return saved

    def change(self, series_id: str, seen: str, draft: Draft, rule: Rule) -> SavedSeries:
        """Edit it, from version `seen` on. Raises KeyError, SeriesChanged."""
        known = self._newest(series_id)
        if seen != known.version:
            raise SeriesChanged(known)
        return self._decide(known, content_of(draft, rule), undoable=True)

    def undo(self, series_id: str, version: str) -> SavedSeries:
        """Take the edit `version` back, as an edit of its own. Raises KeyError where the series or what it was
        before is not known here, SeriesChanged where it was changed since."""
        known, before = self._newest(series_id), self._edits.find(Series, series_id, version)
        if before is None:
            raise KeyError(version)
        content = {name: getattr(before, name) for name in (*_DRAFTED, "first", "rule")}
        if known.version == version:
            return self._decide(known, content, undoable=True)
        wanted = known.evolve(**content)
        if wanted == known:
            return SavedSeries(known, Told(False), again=True)
        raise SeriesChanged(known, wanted)

    def set_state(self, series_id: str, state: SeriesState) -> SavedSeries:
        """Pause, resume or end it, whatever version is the newest. Raises KeyError."""
        known = self._newest(series_id)
        if known.state is state:
            return SavedSeries(known, Told(False), again=True)
        return self._decide(known, {"state": state})

    def pick(self, series_id: str, version: str) -> SavedSeries:
        """Of several versions, the one that counts. Raises KeyError, also for a version that is none."""
        known = self._newest(series_id)
        head = next((each for each in known.heads() if each.version == version), None)
        if head is None:
            raise KeyError(version)
        content = {name: getattr(head, name) for name in (*_DRAFTED, "first", "rule", "state")}
        return self._decide(known, content, settles=True)

    def _decide(
        self, known: Series, content: dict[str, Any], *, settles: bool = False, undoable: bool = False
    ) -> SavedSeries:
        """Write it anew. While no host has carried out the edit before this one, what counts from then on is this."""
        now = self._clock.now()
        changed_at = now if known.follows_reach else min(known.changed_at, now)
        edited = known.edited(self._writer.reserve(), settles=settles, changed_at=changed_at, **content)
        if undoable:
            self._edits.keep(known, edited.version)  # first: without it what is written now could not be taken back
        return self._write(edited, now)

    def _newest(self, series_id: str) -> Series:
        return self._view.read(self._clock.now()).series[series_id]

    def _write(self, series: Series, now: datetime) -> SavedSeries:
        self._view.remember(self._writer.append(series.version, now, series=[series]))
        return SavedSeries(series, self._telling.tell(self._own(series, now)))

    def _own(self, series: Series, now: datetime) -> list[Message]:
        """What this content of the series has made; of it, what is due soon is handed over now."""
        dates = own(series.id, self._view.read(now).messages.values())
        return [each for each in dates if each.gives_way and each.send_at > series.changed_at]


def content_of(draft: Draft, rule: Rule) -> dict[str, Any]:
    """The fields of a Series that the form fills; the time of the draft is where its rule begins."""
    first = print_wall(datetime.fromisoformat(draft.wall_time))
    return {name: getattr(draft, name) for name in _DRAFTED} | {"first": first, "rule": rule}


def imagined(rule: Rule, wall: datetime, zone: str, now: datetime, known: Series | None = None) -> Series:
    """The series that a form would make, or what would become of the known one: to see its dates."""
    known = known or Series(
        id="new", to="nobody", text="", changed_at=now, first="2000-01-01T00:00", zone=zone, rule=rule
    )
    return known.evolve(first=print_wall(wall), zone=zone, rule=rule, state=SeriesState.ACTIVE)

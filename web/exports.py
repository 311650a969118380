"""How far the export of a long chat is, so that its page can say so while the browser downloads it."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from shared.clock import Clock
from shared.model.chats import ChatMessages
from web.local import LocalState

KEY = re.compile(r"[A-Za-z0-9_-]{8,32}")
"""What a page calls an export that it starts."""
KEPT = timedelta(days=1)
SILENT = timedelta(minutes=2)
"""After so long without another page of messages, the download is given up: its process or its browser is gone."""


class Stage(StrEnum):
    """Where an export stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"


class Progress(NamedTuple):
    """Messages written of how many, and whether more are to come."""

    done: int
    total: int
    stage: Stage


class Exports:
    """The exports of the last day, known to every process of the page."""

    def __init__(self, state: LocalState, clock: Clock) -> None:
        self._state, self._clock = state, clock

    def find(self, key: str) -> Progress | None:
        """None: nothing was exported under this key, or not lately."""
        with self._state.reading() as db:
            row = db.execute("SELECT done, total, stage, beat FROM exports WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        done, total, stage, beat = row
        silent = self._clock.now() - datetime.fromisoformat(beat) > SILENT
        return Progress(done, total, Stage.STOPPED if silent and stage == Stage.RUNNING else Stage(stage))

    def counted(self, key: str, total: int, pages: Iterable[ChatMessages]) -> Iterator[ChatMessages]:
        """The same pages; each is noted once it is written. Raises what reading them raises; that, and a download
        that nobody takes any more, is noted too."""
        done, stage = 0, Stage.STOPPED
        self.note(key, Progress(done, total, Stage.RUNNING))
        try:
            for page in pages:
                yield page
                done += len(page.messages)
                self.note(key, Progress(done, max(done, total), Stage.RUNNING))
            stage = Stage.DONE
        finally:
            self.note(key, Progress(done, max(done, total), stage))

    def note(self, key: str, progress: Progress) -> None:
        """So far it is now."""
        now = self._clock.now()
        with self._state.writing() as db:
            db.execute("DELETE FROM exports WHERE beat < ?", ((now - KEPT).isoformat(),))
            values = (key, progress.done, progress.total, progress.stage, now.isoformat())
            db.execute("INSERT OR REPLACE INTO exports (key, done, total, stage, beat) VALUES (?, ?, ?, ?, ?)", values)

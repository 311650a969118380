"""Imports of contacts: read at once, shown first, written in the background, taken back as a whole.

What was read waits in the page's own database, so that any process of the page shows it and none needs the file again.
"""

import gzip
import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import structlog

from shared.clock import Clock
from shared.model.contact import Contact
from shared.store.errors import StoreError
from shared.store.view import View
from web import contact_import, texts
from web.contact_changes import UNDONE_WITHIN, ContactChanges, Undone
from web.contact_import import Plan, Reading
from web.local import LocalState
from web.scheduling import new_id

STALLED = timedelta(seconds=60)
"""After so long without a sign of life, an import that runs has died with its process and may be started again."""

log = structlog.get_logger(__name__)


class Stage(StrEnum):
    """Where an import stands."""

    READ = "read"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    UNDONE = "undone"


class Import(NamedTuple):
    """One import. done: contacts written so far; report: what became of it (new, merged, unchanged, total, tag,
    reason)."""

    id: str
    at: datetime
    file: str
    stage: Stage
    done: int
    report: Mapping[str, Any]
    startable: bool


class Imports:
    """All imports of the last week. Raises StoreError from `preview` only; a running import that meets one stops."""

    def __init__(self, changes: ContactChanges, view: View, state: LocalState, clock: Clock) -> None:
        self._changes, self._view, self._state, self._clock = changes, view, state, clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")

    def keep(self, file: str, reading: Reading, data: bytes = b"") -> str:
        """Keep what was read until it is imported or a week has passed; its id. data: a table's own bytes, so that it
        can be read again with other columns."""
        now = self._clock.now()
        import_id = new_id(now)
        with self._state.writing() as db:
            db.execute("DELETE FROM imports WHERE at < ?", ((now - UNDONE_WITHIN).isoformat(),))
            values = (import_id, now.isoformat(), file[:100], Stage.READ, now.isoformat(), _packed(reading))
            db.execute("INSERT INTO imports (id, at, file, state, beat, reading) VALUES (?, ?, ?, ?, ?, ?)", values)
            db.execute("DELETE FROM import_tables WHERE at < ?", ((now - UNDONE_WITHIN).isoformat(),))
            if reading.table:
                kept = (import_id, now.isoformat(), gzip.compress(data, compresslevel=3))
                db.execute("INSERT INTO import_tables (id, at, data) VALUES (?, ?, ?)", kept)
        return import_id

    def read_again(self, import_id: str, chosen: Mapping[int, str], country: str) -> bool:
        """Read a table that waits to be imported with these columns; False where it waits no more, or is none. Raises
        KeyError, Refused."""
        self.find(import_id)
        with self._state.reading() as db:
            row = db.execute("SELECT data FROM import_tables WHERE id = ?", (import_id,)).fetchone()
        if row is None:
            return False
        reading = contact_import.read(gzip.decompress(row[0]), country, chosen)
        with self._state.writing() as db:
            query = "UPDATE imports SET reading = ? WHERE id = ? AND state = ?"
            return bool(db.execute(query, (_packed(reading), import_id, Stage.READ)).rowcount)

    def find(self, import_id: str) -> Import:
        """Raises KeyError."""
        with self._state.reading() as db:
            query = "SELECT id, at, file, state, done, report, beat FROM imports WHERE id = ?"
            row = db.execute(query, (import_id,)).fetchone()
        if row is None:
            raise KeyError(import_id)
        id_, at, file, state, done, report, beat = row
        stage = Stage(state)
        stalled = stage is Stage.RUNNING and self._clock.now() - datetime.fromisoformat(beat) > STALLED
        return Import(
            id=id_,
            at=datetime.fromisoformat(at),
            file=file,
            stage=stage,
            done=done,
            report=json.loads(report),
            startable=stalled or stage in (Stage.READ, Stage.STOPPED),
        )

    def reading(self, import_id: str) -> Reading:
        """What was read from its file. Raises KeyError."""
        with self._state.reading() as db:
            row = db.execute("SELECT reading FROM imports WHERE id = ?", (import_id,)).fetchone()
        if row is None:
            raise KeyError(import_id)
        return Reading.model_validate_json(gzip.decompress(row[0]))

    def recent(self) -> list[tuple[str, datetime, str, Stage]]:
        """Id, time, file and stage of what was imported lately, the newest first."""
        with self._state.reading() as db:
            query = "SELECT id, at, file, state FROM imports WHERE state <> 'read' ORDER BY at DESC LIMIT 20"
            rows = db.execute(query).fetchall()
        return [(id_, datetime.fromisoformat(at), file, Stage(state)) for id_, at, file, state in rows]

    def preview(self, import_id: str, reading: Reading, tag: str = "") -> Plan:
        """What importing this now would do."""
        contacts: Mapping[str, Contact] = self._view.read(self._clock.now()).contacts
        return contact_import.plan(reading.people, contacts, import_id, tag)

    def start(self, import_id: str, tag: str) -> bool:
        """Import it in the background; False where it runs or is done already. Raises KeyError."""
        found, now = self.find(import_id), self._clock.now()
        if not found.startable:
            return False
        with self._state.writing() as db:
            query = """UPDATE imports SET state = 'running', beat = ?, report = ? WHERE id = ?
                AND (state IN ('read', 'stopped') OR (state = 'running' AND beat < ?))"""
            values = (now.isoformat(), json.dumps({"tag": tag}), import_id, (now - STALLED).isoformat())
            claimed = db.execute(query, values).rowcount
        if claimed:
            running = self._thread.submit(self._run, found, tag)
            running.add_done_callback(_log)
        return bool(claimed)

    def undo(self, import_id: str) -> Undone | None:
        """Take it back as a whole; None where it cannot be any more. Raises KeyError, StoreError."""
        if self.find(import_id).stage not in (Stage.DONE, Stage.STOPPED):
            return None
        undone = self._changes.undo(import_id)
        if undone is not None:
            with self._state.writing() as db:
                db.execute("UPDATE imports SET state = ? WHERE id = ?", (Stage.UNDONE, import_id))
        return undone

    def _run(self, found: Import, tag: str) -> None:
        report: dict[str, Any] = {**found.report, "tag": tag}
        try:
            plan = self.preview(found.id, self.reading(found.id), tag)
            report |= {
                "total": len(plan.edits),
                "new": len(plan.new) + plan.earlier,
                "merged": len(plan.merges),
                "unchanged": plan.unchanged,
            }
            self._say(found.id, Stage.RUNNING, 0, report)
            self._changes.apply(plan.edits, found.id, lambda done: self._say(found.id, Stage.RUNNING, done, report))
            self._say(found.id, Stage.DONE, len(plan.edits), report)
        except StoreError as error:
            report["reason"] = texts.IMPORT_STOPPED.format(reason=error)
            self._say(found.id, Stage.STOPPED, None, report)

    def _say(self, import_id: str, stage: Stage, done: int | None, report: Mapping[str, Any]) -> None:
        with self._state.writing() as db:
            values = (stage, self._clock.now().isoformat(), done, json.dumps(report), import_id)
            db.execute("UPDATE imports SET state=?, beat=?, done=coalesce(?, done), report=? WHERE id=?", values)


def _packed(reading: Reading) -> bytes:
    return gzip.compress(reading.model_dump_json(exclude_defaults=True).encode(), compresslevel=3)


def _log(running: "Future[None]") -> None:
    if error := running.exception():
        log.error("import broke", exc_info=error)

"""Has the link backed up after pairing and daily, by a process of its own, and says how old the newest backup is."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import structlog

from session_host import link_backups
from shared.clock import SYSTEM, Clock
from shared.model.link import Link, LinkStatus
from shared.store.bucket import Bucket
from shared.store.errors import StoreError

log = structlog.get_logger(__name__)

EACH = timedelta(days=1)
AGAIN = timedelta(hours=1)
"""How soon a failure is tried again, and how often it looks what is there: a person may have taken one."""

LOOK = timedelta(minutes=1)
"""How soon it looks again whether this host may take one."""

AFTER_PAIRING = timedelta(seconds=30)
"""What a phone tells a new device at first belongs into its backup."""

OLD = timedelta(days=3)
"""A backup that should be there and is older is a trouble."""

LIMIT_SECONDS = 300.0
ROOT = Path(__file__).resolve().parent.parent
COMMAND = (sys.executable, "-m", "session_host.link_backup")


class BackupFacts(NamedTuple):
    """on: a recipient is set. last: when the newest backup was taken. trouble: why the last try failed, in words."""

    on: bool = False
    last: datetime | None = None
    trouble: str | None = None

    def overdue(self, since: datetime, now: datetime) -> bool:
        """Whether tries have failed for so long that it matters; `since`: when this host came up."""
        return self.trouble is not None and now - (self.last or since) > OLD


class Child:
    """Runs the process, one at a time; `stop` ends it from another thread."""

    def __init__(self, command: Sequence[str] = COMMAND, seconds: float = LIMIT_SECONDS) -> None:
        self._command, self._seconds = command, seconds
        self._lock = threading.RLock()  # `stop` may interrupt itself, in a signal's handler
        self._stopped = False
        self._process: subprocess.Popen[str] | None = None

    def __call__(self) -> str | None:
        """None where a backup was taken; else why not, in one sentence."""
        with self._lock:
            if self._stopped:
                return "The session host is stopping."
            try:
                self._process = process = subprocess.Popen(
                    self._command,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            except OSError as error:
                return f"The backup could not be started: {error}."
        try:
            _, said = process.communicate(timeout=self._seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return f"The backup was not done within {self._seconds:g} s and was ended."
        if process.returncode == 0:
            return None
        return (said.strip().splitlines() or [f"The backup ended with code {process.returncode}."])[-1][:300]

    def stop(self) -> None:
        """End it where it runs, and begin none any more; returns at once."""
        with self._lock:
            self._stopped = True
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()


class Backups:
    """One thread calls `step`; the rest is for any thread."""

    def __init__(
        self,
        bucket: Bucket,
        run: Callable[[], str | None],
        may: Callable[[datetime], bool],
        *,
        on: bool,
        clock: Clock = SYSTEM,
    ) -> None:
        """`may`: whether this host leads and its link is linked. on: whether there is anybody to encrypt to."""
        self._bucket, self._run, self._may, self._on, self._clock = bucket, run, may, on, clock
        self._last: datetime | None = None
        self._trouble: str | None = None
        self._not_before: datetime | None = None
        self._pairing = False
        self._paired_at: datetime | None = None

    @property
    def facts(self) -> BackupFacts:
        """How the backups are."""
        return BackupFacts(self._on, self._last, self._trouble)

    def link_changed(self, status: LinkStatus) -> bool:
        """The link has changed; whether `step` has to look anew, for a phone has just been linked."""
        if status.state is Link.PAIRING:
            self._pairing = True
        elif status.sends and self._pairing:
            self._pairing, self._paired_at = False, status.since
            return self._on
        return False

    def step(self, now: datetime) -> datetime | None:
        """Take one where it is due; when to look again, None where there is nobody to encrypt to."""
        if not self._on:
            return None
        if not self._may(now):
            return now + LOOK
        try:
            newest = next((each.at for each in link_backups.stored(self._bucket) if each.at <= now), None)
        except StoreError as error:
            return self._failed(str(error), now)
        if newest and (self._last is None or self._last < newest):
            self._last = newest
        due = self._due(now)
        return min(due, now + AGAIN) if due > now else self._take(now)

    def _due(self, now: datetime) -> datetime:
        """When the next one is: soon after pairing, else a day after the last, and never soon after a failure."""
        wanted = self._last + EACH if self._last else now
        if self._paired_at:
            wanted = min(wanted, self._paired_at + AFTER_PAIRING)
        return max(wanted, self._not_before) if self._not_before else wanted

    def _take(self, now: datetime) -> datetime:
        paired_at = self._paired_at
        if trouble := self._run():
            return self._failed(trouble, now)
        self._last, self._trouble, self._not_before = now, None, None
        if self._paired_at == paired_at:
            self._paired_at = None
        log.info("link backed up", seconds=round((self._clock.now() - now).total_seconds(), 1))
        return now + AGAIN

    def _failed(self, trouble: str, now: datetime) -> datetime:
        log.warning("link backup failed", reason=trouble)
        self._trouble, self._not_before = trouble, now + AGAIN
        return now + AGAIN

"""Where the tick keeps its open incidents: pulse/tick.json, and while the bucket is dark a file of this machine.

The file is what a warm Lambda function, or the next run of a timer, remembers of an incident that could not be written.
"""

import json
import logging
import os
import stat
import tempfile
from collections.abc import Collection
from pathlib import Path

from pydantic import ValidationError

from shared.model.alarm import Incident
from shared.model.values import Value
from shared.store import pulse
from shared.store.bucket import Bucket
from shared.store.errors import NewerVersion, StoreError, Unreadable
from shared.store.pulse import TickPulse

log = logging.getLogger("tick")


class _Remembered(Value):
    """ahead: it was changed while the bucket could not be written, so it is what counts."""

    ahead: bool = False
    incidents: tuple[Incident, ...] = ()


class Incidents:
    """The open incidents of one account. Never raises: that an alarm's memory fails must not silence the alarm."""

    def __init__(self, bucket: Bucket, account: str, folder: Path | None = None) -> None:
        """`account` tells this account's file from others'; `folder` is the machine's for temporary files."""
        self._bucket = bucket
        self._path = (folder or Path(tempfile.gettempdir())) / f"wa-tick-{os.getuid()}-{account}.json"
        self._stored: tuple[Incident, ...] | None = None
        self._dark = False

    def read(self, *, dark: bool = False) -> tuple[Incident, ...]:
        """The open incidents; `dark` when the bucket is known not to answer, so that it is not waited for again."""
        self._stored, self._dark = None, dark
        remembered = self._remembered()
        if not dark:
            try:
                found = pulse.read_tick(self._bucket)
                self._stored = found.incidents if found else ()
            except StoreError as error:
                # What is damaged holds nothing a person has written and is written anew; what is newer is left alone.
                self._dark = not isinstance(error, Unreadable) or isinstance(error, NewerVersion)
                _complain("incidents-unreadable", error)
        if self._stored is None or remembered.ahead:
            return remembered.incidents
        return self._stored

    def write(self, incidents: Collection[Incident]) -> None:
        """Keep these from now on; the bucket is written where it was readable and holds something else."""
        kept = tuple(incidents)
        ahead = kept != self._stored
        if ahead and not self._dark:
            try:
                pulse.write_tick(self._bucket, TickPulse(incidents=kept) if kept else None)
                ahead = False
            except StoreError as error:
                _complain("incidents-not-written", error)
        self._remember(_Remembered(ahead=ahead and (kept != () or self._path.exists()), incidents=kept))

    def _remembered(self) -> _Remembered:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return _Remembered()
        except OSError as error:
            _complain("memory-unreadable", error)
            return _Remembered()
        with os.fdopen(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
                log.error(json.dumps({"event": "memory-unreadable", "reason": "another user's file is in its place"}))
                return _Remembered()
            try:
                return _Remembered.model_validate_json(file.read())
            except (OSError, ValidationError) as error:
                _complain("memory-unreadable", error)
                return _Remembered()

    def _remember(self, remembered: _Remembered) -> None:
        """What is not open and not ahead needs no file."""
        try:
            if not remembered.incidents and not remembered.ahead:
                self._path.unlink(missing_ok=True)
                return
            descriptor, name = tempfile.mkstemp(prefix=f"{self._path.name}.", dir=self._path.parent)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(remembered.as_json(), file)
            Path(name).replace(self._path)
        except OSError as error:
            _complain("memory-not-written", error)


def _complain(event: str, error: Exception) -> None:
    log.error(json.dumps({"event": event, "reason": str(error)}))

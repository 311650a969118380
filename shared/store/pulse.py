"""Heartbeats in the bucket: the host's, by which a second host knows that it lives, and the tick's open incidents."""

from datetime import UTC, datetime
from typing import TypeVar

from pydantic import Field, ValidationError

from shared.model.alarm import Incident
from shared.model.link import LinkStatus
from shared.model.values import Instant, Record
from shared.store import document, keys
from shared.store.bucket import Bucket
from shared.store.errors import NotFound, Unreadable
from shared.store.projection import first_error

P = TypeVar("P", bound=Record)

UNREADABLE = "(unreadable)"
"""Stands for the name of a host whose pulse nobody can read."""


class HostPulse(Record):
    """The host's heartbeat, written each 30 s. `counter` only grows: another clock is never compared with `at`."""

    host: str
    epoch: int = Field(ge=0, description="grows each time another host takes over")
    counter: int = Field(ge=0, description="grows by one with each pulse of an epoch")
    at: Instant
    link: LinkStatus | None = None
    last_fold: Instant | None = None
    last_tick: Instant | None = None


NOBODY = HostPulse(host=UNREADABLE, epoch=0, counter=0, at=datetime(1970, 1, 1, tzinfo=UTC))
"""Stands for a pulse that cannot be read: it is waited for like any other."""


class TickPulse(Record):
    """The tick's open incidents; the object is there only while there is one, so that there is one notice for each."""

    incidents: tuple[Incident, ...] = Field(min_length=1)


def read_host(bucket: Bucket) -> HostPulse | None:
    """The last pulse of the host; None where there never was one. Raises Unreadable and other StoreErrors."""
    return _read(bucket, keys.HOST_PULSE, HostPulse)


def write_host(bucket: Bucket, pulse: HostPulse) -> None:
    """Beat. Raises StoreError."""
    _write(bucket, keys.HOST_PULSE, pulse)


def read_tick(bucket: Bucket) -> TickPulse | None:
    """The open incidents; None where there is none. Raises Unreadable and other StoreErrors."""
    return _read(bucket, keys.TICK_PULSE, TickPulse)


def write_tick(bucket: Bucket, pulse: TickPulse | None) -> None:
    """Open, change or close incidents; None when the last has ended. Raises StoreError."""
    if pulse is None:
        bucket.delete(keys.TICK_PULSE)
    else:
        _write(bucket, keys.TICK_PULSE, pulse)


def _read(bucket: Bucket, key: str, model: type[P]) -> P | None:
    try:
        found = document.parse(bucket.get(key).data, key)
    except NotFound:
        return None
    if not isinstance(found, dict) or not document.check_version(found, key):
        raise Unreadable(f"{key} is no pulse: it has no version.")
    found.pop("version")
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise Unreadable(f"{key} is no pulse: {first_error(error)}.") from None


def _write(bucket: Bucket, key: str, pulse: Record) -> None:
    bucket.put(key, document.print_by_size({"version": document.VERSION, **pulse.as_json()}))

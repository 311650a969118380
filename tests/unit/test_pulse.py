"""Heartbeats in the bucket: read back as written, absent where there is none, never guessed where they are damaged."""

from collections.abc import Callable

import pytest

from shared.model.alarm import Incident, Kind
from shared.store import keys, pulse
from shared.store.bucket import Bucket
from shared.store.errors import NewerVersion, Unreadable
from shared.store.memory import MemoryBucket
from tests.builders import NOW, in_, link_status

HOST = pulse.HostPulse(
    host="host-1", epoch=3, counter=41, at=NOW, link=link_status(), last_fold=NOW, last_tick=in_(minutes=-1)
)
INCIDENT = pulse.TickPulse(
    incidents=(
        Incident(
            kind=Kind.OVERDUE,
            id="overdue-20261122T1200Z",
            since=NOW,
            sentence="2 messages are overdue by more than two minutes.",
            noticed_at=in_(minutes=1),
        ),
    )
)


def test_the_hosts_pulse_is_read_as_it_was_written() -> None:
    bucket = MemoryBucket()
    assert pulse.read_host(bucket) is None
    pulse.write_host(bucket, HOST)
    assert pulse.read_host(bucket) == HOST
    pulse.write_host(bucket, HOST.evolve(counter=42, at=in_(30)))
    assert pulse.read_host(bucket) == HOST.evolve(counter=42, at=in_(30))


def test_fields_of_another_version_of_the_host_survive() -> None:
    bucket = MemoryBucket()
    pulse.write_host(bucket, pulse.HostPulse.model_validate(HOST.as_json() | {"battery": 80}))
    found = pulse.read_host(bucket)
    assert found
    assert found.model_extra == {"battery": 80}


def test_an_incident_is_there_while_it_is_open() -> None:
    bucket = MemoryBucket()
    assert pulse.read_tick(bucket) is None
    pulse.write_tick(bucket, INCIDENT)
    assert pulse.read_tick(bucket) == INCIDENT
    pulse.write_tick(bucket, None)
    pulse.write_tick(bucket, None)
    assert pulse.read_tick(bucket) is None
    assert list(bucket.list("")) == []


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version": 1}', b'{"version": 1, "host": 1}'])
@pytest.mark.parametrize(("key", "read"), [(keys.HOST_PULSE, pulse.read_host), (keys.TICK_PULSE, pulse.read_tick)])
def test_a_damaged_pulse_is_unreadable_in_words(key: str, read: Callable[[Bucket], object], data: bytes) -> None:
    bucket = MemoryBucket()
    bucket.put(key, data)
    with pytest.raises(Unreadable, match=rf"^{key} is no "):
        read(bucket)


def test_a_pulse_of_a_newer_version_is_not_guessed_at() -> None:
    bucket = MemoryBucket()
    bucket.put(keys.HOST_PULSE, b'{"version": 2}')
    with pytest.raises(NewerVersion):
        pulse.read_host(bucket)

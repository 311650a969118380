"""The link connects only while its host leads: two hosts never use one session."""

from datetime import datetime
from pathlib import Path

import pytest

from session_host.fence import Fence
from session_host.place import EACH, FRESH, STANDS_STILL, TAKEN_OVER
from session_host.pulse import Pulse
from shared.store import pulse as pulses
from shared.store.errors import Unreachable
from shared.store.pulse import HostPulse
from tests.builders import NOW, in_
from tests.fakes.host import Failing, ScriptedLink
from tests.unit.test_pulse_and_standing import AHost

OTHER = HostPulse(host="london-1", epoch=3, counter=7, at=NOW)


class Fenced:
    """A pulse, a fence and a link, stepped as the host's threads do."""

    def __init__(self, folder: Path, bucket: Failing) -> None:
        self.pulse: Pulse = AHost(folder, bucket).pulse
        self.link = ScriptedLink()
        self.fence = Fence(self.pulse, self.link)

    def step(self, now: datetime) -> str:
        """What the link was told to do, as it stands then."""
        self.pulse.step(now)
        return self.look(now)

    def look(self, now: datetime) -> str:
        """The same where the pulse has not been looked at."""
        self.fence.step(now)
        return "rests" if self.link.resting else "started" if self.link.started else "untouched"


@pytest.fixture
def bucket() -> Failing:
    return Failing()


@pytest.fixture
def host(tmp_path: Path, bucket: Failing) -> Fenced:
    return Fenced(tmp_path / "a", bucket)


def test_a_host_that_leads_connects_at_its_first_pulse_and_not_before(host: Fenced) -> None:
    assert host.look(NOW) == "untouched"
    assert host.step(NOW) == "started"


def test_it_is_started_once_and_not_with_each_pulse(host: Fenced) -> None:
    host.step(NOW)
    host.link.started = False
    host.step(in_(30))
    assert not host.link.started


def test_behind_another_host_it_stays_away_until_that_one_is_certainly_gone(host: Fenced, bucket: Failing) -> None:
    pulses.write_host(bucket, OTHER)
    now = NOW
    while now < NOW + STANDS_STILL:
        assert host.step(now) == "rests"
        assert host.fence.closed(now)
        now += EACH
    assert host.step(now + 2 * EACH) == "started"


def test_one_that_has_left_is_not_waited_for(host: Fenced, bucket: Failing) -> None:
    pulses.write_host(bucket, HostPulse.model_validate({**OTHER.as_json(), "left": True}))
    assert host.step(NOW) == "started"


def test_it_disconnects_when_another_host_takes_the_lead(host: Fenced, bucket: Failing) -> None:
    host.step(NOW)
    pulses.write_host(bucket, OTHER)
    assert host.step(in_(30)) == "rests"


def test_it_disconnects_when_no_pulse_arrives_for_it_may_have_been_replaced(host: Fenced, bucket: Failing) -> None:
    host.step(NOW)
    bucket.trouble = Unreachable("away")
    assert host.step(in_(60)) == "started"
    assert host.look(NOW + FRESH) == "rests"
    bucket.trouble = None
    assert host.step(in_(minutes=5)) == "started"


def test_storage_that_is_away_at_the_start_keeps_it_off(host: Fenced, bucket: Failing) -> None:
    bucket.trouble = Unreachable("away")
    assert host.step(NOW) == "rests"


def test_a_clock_that_is_set_back_a_little_does_not_disconnect_it(host: Fenced) -> None:
    host.step(NOW)
    assert host.look(in_(-1)) == "started"


def test_after_a_takeover_it_waits_until_the_other_has_certainly_stopped(host: Fenced, bucket: Failing) -> None:
    pulses.write_host(bucket, OTHER)
    host.step(NOW)
    host.pulse.take_over("london-1", in_(10))
    assert host.step(in_(40)) == "rests"
    now = in_(40)
    while now < in_(40) + TAKEN_OVER:
        assert host.step(now) == "rests"
        now += EACH
    assert host.step(now) == "started"

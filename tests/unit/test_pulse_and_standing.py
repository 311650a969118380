"""The host's pulse: who may send, who must wait, and what a person is told about the other one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from session_host.database import Database
from session_host.identity import IdentityStore
from session_host.place import EACH, FRESH, STANDS_STILL, STILL, TAKEN_OVER
from session_host.pulse import NothingToTakeOver, Pulse, Told
from session_host.schema import MIGRATIONS
from shared.store import pulse as pulses
from shared.store.errors import Unreachable
from tests.builders import NOW, in_, link_status
from tests.fakes.host import Failing, HandClock


class ByHand(Pulse):
    """A pulse whose clock shows what it is stepped with."""

    clock = HandClock()

    def step(self, now: datetime) -> datetime:
        self.clock.set(now)
        return super().step(now)


class AHost:
    """One host's pulse over its own ledger."""

    def __init__(self, folder: Path, bucket: Failing, name: str = "host") -> None:
        folder.mkdir(exist_ok=True)
        self.database = Database(folder / "ledger.db", MIGRATIONS)
        self.led = 0
        self.pulse = ByHand(bucket, IdentityStore(self.database, name), self._told, self._on_lead, ByHand.clock)

    def leads(self) -> bool:
        """Whether it leads."""
        return self.pulse.standing.leads

    def _told(self) -> Told:
        return Told(link_status(), None, None)

    def _on_lead(self) -> None:
        self.led += 1

    def beats(self, start: datetime, until: datetime) -> None:
        """Step at each instant it asks for, and at the last one."""
        now = start
        while now < until:
            now = self.pulse.step(now)
        self.pulse.step(until)


@pytest.fixture
def bucket() -> Failing:
    return Failing()


def test_the_first_host_of_an_account_leads_at_once(tmp_path: Path, bucket: Failing) -> None:
    host = AHost(tmp_path / "a", bucket)
    assert host.pulse.standing_gate(NOW) is not None
    host.pulse.step(NOW)
    assert host.pulse.standing_gate(NOW) is None
    assert host.led == 1
    found = pulses.read_host(bucket)
    assert found is not None
    assert (found.host, found.epoch, found.counter, found.at) == (host.pulse.host, 1, 1, NOW)


def test_it_beats_each_half_minute(tmp_path: Path, bucket: Failing) -> None:
    host = AHost(tmp_path / "a", bucket)
    host.beats(NOW, in_(minutes=5))
    found = pulses.read_host(bucket)
    assert found is not None
    assert found.counter == 11


def test_restarted_it_is_the_same_host_and_need_not_wait(tmp_path: Path, bucket: Failing) -> None:
    first = AHost(tmp_path / "a", bucket)
    first.pulse.step(NOW)
    first.database.close()
    again = AHost(tmp_path / "a", bucket)
    again.pulse.step(in_(5))
    assert again.pulse.host == first.pulse.host
    assert again.leads()


def test_a_second_living_host_is_refused_by_name_for_ever(tmp_path: Path, bucket: Failing) -> None:
    first, second = AHost(tmp_path / "a", bucket, "london"), AHost(tmp_path / "b", bucket, "paris")
    now = NOW
    while now < in_(hours=1):
        first.pulse.step(now)
        second.pulse.step(now + EACH / 2)
        now += EACH
    assert first.leads()
    assert not second.leads()
    reason = second.pulse.standing_gate(now)
    assert reason is not None
    assert first.pulse.host in reason
    assert "stop it if it runs" in reason


def test_a_new_machine_takes_over_when_the_old_pulse_stood_still_for_ten_minutes(
    tmp_path: Path, bucket: Failing
) -> None:
    old, new = AHost(tmp_path / "a", bucket), AHost(tmp_path / "b", bucket)
    old.pulse.step(NOW)
    new.beats(in_(60), in_(60) + STANDS_STILL - EACH)
    assert not new.leads()
    new.beats(in_(60) + STANDS_STILL, in_(60) + STANDS_STILL + EACH)
    assert new.leads()
    assert new.pulse.identity.epoch == old.pulse.identity.epoch + 1


def test_a_jump_of_the_clock_does_not_shorten_the_wait(tmp_path: Path, bucket: Failing) -> None:
    old, new = AHost(tmp_path / "a", bucket), AHost(tmp_path / "b", bucket)
    old.pulse.step(NOW)
    new.pulse.step(in_(60))
    new.pulse.step(in_(days=1))
    assert not new.leads()


def test_what_left_in_good_order_need_not_be_waited_for(tmp_path: Path, bucket: Failing) -> None:
    old, new = AHost(tmp_path / "a", bucket), AHost(tmp_path / "b", bucket)
    old.pulse.step(NOW)
    old.pulse.finish(in_(1))
    assert not old.leads()
    new.pulse.step(in_(2))
    assert new.leads()


def test_a_host_that_was_overtaken_stops_at_its_next_pulse(tmp_path: Path, bucket: Failing) -> None:
    old, new = AHost(tmp_path / "a", bucket), AHost(tmp_path / "b", bucket)
    old.pulse.step(NOW)
    new.beats(in_(60), in_(60) + STANDS_STILL + EACH)
    assert new.leads()
    old.pulse.step(in_(hours=1))
    assert not old.leads()
    assert new.pulse.host in str(old.pulse.standing_gate(NOW))


def test_a_restored_old_ledger_is_somebody_new(tmp_path: Path, bucket: Failing) -> None:
    host = AHost(tmp_path / "a", bucket)
    host.pulse.step(NOW)
    host.database.query("PRAGMA wal_checkpoint(TRUNCATE)")
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored" / "ledger.db").write_bytes((tmp_path / "a" / "ledger.db").read_bytes())
    host.beats(in_(30), in_(minutes=5))
    restored = AHost(tmp_path / "restored", bucket)
    restored.pulse.step(in_(minutes=6))
    assert restored.pulse.host != host.pulse.host
    assert not restored.leads()


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"version": 1}', b'{"version": 1, "host": 7}'])
def test_a_pulse_nobody_can_read_is_waited_for_like_any_other(tmp_path: Path, bucket: Failing, data: bytes) -> None:
    bucket.put("pulse/host.json", data)
    host = AHost(tmp_path / "a", bucket)
    host.pulse.step(NOW)
    assert not host.leads()
    host.beats(in_(30), in_(30) + STANDS_STILL + EACH)
    assert host.leads()


class TestFresh:
    def test_messages_wait_when_no_pulse_arrived_for_two_minutes(self, tmp_path: Path, bucket: Failing) -> None:
        host = AHost(tmp_path / "a", bucket)
        host.pulse.step(NOW)
        bucket.trouble = Unreachable("The storage cannot be reached: check the network.")
        almost = NOW + FRESH - timedelta(seconds=1)
        host.beats(in_(30), almost)
        assert host.pulse.fresh_gate(almost) is None
        host.beats(NOW + FRESH, in_(minutes=3))
        assert "check the network" in str(host.pulse.fresh_gate(NOW + FRESH))
        bucket.trouble = None
        host.beats(in_(minutes=4), in_(minutes=4))
        assert host.pulse.fresh_gate(in_(minutes=4)) is None
        assert host.leads()

    def test_it_tries_again_soon_when_the_storage_is_away(self, tmp_path: Path, bucket: Failing) -> None:
        host = AHost(tmp_path / "a", bucket)
        bucket.trouble = Unreachable("away")
        assert host.pulse.step(NOW) <= in_(5)

    def test_a_pulse_from_the_future_is_not_fresh(self, tmp_path: Path, bucket: Failing) -> None:
        host = AHost(tmp_path / "a", bucket)
        host.pulse.step(in_(hours=1))
        assert host.pulse.fresh_gate(NOW) is not None

    def test_a_write_without_an_answer_is_not_taken_for_another_host(
        self, tmp_path: Path, bucket: Failing, monkeypatch: Any
    ) -> None:
        host = AHost(tmp_path / "a", bucket)
        host.pulse.step(NOW)
        put = Failing.put

        def lost(self: Failing, key: str, data: bytes) -> str:
            put(self, key, data)
            raise Unreachable("no answer")

        monkeypatch.setattr(Failing, "put", lost)
        host.pulse.step(in_(30))
        monkeypatch.setattr(Failing, "put", put)
        host.pulse.step(in_(60))
        assert host.leads()


class TestTakeover:
    """Promised: from the takeover on there is never an instant at which both hosts may begin a message."""

    @pytest.fixture
    def two(self, tmp_path: Path, bucket: Failing) -> tuple[AHost, AHost]:
        old, new = AHost(tmp_path / "a", bucket, "london"), AHost(tmp_path / "b", bucket, "paris")
        old.pulse.step(NOW)
        new.pulse.step(in_(10))
        return old, new

    def test_the_host_in_the_way_is_known_with_its_last_pulse(self, two: tuple[AHost, AHost]) -> None:
        old, new = two
        other = new.pulse.other
        assert other is not None
        assert (other.host, other.at) == (old.pulse.host, NOW)
        assert "./wa takeover" in str(new.pulse.standing_gate(NOW))
        assert old.pulse.other is None

    def test_it_leads_without_the_ten_minutes_once_the_other_has_certainly_stopped(
        self, two: tuple[AHost, AHost]
    ) -> None:
        old, new = two
        new.pulse.take_over(old.pulse.host, in_(20))
        assert not new.leads()
        assert "messages wait until 2026-11-22T12:03:50Z" in str(new.pulse.standing_gate(in_(20)))
        new.beats(in_(20), in_(20) + TAKEN_OVER)
        assert new.leads()
        assert new.led == 1
        assert new.pulse.identity.epoch == old.pulse.identity.epoch + 1

    @pytest.mark.parametrize("phase", [1, 9, 29])
    @pytest.mark.parametrize("away", [False, True])
    def test_a_living_host_stops_before_the_new_one_begins(
        self, two: tuple[AHost, AHost], bucket: Failing, phase: int, away: bool
    ) -> None:
        old, new = two
        new.pulse.take_over(old.pulse.host, in_(20))
        now, old_next, new_next = in_(20), in_(20 + phase), in_(50)
        begun = {"old": 0, "new": 0}
        while now < in_(minutes=10):
            now += timedelta(seconds=1)
            if now >= old_next:
                bucket.trouble = Unreachable("Only the old host is cut off.") if away else None
                old_next = old.pulse.step(now)
                bucket.trouble = None
            if now >= new_next:
                new_next = new.pulse.step(now)
            may = {
                name: not (host.pulse.standing_gate(now) or host.pulse.fresh_gate(now))
                for name, host in (("old", old), ("new", new))
            }
            assert not all(may.values()), now
            begun = {name: begun[name] + may[name] for name in begun}
        assert begun["new"] > 300

    def test_a_pulse_that_crosses_the_takeover_is_taken_over_from_again(
        self, two: tuple[AHost, AHost], bucket: Failing
    ) -> None:
        old, new = two
        crossing = bucket.get("pulse/host.json").data
        new.pulse.take_over(old.pulse.host, in_(20))
        bucket.put("pulse/host.json", crossing)
        new.beats(in_(50), in_(50) + TAKEN_OVER - EACH)
        assert not new.leads(), "the wait began anew"
        old.pulse.step(in_(60))
        assert not old.leads()
        new.beats(in_(50) + TAKEN_OVER, in_(60) + TAKEN_OVER)
        assert new.leads()

    def test_a_restart_begins_the_wait_anew(self, two: tuple[AHost, AHost], tmp_path: Path, bucket: Failing) -> None:
        old, new = two
        new.pulse.take_over(old.pulse.host, in_(20))
        new.database.close()
        again = AHost(tmp_path / "b", bucket, "paris")
        again.pulse.step(in_(40))
        assert not again.leads()
        again.beats(in_(70), in_(30) + TAKEN_OVER)
        assert not again.leads()
        again.beats(in_(40) + TAKEN_OVER, in_(40) + TAKEN_OVER)
        assert again.leads()

    def test_only_the_host_that_was_shown_is_taken_over_from(self, two: tuple[AHost, AHost]) -> None:
        old, new = two
        with pytest.raises(NothingToTakeOver, match=f"by {old.pulse.host}, not by somebody"):
            new.pulse.take_over("somebody", in_(20))
        with pytest.raises(NothingToTakeOver, match="No other session host"):
            old.pulse.take_over(old.pulse.host, in_(20))
        assert old.leads()

    def test_storage_that_is_away_is_said_and_it_is_tried_again(
        self, two: tuple[AHost, AHost], bucket: Failing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old, new = two

        def away(self: Failing, key: str, data: bytes) -> str:
            raise Unreachable("The storage cannot be reached.")

        with monkeypatch.context() as cut:
            cut.setattr(Failing, "put", away)
            with pytest.raises(Unreachable, match="it is tried again"):
                new.pulse.take_over(old.pulse.host, in_(20))
        new.beats(in_(25), in_(30) + TAKEN_OVER)
        assert new.leads()


Crossed = Callable[[Callable[[bytes], object]], None]


class TestRaces:
    """Promised: whatever two hosts read before the other wrote, they never both may begin a message."""

    @pytest.fixture
    def crossed(self, monkeypatch: pytest.MonkeyPatch) -> Crossed:
        """Let something happen between the next look of whoever looks and the write of what it is handed."""

        def arrange(meanwhile: Callable[[bytes], object]) -> None:
            waiting, put = [meanwhile], Failing.put

            def crossing(self: Failing, key: str, data: bytes) -> str:
                if waiting:
                    waiting.pop()(data)
                return put(self, key, data)

            monkeypatch.setattr(Failing, "put", crossing)

        return arrange

    def never_both(self, hosts: tuple[AHost, AHost], start: datetime, until: datetime) -> None:
        """Step both when they want to be, 7 s apart at first; at no second may both begin."""
        now, due = start, [start + timedelta(seconds=17), start + timedelta(seconds=24)]
        while now < until:
            for number, host in enumerate(hosts):
                if now >= due[number]:
                    due[number] = host.pulse.step(now)
            assert sum(host.pulse.acts(now) for host in hosts) < 2, now
            now += timedelta(seconds=1)
        assert sum(host.pulse.acts(now) for host in hosts) == 1

    def test_a_host_that_is_back_while_another_takes_over(
        self, tmp_path: Path, bucket: Failing, crossed: Crossed
    ) -> None:
        alpha, beta = AHost(tmp_path / "a", bucket, "alpha"), AHost(tmp_path / "b", bucket, "beta")
        alpha.pulse.step(NOW)
        beta.beats(in_(10), in_(10) + STILL - timedelta(seconds=1))
        now = in_(10) + STILL
        crossed(lambda _: beta.pulse.step(now))
        alpha.pulse.step(now)
        assert alpha.pulse.acts(now)
        assert not beta.pulse.acts(now)
        self.never_both((alpha, beta), now, now + timedelta(minutes=20))

    @pytest.mark.parametrize("left", [False, True], ids=["an empty storage", "a pulse that says it has left"])
    def test_two_that_start_at_once_where_nobody_is(
        self, tmp_path: Path, bucket: Failing, crossed: Crossed, monkeypatch: pytest.MonkeyPatch, left: bool
    ) -> None:
        if left:
            gone = AHost(tmp_path / "a", bucket, "alpha")
            gone.pulse.step(NOW)
            gone.pulse.finish(NOW)
            gone.database.close()
        alpha, beta = AHost(tmp_path / "a", bucket, "alpha"), AHost(tmp_path / "b", bucket, "beta")

        def beta_starts_too(alphas: bytes) -> None:
            with monkeypatch.context() as while_it_waits:
                while_it_waits.setattr(HandClock, "wait", lambda *_: bucket.put("pulse/host.json", alphas))
                beta.pulse.step(in_(5))

        crossed(beta_starts_too)
        alpha.pulse.step(in_(5))
        assert alpha.pulse.acts(in_(5))
        assert not beta.pulse.acts(in_(5))
        self.never_both((alpha, beta), in_(5), in_(minutes=20))

    def test_one_that_was_slow_to_write_where_nobody_is_waits_until_the_other_must_have_noticed(
        self, tmp_path: Path, bucket: Failing, crossed: Crossed
    ) -> None:
        alpha, beta = AHost(tmp_path / "a", bucket, "alpha"), AHost(tmp_path / "b", bucket, "beta")

        def meanwhile(_: bytes) -> None:
            beta.pulse.step(in_(5))
            assert beta.pulse.acts(in_(5))
            ByHand.clock.set(in_(15))

        crossed(meanwhile)
        alpha.pulse.step(in_(4))
        assert not alpha.pulse.acts(in_(15))
        self.never_both((alpha, beta), in_(15), in_(minutes=20))

    def test_two_that_waited_for_a_pulse_nobody_can_read(
        self, tmp_path: Path, bucket: Failing, crossed: Crossed
    ) -> None:
        bucket.put("pulse/host.json", b"{")
        alpha, beta = AHost(tmp_path / "a", bucket, "alpha"), AHost(tmp_path / "b", bucket, "beta")
        alpha.beats(NOW, NOW + STILL - timedelta(seconds=1))
        beta.beats(NOW, NOW + STILL - timedelta(seconds=1))
        now = NOW + STILL
        crossed(lambda _: beta.pulse.step(now))
        alpha.pulse.step(now)
        self.never_both((alpha, beta), now, now + timedelta(minutes=20))

    def test_a_pulse_that_lands_late_on_another_hosts_place_gives_no_right_to_send(
        self, tmp_path: Path, bucket: Failing, crossed: Crossed
    ) -> None:
        alpha, beta = AHost(tmp_path / "a", bucket, "alpha"), AHost(tmp_path / "b", bucket, "beta")
        alpha.pulse.step(NOW)
        late = in_(20) + STANDS_STILL + EACH

        def beta_comes_to_lead(_: bytes) -> None:
            beta.beats(in_(40), late)
            assert beta.pulse.acts(late)

        crossed(beta_comes_to_lead)
        alpha.pulse.step(in_(30))
        assert not alpha.pulse.acts(late)
        self.never_both((beta, alpha), late, late + timedelta(minutes=20))

    def test_a_host_that_leaves_without_having_noticed_does_not_say_so_in_the_place_of_another(
        self, tmp_path: Path, bucket: Failing
    ) -> None:
        alpha, beta = AHost(tmp_path / "a", bucket, "alpha"), AHost(tmp_path / "b", bucket, "beta")
        alpha.pulse.step(NOW)
        beta.beats(in_(10), in_(10) + STANDS_STILL + EACH)
        alpha.pulse.finish(in_(minutes=11))
        found = pulses.read_host(bucket)
        assert found is not None
        assert found.host == beta.pulse.host

    def test_a_single_host_is_back_at_once_after_an_outage_however_long(self, tmp_path: Path, bucket: Failing) -> None:
        host = AHost(tmp_path / "a", bucket)
        host.pulse.step(NOW)
        bucket.trouble = Unreachable("away")
        host.beats(in_(30), in_(minutes=30))
        assert not host.pulse.acts(in_(minutes=30))
        bucket.trouble = None
        host.pulse.step(in_(minutes=31))
        assert host.pulse.acts(in_(minutes=31))
        assert host.led == 2

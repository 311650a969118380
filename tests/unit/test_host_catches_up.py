"""A host whose ledger is behind the storage begins nothing before it has read what was done since."""

import shutil
from datetime import timedelta
from pathlib import Path

from session_host import rules
from session_host.host import Host
from session_host.rules import Row
from shared.model.lifecycle import State
from shared.model.message import Status
from shared.settings import HostSettings
from shared.store.errors import Unreachable
from shared.store.memory import MemoryBucket
from shared.store.oplog import Writer
from tests.builders import NOW, claimed, in_, message
from tests.fakes.host import Failing, HandClock, ScriptedLink


def test_a_handover_does_not_hide_that_another_host_had_claimed_a_message() -> None:
    one = message(send_at=in_(60))
    theirs = Row(one, claimed(one, host="host-lost").delivery, handed_by="tick", claim_stored=True)
    handed = rules.take_over(theirs, one, "host-new", in_(90))
    after_its_second = rules.reconcile(handed, one, "host-new", in_(90))
    assert after_its_second is not None
    assert after_its_second.delivery.state is State.UNKNOWN
    before_its_second = rules.reconcile(rules.take_over(theirs, one, "host-new", NOW), one, "host-new", NOW)
    assert before_its_second is not None
    assert before_its_second.delivery.attempt == 2
    assert before_its_second.delivery.claim == claimed(one, host="host-new").delivery.claim


class Timed(MemoryBucket):
    """A bucket that says what time it is."""

    server_time_offset: float | None = 0.0


def send_until_quiet(host: Host, clock: HandClock) -> None:
    for _ in range(10):
        host.sender.step(clock.now())


def fold(host: Host, clock: HandClock) -> None:
    clock.set(clock.now() + timedelta(seconds=1))
    host.fold_soon()
    host.folder.step(clock.now())


def test_a_restored_snapshot_does_not_send_again_what_was_sent_after_it(tmp_path: Path) -> None:
    clock, bucket, link = HandClock(), MemoryBucket(), ScriptedLink()
    writer = Writer(bucket, "web", clock=clock)
    one = message(version=writer.reserve(), send_at=in_(60))
    writer.append(one.version, NOW, messages=[one])
    host = Host(HostSettings(data_dir=tmp_path / "live"), bucket, link, clock)
    host.pulse.step(NOW)
    host.ledger.accept([one], "tick", host.pulse.host, NOW)
    fold(host, clock)
    shutil.copytree(tmp_path / "live", tmp_path / "snapshot")
    clock.set(in_(60))
    host.pulse.step(clock.now())
    send_until_quiet(host, clock)
    assert len(link.sent) == 1
    host.stop(5)

    clock.set(in_(90))
    restored = Host(HostSettings(data_dir=tmp_path / "snapshot"), bucket, link, clock)
    restored.pulse.step(clock.now())
    assert restored.pulse.standing.leads
    send_until_quiet(restored, clock)
    assert len(link.sent) == 1
    fold(restored, clock)
    send_until_quiet(restored, clock)
    assert len(link.sent) == 1
    found = restored.find(one.id)
    assert found is not None
    assert found.status is Status.SENT
    restored.stop(5)


def test_a_snapshot_taken_before_the_last_look_does_not_send_again_though_no_fold_told_of_the_send(
    tmp_path: Path,
) -> None:
    clock, bucket, link = HandClock(), MemoryBucket(), ScriptedLink()
    writer = Writer(bucket, "web", clock=clock)
    one = message(version=writer.reserve(), send_at=in_(20))
    writer.append(one.version, NOW, messages=[one])
    host = Host(HostSettings(data_dir=tmp_path / "live"), bucket, link, clock)
    host.pulse.step(NOW)
    host.ledger.accept([one], "tick", host.pulse.host, NOW)
    fold(host, clock)
    shutil.copytree(tmp_path / "live", tmp_path / "snapshot")
    clock.set(in_(20))
    send_until_quiet(host, clock)
    assert len(link.sent) == 1
    host.database.close()  # the power is cut before the fold, and before the next regular pulse
    host._lock.release()

    clock.set(in_(90))
    restored = Host(HostSettings(data_dir=tmp_path / "snapshot"), bucket, link, clock)
    for seconds in range(90, 1000, 30):
        clock.set(in_(seconds))
        restored.pulse.step(clock.now())
        fold(restored, clock)
        send_until_quiet(restored, clock)
    assert len(link.sent) == 1
    found = restored.find(one.id)
    assert found is not None
    assert found.status is Status.UNKNOWN
    restored.stop(5)


def test_a_host_whose_pulse_is_old_neither_folds_nor_says_that_it_leads(tmp_path: Path) -> None:
    clock, bucket, link = HandClock(), MemoryBucket(), ScriptedLink()
    host = Host(HostSettings(data_dir=tmp_path), bucket, link, clock)
    host.pulse.step(NOW)
    fold(host, clock)
    folded = host.folder.last_fold
    clock.set(in_(minutes=3))
    fold(host, clock)
    assert host.folder.last_fold == folded
    assert not host.health(clock.now()).leads
    host.pulse.step(clock.now())
    fold(host, clock)
    assert host.folder.last_fold == clock.now()
    assert host.health(clock.now()).leads
    host.stop(5)


def test_a_host_whose_last_fold_failed_does_not_say_that_it_has_left(tmp_path: Path) -> None:
    clock, bucket, link = HandClock(), Failing(), ScriptedLink()
    host = Host(HostSettings(data_dir=tmp_path), bucket, link, clock)
    host.pulse.step(NOW)
    bucket.trouble = Unreachable("away")
    assert not host.folder.finish(in_(1))
    bucket.trouble = None
    assert host.folder.finish(in_(2))
    host.stop(5)


def test_a_clock_that_is_wrong_decides_nothing_about_what_another_host_had_claimed(tmp_path: Path) -> None:
    clock, bucket, link = HandClock(), Timed(), ScriptedLink()
    writer = Writer(bucket, "web", clock=clock)
    one = message(version=writer.reserve(), send_at=in_(20))
    writer.append(one.version, NOW, messages=[one])
    lost = Host(HostSettings(data_dir=tmp_path / "lost"), bucket, link, clock)
    lost.pulse.step(NOW)
    lost.ledger.accept([one], "tick", lost.pulse.host, NOW)
    fold(lost, clock)
    lost.pulse.finish(NOW)  # as if it had left; it is what its claims say that counts here

    clock.set(in_(120) - timedelta(hours=1))
    bucket.server_time_offset = 3600.0
    new = Host(HostSettings(data_dir=tmp_path / "new"), bucket, link, clock)
    for _ in range(3):
        new.pulse.step(clock.now())
        fold(new, clock)
    held = new.find(one.id)
    assert held is not None
    assert (held.status, held.delivery.attempt) == (Status.CLAIMED, 1)
    assert new.decides(clock.now()) is not None

    clock.set(in_(130))
    bucket.server_time_offset = 0.0
    new.pulse.step(clock.now())
    fold(new, clock)
    send_until_quiet(new, clock)
    found = new.find(one.id)
    assert found is not None
    assert found.status is Status.UNKNOWN
    assert link.sent == []
    lost.stop(5)
    new.stop(5)

"""What cannot be read or is refused is never silent: logged once, told in /health and to the tick until it is gone."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from session_host import health
from session_host.host import Host
from shared.model.wire import Handover, HandoverAnswer, item_of
from shared.settings import HostSettings
from shared.store import keys
from shared.store.memory import MemoryBucket
from shared.store.projection import read_scheduled
from shared.store.view import View
from tests.builders import NOW, in_, message
from tests.fakes.host import HandClock, ScriptedLink

SECRET = "Nobody may read this in a log"
BROKEN = {"id": "m1", "to": "447700900001", "message": SECRET, "scheduledTime": "2026-11-22 12:01:00"}
BAD_LOG = "log/20261122/web-" + "0" * 32 + "-00000001.json"


class Running:
    """A host over a bucket in memory, folded by hand; what it logged."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock, self.bucket = folder, HandClock(), MemoryBucket()
        self.host = self._start()
        self.log: list[str] = []

    def _start(self) -> Host:
        host = Host(HostSettings(data_dir=self.folder), self.bucket, ScriptedLink(), self.clock)
        host.pulse.step(self.clock.now())
        return host

    def restart(self) -> None:
        self.host.stop(5)
        self.host = self._start()

    def fold(self, now: datetime) -> None:
        self.clock.set(now)
        self.host.pulse.step(now)
        self.host.fold_soon()
        with capture_logs() as lines:
            self.host.folder.step(now)
        assert self.host.folder.trouble is None
        self.log += [str(line["reason"]) for line in lines if line["event"] == "problem in the bucket"]

    def health(self) -> dict[str, Any]:
        now = self.clock.now()
        return health.document(self.host.health(now), now)

    def handover(self, *items: dict[str, Any]) -> HandoverAnswer:
        now = self.clock.now()
        return self.host.handover(Handover(by="tick", now=now, items=items), now)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    running.host.stop(5)


def with_broken(*broken: Any) -> bytes:
    return json.dumps({"version": 1, "messages": list(broken)}).encode()


def test_a_record_that_cannot_be_read_is_told_until_somebody_puts_it_right(running: Running) -> None:
    running.bucket.put(keys.SCHEDULED, with_broken(BROKEN))
    for minute in range(3):
        running.fold(in_(minutes=minute))
    (problem,) = running.handover().problems
    assert "the record 'm1' could not be read: scheduledTime" in problem
    told = running.health()
    assert told["problems"] == [problem]
    assert (told["healthy"], told["checks"]["records"]) == (False, False)
    assert running.log == [problem], "once, however often it is found"
    right = BROKEN | {"scheduledTime": "2026-11-22T18:00:00Z"}
    running.bucket.put(keys.SCHEDULED, with_broken(right))
    running.fold(in_(minutes=4))
    assert running.handover().problems == ()
    assert running.health()["checks"]["records"] is True


@pytest.mark.parametrize("broken", [{"message": SECRET}, SECRET, [SECRET], None])
def test_what_somebody_wrote_is_in_no_sentence(running: Running, broken: Any) -> None:
    running.bucket.put(keys.SCHEDULED, with_broken(broken))
    running.fold(NOW)
    assert "a record without id" in str(running.log)
    assert SECRET not in json.dumps(running.health()) + str(running.log)


def test_an_operation_that_was_set_aside_is_told_until_the_object_is_deleted_also_after_a_restart(
    running: Running,
) -> None:
    running.bucket.put(BAD_LOG, b'{"version": 1, "messages": [{"id": "m2"}]}')
    running.fold(NOW)
    assert any("It was set aside as" in line for line in running.log)
    (aside,) = [entry.key for entry in running.bucket.list(keys.SET_ASIDE)]
    running.fold(in_(minutes=1))
    running.restart()
    running.fold(in_(minutes=2))
    (problem,) = running.handover().problems
    assert aside in problem
    assert "is not carried out" in problem
    assert "delete that object" in problem
    running.bucket.delete(aside)
    running.fold(in_(minutes=30))
    assert running.handover().problems == ()


def test_a_rebuilt_projection_is_told_until_what_was_there_is_deleted(running: Running) -> None:
    running.bucket.put(keys.SCHEDULED, b"{")
    for minute in range(3):
        running.fold(in_(minutes=minute))
    (problem,) = running.handover().problems
    assert problem.startswith("scheduled.json could not be read and was rebuilt")
    assert any("was rebuilt" in line or "rebuilt from" in line for line in running.log)


def test_a_projection_that_was_gone_is_told_for_an_hour_and_remembered_for_a_day(running: Running) -> None:
    running.fold(NOW)
    running.bucket.put(BAD_LOG.replace("0001.", "0002."), _operation())
    running.fold(in_(minutes=1))
    running.bucket.delete(keys.SCHEDULED)
    for minute in range(2, 5):
        running.fold(in_(minutes=minute))
    (problem,) = running.handover().problems
    assert problem.startswith("scheduled.json was gone.")
    assert len(running.log) == 1
    running.fold(in_(minutes=90))
    assert running.handover().problems == ()
    assert any("was gone" in each for each in running.health()["happened"])


def _operation() -> bytes:
    name = "web-" + "0" * 32 + "-00000002"
    one = message(id="one", version=name)
    return json.dumps({"version": 1, "name": name, "at": "2026-11-22T12:00:00Z", "messages": [one.as_json()]}).encode()


def test_what_the_host_refuses_is_told_while_it_is_handed_over(running: Running) -> None:
    running.fold(NOW)
    with capture_logs() as lines:
        answers = [running.handover({"id": "m9", "message": SECRET}) for _ in range(2)]
    assert [each.outcome for answer in answers for each in answer.items] == ["refused"] * 2
    (problem,) = running.health()["problems"]
    assert problem.startswith("The message 'm9' was refused.")
    assert SECRET not in problem + str(lines)
    assert [line["id"] for line in lines if line["event"] == "refused"] == ["m9"]
    running.clock.set(in_(minutes=5))
    assert running.health()["problems"] == []


def test_a_number_that_can_never_be_written_to_fails_and_is_no_refusal_that_lasts(running: Running) -> None:
    running.fold(NOW)
    running.handover(item_of(message("nobody", send_at=in_(30))))
    assert running.health()["problems"] == []


def test_a_page_says_which_record_it_leaves_out(running: Running) -> None:
    running.bucket.put(keys.SCHEDULED, with_broken(BROKEN))
    (sentence,) = View(running.bucket).read(NOW).unreadable.values()
    assert "the record 'm1' could not be read" in sentence
    assert read_scheduled(running.bucket.get(keys.SCHEDULED).data).broken == (BROKEN,)

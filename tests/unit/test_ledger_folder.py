"""The fold worker over the real fold: claims reach scheduled.json, at most once a second, and trouble is said."""

from datetime import datetime
from pathlib import Path

import pytest

from session_host.folder import Folder
from session_host.folder_lock import FolderInUse, FolderLock
from session_host.problems import Problems
from shared.clock import SYSTEM
from shared.model.lifecycle import State
from shared.model.message import Status
from shared.store import keys
from shared.store.errors import Unreachable
from shared.store.fold import Fold
from shared.store.view import Projections
from tests.builders import NOW, in_, message
from tests.fakes.host import HOST, HandClock, Parts


class Folding(Parts):
    """The parts with the real fold worker."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.clock = HandClock()
        self.leading = True
        self.told = 0
        self.worker = Folder(
            Fold(self.bucket),
            self.ledger,
            self.clock,
            leads=lambda: self.leading,
            host=lambda: HOST,
            problems=Problems(),
            on_stored=self._stored,
        )

    def _stored(self) -> None:
        self.told += 1

    def step(self, now: datetime) -> datetime | None:
        """Step the worker at this instant."""
        self.clock.set(now)
        return self.worker.step(now)

    def puts(self) -> int:
        """How often scheduled.json was written."""
        return self.bucket.calls.count(f"put {keys.SCHEDULED}")


@pytest.fixture
def parts(tmp_path: Path) -> Folding:
    return Folding(tmp_path)


def test_a_claim_is_in_scheduled_json_before_it_may_begin(parts: Folding) -> None:
    one = parts.write(message(send_at=in_(60)))
    parts.hand_over(one)
    parts.step(NOW)
    stored = Projections(parts.bucket).messages()[one.id]
    assert stored.delivery.claim is not None
    assert stored.delivery.claim.host == HOST
    assert parts.row(one).may_begin
    assert parts.told == 1


def test_a_claim_that_could_not_be_written_may_not_begin_until_it_is(
    parts: Folding, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = parts.write(message(send_at=in_(60)))
    parts.hand_over(one)
    put = parts.bucket.put

    def no_projections(key: str, data: bytes) -> str:
        if key == keys.SCHEDULED:
            raise Unreachable("The storage cannot be reached.")
        return put(key, data)

    monkeypatch.setattr(parts.bucket, "put", no_projections)
    for seconds in (0, 5, 20):
        parts.worker.ask()
        parts.step(in_(seconds))
        assert parts.row(one).delivery.state is State.CLAIMED
        assert not parts.row(one).may_begin
    monkeypatch.undo()
    parts.worker.ask()
    parts.step(in_(59))
    assert parts.row(one).may_begin


def test_asked_often_it_writes_once_a_second(parts: Folding) -> None:
    for tenth in range(30):
        parts.write(message(), in_(tenth / 10))
        parts.worker.ask()
        parts.step(in_(tenth / 10))
    assert parts.puts() == 3


def test_unasked_it_folds_at_the_fortieth_second(parts: Folding) -> None:
    assert parts.step(NOW) == in_(40)
    assert parts.step(in_(20)) == in_(40)
    assert parts.step(in_(40)) == in_(100)


def test_what_was_sent_is_sent_in_scheduled_json(parts: Folding) -> None:
    one = parts.write(message(send_at=in_(5)))
    parts.hand_over(one)
    parts.step(NOW)
    parts.run(in_(1), in_(6))
    parts.worker.ask()
    parts.step(in_(7))
    assert Projections(parts.bucket).messages()[one.id].status is Status.SENT


def test_storage_trouble_is_said_and_tried_again_ever_more_slowly(parts: Folding) -> None:
    parts.bucket.trouble = Unreachable("The storage cannot be reached: check the network.")
    pauses, now = [], NOW
    for _ in range(8):
        again = parts.step(now)
        assert again is not None
        pauses.append((again - now).total_seconds())
        now = again
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    assert "check the network" in str(parts.worker.trouble)
    parts.bucket.trouble = None
    parts.step(now)
    assert parts.worker.trouble is None
    assert parts.worker.last_fold == now


def test_a_host_that_does_not_lead_writes_nothing(parts: Folding) -> None:
    one = parts.write(message(send_at=in_(60)))
    parts.hand_over(one)
    parts.leading = False
    assert parts.step(NOW) is None
    parts.worker.finish(in_(1))
    assert parts.puts() == 0
    assert parts.row(one).delivery.state is State.PENDING


def test_what_ended_is_known_to_whoever_comes_next_when_the_host_leaves(parts: Folding) -> None:
    one = parts.write(message(send_at=in_(5)))
    parts.hand_over(one)
    parts.step(NOW)
    parts.run(in_(1), in_(6))
    parts.clock.set(in_(6))
    parts.worker.finish(in_(6))
    assert Projections(parts.bucket).messages()[one.id].status is Status.SENT


def test_a_second_host_on_one_folder_is_refused_in_words(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "host", SYSTEM):
        with pytest.raises(FolderInUse, match="HOST_DATA_DIR"):
            FolderLock(tmp_path / "host", HandClock())
        assert (tmp_path / "host").stat().st_mode & 0o777 == 0o700
    FolderLock(tmp_path / "host", HandClock()).release()

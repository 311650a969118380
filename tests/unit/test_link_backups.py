"""The backups in the bucket: which are kept, which names are any, what reading back finds."""

from datetime import UTC, datetime, timedelta

import pytest

from session_host import link_backups
from session_host.link_backups import Backup, obsolete, stored
from shared.store import keys
from shared.store.errors import Unreachable
from shared.store.memory import MemoryBucket
from tests.builders import NOW, in_
from tests.fakes.host import Failing


def taken(*at: datetime) -> list[Backup]:
    return [Backup(keys.link_backup(each, "host-1"), each, 1) for each in at]


def kept(backups: list[Backup]) -> list[datetime]:
    gone = obsolete(backups)
    return sorted(each.at for each in backups if each not in gone)


def test_a_name_tells_when_it_was_taken() -> None:
    assert keys.link_backup_at(keys.link_backup(NOW, "host-0123456789ab")) == NOW
    assert keys.check(keys.link_backup(NOW, "host-0123456789ab"))


@pytest.mark.parametrize(
    "key",
    [
        "backup/link/20261122T120000Z.age",
        "backup/link/20261322T120000Z-host.age",
        "backup/link/20261122T120000Z-host.age.txt",
        "backup/link/20261122T120000Z-../../x.age",
        "backup/link/x/20261122T120000Z-host.age",
        "backup/20261122T120000Z-host.age",
        "20261122T120000Z-host.age",
        "backup/link/\u0662\u0660261122T120000Z-host.age",
        "backup/link/20261122T120000Z-host.age\n",
    ],
)
def test_other_names_are_no_backups(key: str) -> None:
    assert keys.link_backup_at(key) is None


def test_of_each_day_the_last_is_kept() -> None:
    assert kept(taken(in_(hours=-3), in_(hours=-2), in_(hours=-1))) == [in_(hours=-1)]


def test_seven_days_and_four_weeks_are_kept() -> None:
    daily = taken(*(NOW - timedelta(days=number) for number in range(60)))
    days = [NOW - timedelta(days=number) for number in range(7)]
    sundays = [NOW - timedelta(weeks=number) for number in range(4)]  # NOW is one; a week ends with it
    assert kept(daily) == sorted({*days, *sundays})


def test_what_is_kept_one_day_is_not_missing_the_next() -> None:
    present: list[Backup] = []
    for number in range(100):
        present += taken(NOW + timedelta(days=number))
        present = [each for each in present if each not in obsolete(present)]
        if number > 40:
            ages = [(NOW + timedelta(days=number) - each.at).days for each in present]
            assert set(range(7)) <= set(ages)
            assert 15 <= max(ages) <= 21


def test_after_a_long_pause_the_last_ones_are_still_there() -> None:
    old = taken(datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC))
    assert kept([*old, *taken(NOW)]) == sorted(each.at for each in [*old, *taken(NOW)])


def test_only_backups_are_listed_and_deleted() -> None:
    bucket = MemoryBucket()
    bucket.put("backup/link/notes.txt", b"mine")
    for each in taken(in_(hours=-2), in_(hours=-1)):
        link_backups.store(bucket, each.key, b"x")
    assert [each.at for each in stored(bucket)] == [in_(hours=-1), in_(hours=-2)]
    assert link_backups.prune(bucket) == [keys.link_backup(in_(hours=-2), "host-1")]
    assert [entry.key for entry in bucket.list("")] == [
        keys.link_backup(in_(hours=-1), "host-1"),
        "backup/link/notes.txt",
    ]


def test_one_that_does_not_come_back_as_it_was_stored_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Failing()
    put = Failing.put
    monkeypatch.setattr(Failing, "put", lambda self, key, data: put(self, key, data[:-1]))
    with pytest.raises(Unreachable, match="did not come back"):
        link_backups.store(bucket, "backup/link/20261122T120000Z-host.age", b"sealed")

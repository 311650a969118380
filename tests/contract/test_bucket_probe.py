"""What `wa bucket` finds out about real stores that differ, and the rule it sets.

The stores: moto made to behave like B2, plain moto, ministack, `rclone serve s3`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli import bucket_setup
from cli.bucket_probe import Finding, Probe, Verdict, expires_old, new_folder, probe_objects, probe_s3
from shared.clock import SYSTEM, Clock
from shared.store.b2 import Answer, B2Bucket
from shared.store.bucket import Bucket, Entry
from shared.store.directory import DirectoryBucket
from shared.store.errors import StoreError
from shared.store.memory import MemoryBucket
from tests.contract.b2_like import B2Like, Fault
from tests.contract.s3_stores import STORES, Store, running_store
from tests.fakes.clock import FakeClock

NEW_ONLY, UNCHANGED_ONLY = "write only what is new", "write only over what was read"
STRANGERS, VERSIONS, CLOCK = "people without a key", "old versions", "the store's clock"


@pytest.fixture(scope="module")
def b2() -> Iterator[B2Like]:
    with B2Like() as running:
        running.keep_versions()
        yield running


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Store]]:
    with running_store(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield request.param, running


def findings(bucket: B2Bucket) -> dict[str, Finding]:
    folder = new_folder()
    return {each.subject: each for each in (*probe_objects(bucket, folder), *probe_s3(bucket, folder))}


def objects(bucket: Bucket, clock: Clock = SYSTEM) -> dict[str, Finding]:
    return {each.subject: each for each in probe_objects(bucket, new_folder(), clock)}


def test_a_store_like_b2_is_well_and_its_refusals_are_named(b2: B2Like) -> None:
    found = findings(b2.bucket("whatsapp/"))
    assert found[NEW_ONLY].seen == found[UNCHANGED_ONLY].seen == "refused: 501 NotImplemented"
    assert found["checksum headers of newer clients"].seen == "refused: 400 InvalidArgument"
    assert found["read only what has changed"].seen == "304, and no data"
    assert found[STRANGERS].seen == "can neither read, list nor write"
    assert found[VERSIONS].seen == "are kept for ever"
    assert Verdict.WRONG not in {each.verdict for each in found.values()}


def test_each_store_is_seen_as_what_it_is(store: tuple[str, Store]) -> None:
    name, running = store
    found = findings(running.bucket("whatsapp/"))
    for subject in (NEW_ONLY, UNCHANGED_ONLY):
        assert found[subject].seen == ("says 200, and overwrites all the same" if name == "rclone" else "kept: 412")
    assert found["read only what has changed"].seen == "304, and no data"
    assert (found[STRANGERS].verdict is Verdict.WRONG) == (name != "rclone")
    for subject in ("read", "replace", "delete"):
        assert found[subject].verdict is Verdict.WELL, found[subject]
    for subject in ("write", "list", CLOCK):  # a busy machine is slow
        assert found[subject].verdict is not Verdict.WRONG, found[subject]


def test_a_round_leaves_nothing_behind_and_touches_nothing_else(store: tuple[str, Store], b2: B2Like) -> None:
    for bucket in (store[1].bucket("tidy/"), b2.bucket("tidy/")):
        for name in ("probe/somebody's", "scheduled.json"):
            bucket.put(name, b"{}")
        findings(bucket)
        assert [entry.key for entry in bucket.list("")] == ["probe/somebody's", "scheduled.json"]
        kept = bucket.ask("list_object_versions", Prefix="tidy/").body
        assert {each["Key"] for each in kept.get("Versions", ())} <= {"tidy/scheduled.json", "tidy/probe/somebody's"}
        assert kept.get("DeleteMarkers", []) == []


def test_the_rule_is_set_once_and_others_are_kept(store: tuple[str, Store]) -> None:
    name, running = store
    bucket = running.bucket("whatsapp/")
    if name == "rclone":
        with pytest.raises(bucket_setup.NoVersions, match="no rule is needed"):
            bucket_setup.plan(bucket, 7)
        return
    others = {"ID": "mine", "Status": "Enabled", "Filter": {"Prefix": "photos/"}, "Expiration": {"Days": 30}}
    bucket.ask("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": [others]})
    planned = bucket_setup.plan(bucket, 7)
    assert planned.changes
    bucket_setup.apply(bucket, planned)
    again = bucket_setup.plan(bucket, 7)
    assert (again.changes, [each["ID"] for each in again.rules]) == (
        False,
        ["mine", "whatsapp-vpslink old versions of whatsapp/"],
    )
    longer = bucket_setup.plan(bucket, 30)
    assert (longer.changes, longer.kept, longer.sooner) == (True, 1, None)


def test_a_rule_without_its_name_is_known_by_what_it_says(b2: B2Like) -> None:
    bucket = b2.bucket("nameless/")
    ours = bucket_setup.rule("nameless/", 7)
    wider = {
        "ID": "all",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 3},
    }
    more = ours | {"ID": "theirs", "Expiration": {"Days": 400}}
    rules = {"Rules": [ours | {"ID": "kept by the store"}, wider, more]}
    assert bucket.ask("put_bucket_lifecycle_configuration", LifecycleConfiguration=rules).status == 200
    planned = bucket_setup.plan(bucket, 30)
    assert [each["ID"] for each in planned.rules] == ["all", "theirs", ours["ID"]]
    assert (planned.changes, planned.sooner) == (True, 3)
    assert not bucket_setup.plan(bucket, 7).changes
    off = {"Rules": [ours | {"Status": "Disabled"}]}
    assert bucket.ask("put_bucket_lifecycle_configuration", LifecycleConfiguration=off).status == 200
    assert bucket_setup.plan(bucket, 7).changes, "a rule that is off ends nothing"
    assert bucket.ask("delete_bucket_lifecycle").status == 204


def test_at_b2_the_rule_is_set_without_what_b2_refuses_and_then_versions_end(b2: B2Like) -> None:
    bucket = b2.bucket("ruled/")
    b2.seen.clear()
    bucket_setup.apply(bucket, bucket_setup.plan(bucket, 3))
    (put,) = [each for each in b2.seen if each.method == "PUT"]
    assert "content-md5" in put.headers
    assert findings(bucket)[VERSIONS].seen == "are deleted after 3 days"
    assert findings(b2.bucket("others/"))[VERSIONS].seen == "are kept for ever"


def test_a_store_that_knows_no_end_for_markers_gets_the_rule_without(b2: B2Like) -> None:
    bucket = b2.bucket("marked/")
    planned = bucket_setup.plan(bucket, 5)
    b2.faults.append(Fault("400 Bad Request", "MalformedXML"))
    bucket_setup.apply(bucket, planned)
    (ours,) = [each for each in bucket_setup.plan(bucket, 5).rules if each["ID"].endswith("of marked/")]
    assert not bucket_setup.plan(bucket, 5).changes
    assert ours["NoncurrentVersionExpiration"] == {"NoncurrentDays": 5}


def test_a_key_that_may_not_set_rules_is_told_which_may(b2: B2Like) -> None:
    bucket = b2.bucket("limited/")
    planned = bucket_setup.plan(bucket, 5)
    refusal = Fault("403 Forbidden", "AccessDenied", message="not entitled")
    b2.faults.append(refusal)
    with pytest.raises(StoreError, match=r"may not set lifecycle rules of bucket .* writeBuckets"):
        bucket_setup.apply(bucket, planned)
    b2.faults.extend([Fault("404 Not Found", "NoSuchKey"), refusal])
    with pytest.raises(StoreError, match="may not tell its lifecycle rules"):
        bucket_setup.plan(bucket, 5)


def test_rules_that_cannot_be_read_are_never_overwritten(b2: B2Like) -> None:
    b2.faults.extend([Fault("404 Not Found", "NoSuchKey"), Fault("400 Bad Request", "Strange", message="what?")])
    with pytest.raises(StoreError, match=r"400 Strange: what\?"):
        bucket_setup.plan(b2.bucket("unread/"), 5)


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({}, True),
        ({"Filter": {"Prefix": ""}}, True),
        ({"Filter": {}}, True),
        ({"Filter": {"Prefix": "other/"}}, False),
        ({"Filter": {"Prefix": "whatsapp/log/"}}, False),
        ({"Filter": {"Prefix": "", "ObjectSizeGreaterThan": 9}}, False),
        ({"Filter": {"And": {"Prefix": "whatsapp/", "Tags": []}}}, False),
        ({"Status": "Disabled"}, False),
        ({"NoncurrentVersionExpiration": {"NewerNoncurrentVersions": 3}}, False),
    ],
)
def test_which_rules_end_old_versions(changes: dict[str, Any], ends: bool) -> None:
    assert expires_old(bucket_setup.rule("whatsapp/", 7) | changes, "whatsapp/") is ends


@pytest.mark.parametrize(
    ("ahead", "verdict"),
    [(None, "note"), (0.4, "well"), (-1.9, "well"), (10.0, "note"), (-29.0, "note"), (31.0, "wrong"), (-99.0, "wrong")],
)
def test_a_wrong_clock_is_found(ahead: float | None, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(B2Bucket, "server_time_offset", ahead)
    assert Probe(B2Like.at("http://127.0.0.1:9"), "probe/").clock().verdict == verdict


def test_what_cannot_be_told_is_not_called_well(b2: B2Like, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = Probe(b2.bucket("told/"), new_folder())
    b2.faults.extend([Fault("503 Service Unavailable", "SlowDown")] * 2)
    assert probe.reach().verdict is Verdict.NOTE
    b2.faults.clear()
    bucket = b2.bucket("told/")
    asked = bucket.ask

    def anonymous_fails(operation: str, *, anonymously: bool = False, **arguments: Any) -> Answer:
        return Answer(503, "SlowDown", "", {}) if anonymously else asked(operation, **arguments)

    monkeypatch.setattr(bucket, "ask", anonymous_fails)
    finding = Probe(bucket, new_folder()).strangers()
    assert (finding.verdict, "read: 503 SlowDown" in finding.seen) == (Verdict.NOTE, True)


def test_what_is_deleted_must_be_gone() -> None:
    class Keeper(MemoryBucket):
        def delete(self, key: str) -> None:
            """Says yes."""

    assert objects(Keeper())["delete"].seen == "5 of 5 are still there"


def test_a_public_bucket_is_wrong(b2: B2Like) -> None:
    b2.open_to_strangers = True
    try:
        finding = findings(b2.bucket("public/"))[STRANGERS]
    finally:
        b2.open_to_strangers = False
    assert (finding.verdict, finding.seen) == (Verdict.WRONG, "can list and write")


def test_a_wrong_key_ends_the_round_with_what_to_do(b2: B2Like) -> None:
    (finding,) = objects(b2.bucket("wrong/", access_key_id="004nobody")).values()
    assert (finding.subject, finding.verdict) == ("objects", Verdict.WRONG)
    assert "check B2_ACCESS_KEY_ID" in finding.seen


class LateBucket(MemoryBucket):
    """Lists what was put only after so many listings."""

    def __init__(self, listings: int) -> None:
        super().__init__()
        self._left = listings

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        self._left -= 1
        return iter(()) if self._left >= 0 else super().list(prefix, after)


@pytest.mark.parametrize(("listings", "verdict"), [(0, "well"), (40, "note"), (1000, "wrong")])
def test_a_late_listing_is_measured(listings: int, verdict: str) -> None:
    found = objects(LateBucket(listings), FakeClock())
    assert found["list"].verdict == verdict, found["list"]


def test_a_store_that_gives_back_something_else_is_wrong() -> None:
    class Liar(MemoryBucket):
        def put(self, key: str, data: bytes) -> str:
            return super().put(key, data + b" " if len(data) > 9 else b"old")

    found = objects(Liar())
    assert (found["read"].verdict, found["replace"].verdict) == (Verdict.WRONG, Verdict.NOTE)


def test_a_directory_is_tried_too(tmp_path: Path) -> None:
    bucket = DirectoryBucket(tmp_path, "whatsapp/")
    assert Verdict.WRONG not in {each.verdict for each in objects(bucket).values()}
    assert list(bucket.list("")) == []

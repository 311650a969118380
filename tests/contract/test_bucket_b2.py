"""What only the B2 bucket promises: it asks for nothing B2 refuses, and says in a sentence what went wrong."""

import socket
import uuid
from collections.abc import Iterator
from datetime import timedelta

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from shared.clock import SYSTEM
from shared.store.b2 import B2Bucket, region_of
from shared.store.errors import AccessDenied, NoSpace, StoreError, Unreachable
from tests.contract.b2_like import BUCKET, KEY_ID, SECRET, B2Like, Fault
from tests.fakes.clock import FakeClock
from tests.fakes.host import HandClock


@pytest.fixture(scope="module")
def running() -> Iterator[B2Like]:
    with B2Like() as server:
        yield server


@pytest.fixture
def server(running: B2Like) -> B2Like:
    running.faults.clear()
    running.seen.clear()
    running.ignores_conditions = False
    return running


@pytest.fixture
def bucket(server: B2Like) -> B2Bucket:
    return server.bucket(f"{uuid.uuid4().hex}/")


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long boto3 would have slept between attempts."""
    slept: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", slept.append)
    return slept


def plain_client(server: B2Like, **config: str) -> "boto3.client":
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **config),
    )


def test_the_stand_in_refuses_what_b2_refuses(server: B2Like) -> None:
    careful = plain_client(server, request_checksum_calculation="when_required")
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"0123"'}):
        with pytest.raises(ClientError, match="NotImplemented"):
            careful.put_object(Bucket=BUCKET, Key="scheduled.json", Body=b"{}", **condition)
    with pytest.raises(ClientError, match="Unsupported header"):
        plain_client(server).put_object(Bucket=BUCKET, Key="scheduled.json", Body=b"{}")
    with pytest.raises(ClientError, match="Unsupported header"):
        careful.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "scheduled.json"}]})


def test_nothing_that_b2_refuses_is_asked_for(server: B2Like) -> None:
    account = uuid.uuid4().hex  # moto keeps for the whole process what other servers were told
    bucket = server.bucket(f"{account}/")
    etag = bucket.put("scheduled.json", b"{}")
    bucket.get_if_changed("scheduled.json", etag)
    assert [entry.key for entry in bucket.list("")] == ["scheduled.json"]
    bucket.delete("scheduled.json")
    assert [(each.method, each.path) for each in server.seen] == [
        ("PUT", f"/{BUCKET}/{account}/scheduled.json"),
        ("GET", f"/{BUCKET}/{account}/scheduled.json"),
        ("GET", f"/{BUCKET}"),
        ("DELETE", f"/{BUCKET}/{account}/scheduled.json"),
    ]
    put, conditional = server.seen[:2]
    assert not [name for name in put.headers if name.startswith(("if-", "x-amz-checksum", "x-amz-sdk-checksum"))]
    assert put.headers["x-amz-content-sha256"] != "UNSIGNED-PAYLOAD"
    assert conditional.headers["if-none-match"] == etag


def test_a_store_that_ignores_the_condition_is_no_change_either(server: B2Like, bucket: B2Bucket) -> None:
    etag = bucket.put("scheduled.json", b"{}")
    server.ignores_conditions = True
    assert bucket.get_if_changed("scheduled.json", etag) is None


def test_one_listing_of_a_long_log_asks_page_by_page(server: B2Like) -> None:
    bucket = server.bucket("paged/", page_size=3)
    for number in range(7):
        bucket.put(f"log/20261122/{number}", b"{}")
    server.seen.clear()
    assert len(list(bucket.list("log/"))) == 7
    assert len(server.seen) == 3
    server.seen.clear()
    assert len(list(bucket.list("log/", "log/20261122/4"))) == 2
    assert len(server.seen) == 1


def test_a_wrong_key_is_refused_in_words(server: B2Like) -> None:
    bucket = server.bucket("whatsapp/", access_key_id="004wrong")
    for ask in (lambda: bucket.get("scheduled.json"), lambda: bucket.put("a", b""), lambda: list(bucket.list(""))):
        with pytest.raises(AccessDenied) as raised:
            ask()
        assert str(raised.value) == "Invalid S3 credentials: check B2_ACCESS_KEY_ID and B2_SECRET_ACCESS_KEY."
        assert raised.value.permanent


def test_a_missing_bucket_is_named(server: B2Like) -> None:
    with pytest.raises(StoreError, match="There is no bucket nowhere-at-all: check B2_BUCKET") as raised:
        server.bucket("", bucket="nowhere-at-all").get("scheduled.json")
    assert type(raised.value) is StoreError
    with pytest.raises(StoreError, match="check B2_BUCKET"):
        server.bucket("", bucket="no bucket's name").get("scheduled.json")


def test_without_network_it_is_unreachable_and_uncertain(server: B2Like, naps: list[float]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        bucket = B2Like.at(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(
            Unreachable, match=r"^Network error: cannot connect to S3 \(.*\)\. Check the network"
        ) as raised:
            bucket.put("scheduled.json", b"{}")
    assert not raised.value.certain
    assert not raised.value.permanent


def test_a_passing_error_is_not_noticed(server: B2Like, bucket: B2Bucket, naps: list[float]) -> None:
    server.faults.extend([Fault("503 Service Unavailable", "SlowDown"), Fault()])
    bucket.put("scheduled.json", b"{}")
    assert bucket.get("scheduled.json").data == b"{}"
    assert len(naps) == 2


def test_one_in_a_hurry_gives_up_sooner(server: B2Like, naps: list[float]) -> None:
    server.faults.extend([Fault("503 Service Unavailable", "SlowDown")] * 2)
    with pytest.raises(Unreachable):
        server.bucket("hurry/", hurried=True).get("x")
    assert len(naps) == 1
    assert not server.faults


def test_one_in_a_hurry_comes_back_once_when_the_store_says(server: B2Like, naps: list[float]) -> None:
    server.faults.extend([Fault("503 Service Unavailable", "SlowDown", headers=(("Retry-After", "8"),))] * 2)
    with pytest.raises(Unreachable):
        server.bucket("hurry/", hurried=True).get("x")
    assert naps == [8.0]
    assert not server.faults


def test_one_in_a_hurry_does_not_wait_longer_than_it_may(server: B2Like, naps: list[float]) -> None:
    server.faults.extend([Fault("503 Service Unavailable", "SlowDown", headers=(("Retry-After", "9"),))] * 2)
    with pytest.raises(Unreachable):
        server.bucket("hurry/", hurried=True).get("x")
    assert sum(naps) < 2
    assert not server.faults


def test_it_comes_back_when_the_store_says(server: B2Like, bucket: B2Bucket, naps: list[float]) -> None:
    server.faults.append(Fault("503 Service Unavailable", "SlowDown", headers=(("Retry-After", "7"),)))
    bucket.put("scheduled.json", b"{}")
    assert naps == [7.0]


def test_it_does_not_wait_for_minutes(server: B2Like, bucket: B2Bucket, naps: list[float]) -> None:
    server.faults.append(Fault("503 Service Unavailable", "SlowDown", headers=(("Retry-After", "3600"),)))
    bucket.put("scheduled.json", b"{}")
    assert naps
    assert max(naps) < 10


@pytest.mark.parametrize(
    ("status", "code"),
    [("500 Internal Server Error", "InternalError"), ("503 Busy", "ServiceUnavailable"), ("501 No", "NotImplemented")],
)
def test_a_lasting_error_is_unreachable(
    server: B2Like, bucket: B2Bucket, naps: list[float], status: str, code: str
) -> None:
    server.faults.extend([Fault(status, code)] * 3)
    with pytest.raises(Unreachable, match=f"{status[:3]} {code}") as raised:
        bucket.put("scheduled.json", b"{}")
    assert not raised.value.certain
    server.faults.clear()


def test_an_error_after_the_write_was_taken_is_uncertain(server: B2Like, bucket: B2Bucket, naps: list[float]) -> None:
    server.faults.extend([Fault(written=True)] * 3)
    with pytest.raises(Unreachable) as raised:
        bucket.put("log/20261122/one.json", b"{}")
    assert not raised.value.certain
    assert bucket.get("log/20261122/one.json").data == b"{}"


def test_a_body_that_ends_too_early_is_never_handed_out(server: B2Like, bucket: B2Bucket) -> None:
    bucket.put("scheduled.json", b"0123456789")
    server.faults.append(Fault(cut=True))
    with pytest.raises(Unreachable, match="Network error: no whole answer from S3"):
        bucket.get("scheduled.json")


def test_a_stream_that_ends_too_early_says_so(server: B2Like, bucket: B2Bucket) -> None:
    bucket.put("chats.json", b"0123456789")
    server.faults.append(Fault(cut=True))
    with pytest.raises(Unreachable, match="Network error: no whole answer from S3"):
        list(bucket.stream("chats.json"))


def test_an_error_among_many_is_raised_and_another_try_gets_them_all(server: B2Like, bucket: B2Bucket) -> None:
    keys = [f"log/20261122/{number}" for number in range(40)]
    for key in keys:
        bucket.put(key, b"{}")
    server.faults.append(Fault("403 Forbidden", "AccessDenied"))
    with pytest.raises(AccessDenied):
        list(bucket.get_all(keys))
    assert sorted(key for key, _ in bucket.get_all(keys)) == sorted(keys)


def test_an_answer_that_is_no_s3_is_unreachable(server: B2Like, bucket: B2Bucket) -> None:
    server.faults.extend([Fault("200 OK", "<unclosed")] * 3)
    with pytest.raises(Unreachable):
        list(bucket.list(""))


@pytest.mark.parametrize(
    ("code", "message", "kind", "sentence"),
    [
        ("AccessDenied", "Transaction cap exceeded", NoSpace, "raise it under Caps & Alerts"),
        ("RequestTimeTooSkewed", "too large", StoreError, "set the clock"),
        ("SignatureDoesNotMatch", "no match", AccessDenied, "Invalid S3 credentials"),
        ("AccessDenied", "not entitled", AccessDenied, "Check its capabilities"),
    ],
)
def test_other_refusals_say_what_to_do(
    server: B2Like, bucket: B2Bucket, code: str, message: str, kind: type[StoreError], sentence: str
) -> None:
    server.faults.append(Fault("403 Forbidden", code, message=message))
    with pytest.raises(kind, match=sentence):
        bucket.get("scheduled.json")


def test_the_stores_clock_is_compared_with_ours(server: B2Like) -> None:
    slow = server.bucket("", clock=FakeClock(SYSTEM.now() - timedelta(seconds=100)))
    assert slow.server_time_offset is None
    slow.put("scheduled.json", b"{}")
    assert slow.server_time_offset == pytest.approx(100, abs=30)


def test_a_clock_of_ours_that_is_set_shows_before_the_store_answers_again(server: B2Like) -> None:
    clock = HandClock(SYSTEM.now())
    bucket = server.bucket("", clock=clock)
    bucket.put("scheduled.json", b"{}")
    clock.jump(timedelta(seconds=-90))
    assert bucket.server_time_offset == pytest.approx(90, abs=30)
    clock.set(clock.now() + timedelta(minutes=10))
    assert bucket.server_time_offset == pytest.approx(90, abs=30)


def test_a_nonsense_date_changes_nothing(server: B2Like) -> None:
    bucket = server.bucket("")
    server.faults.append(Fault("404 Not Found", "NoSuchKey", headers=(("Date", "soon"),)))
    with pytest.raises(StoreError):
        bucket.get("scheduled.json")
    assert bucket.server_time_offset is None


def test_an_answer_nobody_foresaw_is_passed_on(server: B2Like, bucket: B2Bucket) -> None:
    server.faults.append(Fault("418 I'm a teapot", "Teapot", message="short and stout"))
    with pytest.raises(StoreError, match=r"418 Teapot: short and stout\): check the storage settings"):
        bucket.get("scheduled.json")


def test_settings_of_amazons_tools_that_do_not_exist_are_named(monkeypatch: pytest.MonkeyPatch, server: B2Like) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StoreError, match=r"Storage cannot be opened: .*nobody"):
        server.bucket("")


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("https://s3.us-west-004.backblazeb2.com", "us-west-004"),
        ("https://s3.eu-central-003.backblazeb2.com/", "eu-central-003"),
        ("https://s3.us-east-1.amazonaws.com", "us-east-1"),
        ("https://minio.example", "us-east-1"),
    ],
)
def test_the_region_is_in_the_endpoint(endpoint: str, region: str) -> None:
    assert region_of(endpoint) == region


@pytest.mark.parametrize(
    "endpoint", ["http://s3.us-west-004.backblazeb2.com", "ftp://x", "https://", "http://10.0.0.1:9"]
)
def test_an_endpoint_that_is_no_address_or_readable_on_the_way_is_refused(endpoint: str) -> None:
    with pytest.raises(StoreError, match="B2_S3_ENDPOINT"):
        B2Bucket(bucket=BUCKET, prefix="", endpoint=endpoint, access_key_id=KEY_ID, secret_access_key=SECRET)


def test_the_endpoint_may_be_written_as_backblaze_shows_it() -> None:
    B2Bucket(
        bucket=BUCKET,
        prefix="",
        endpoint="s3.us-west-004.backblazeb2.com",
        access_key_id=KEY_ID,
        secret_access_key=SECRET,
    )

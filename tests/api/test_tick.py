"""The tick: always posts, hands over what is due, and fails aloud when it could not."""

import json
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from chalice_app.chalicelib.tick import Tick, TickFailed
from shared.model.link import Link, describe
from shared.model.message import Status
from shared.model.wire import HandoverAnswer, ItemAnswer, Outcome
from shared.store import keys
from shared.store.directory import DirectoryBucket
from tests import builders
from tests.fakes.http_host import Answering, answering

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tick remembers on its machine stays in this test's folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def bucket(tmp_path: Path) -> DirectoryBucket:
    return DirectoryBucket(tmp_path, "whatsapp/")


@pytest.fixture
def host() -> Iterator[Answering]:
    answer = HandoverAnswer(
        now=NOW,
        host="host",
        link=describe(Link.CONNECTED, NOW),
        items=(
            ItemAnswer(id="m1", revision=1, outcome=Outcome.ACCEPTED),
            ItemAnswer(
                id="m2", revision=1, outcome=Outcome.REFUSED, status=Status.FAILED, reason="'x' is no WhatsApp address"
            ),
        ),
    )
    with answering(200, json.dumps(answer.as_json()).encode()) as server:
        yield server


def a_tick(root: Path, url: str) -> Tick:
    return Tick({"STORAGE_DIR": str(root), "HOST_URL": url, "HOST_TOKEN": "t0ken"})


def store(bucket: DirectoryBucket, *messages: Any) -> None:
    document = {"version": 1, "messages": [message.as_json() for message in messages]}
    bucket.put(keys.SCHEDULED, json.dumps(document).encode())


def handed_over(host: Answering) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in host.asked]


def test_it_posts_when_nothing_is_due_and_even_before_there_is_a_file(tmp_path: Path, host: Answering) -> None:
    a_tick(tmp_path, host.url).run(NOW)
    assert handed_over(host) == [{"by": "tick", "now": "2026-11-22T12:00:00Z"}]


def test_it_hands_over_what_is_due_with_its_content_only(
    tmp_path: Path, bucket: DirectoryBucket, host: Answering
) -> None:
    due = builders.message(id="m1", send_at=NOW + timedelta(seconds=75))
    store(bucket, due, builders.message(id="later", send_at=NOW + timedelta(seconds=76)))
    report = a_tick(tmp_path, host.url).run(NOW)
    [handover] = handed_over(host)
    assert [item["id"] for item in handover["items"]] == ["m1"]
    assert "delivery" not in handover["items"][0]
    assert (report.picked, report.refused) == (1, {"m2": "'x' is no WhatsApp address"})


def test_more_than_fits_in_one_handover_goes_in_several(
    tmp_path: Path, bucket: DirectoryBucket, host: Answering
) -> None:
    store(bucket, *(builders.message(id=f"m{number:04}", send_at=NOW) for number in range(1001)))
    a_tick(tmp_path, host.url).run(NOW)
    assert [len(each["items"]) for each in handed_over(host)] == [1000, 1]


def test_a_second_tick_sees_what_was_changed_since(tmp_path: Path, bucket: DirectoryBucket, host: Answering) -> None:
    tick = a_tick(tmp_path, host.url)
    tick.run(NOW)
    store(bucket, builders.message(id="m1", send_at=NOW))
    assert tick.run(NOW).picked == 1


def test_a_host_that_is_down_is_an_error_that_says_what_is_overdue(tmp_path: Path, bucket: DirectoryBucket) -> None:
    store(bucket, builders.message(id="m1", send_at=NOW - timedelta(minutes=3)))
    with pytest.raises(TickFailed, match=r"does not answer.*1 message is overdue"):
        a_tick(tmp_path, "http://127.0.0.1:9").run(NOW)


def test_an_unreadable_file_is_an_error_but_the_heartbeat_still_comes(
    tmp_path: Path, bucket: DirectoryBucket, host: Answering
) -> None:
    bucket.put(keys.SCHEDULED, b'{"version": 1, "messages": [{')
    with pytest.raises(TickFailed, match=r"scheduled\.json could not be read"):
        a_tick(tmp_path, host.url).run(NOW)
    assert [each["by"] for each in handed_over(host)] == ["tick"]


@pytest.mark.parametrize("body", [b"", b'{"detail": "This needs a token: send one.", "status": 401}'])
def test_a_refused_token_is_an_error_that_names_the_setting(tmp_path: Path, body: bytes) -> None:
    with answering(401, body) as host, pytest.raises(TickFailed, match=r"HOST_TOKEN.*wa token create NAME"):
        a_tick(tmp_path, host.url).run(NOW)


def test_it_loads_neither_phonenumbers_nor_dateutil_nor_boto3() -> None:
    """They would make the Lambda bundle large and its start slow."""
    program = (
        "import sys, chalice_app.chalicelib.tick;"
        "print(sorted({'phonenumbers', 'dateutil', 'boto3', 'flask', 'structlog'} & set(sys.modules)))"
    )
    root = str(Path(__file__).parents[2])
    answer = run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_what_the_host_refuses_and_has_not_ended_fails_the_tick(tmp_path: Path) -> None:
    refused = ItemAnswer(id="m2", revision=1, outcome=Outcome.REFUSED, reason="This is no message: to: Field required.")
    answer = HandoverAnswer(now=NOW, host="host", link=describe(Link.CONNECTED, NOW), items=(refused,))
    with (
        answering(200, json.dumps(answer.as_json()).encode()) as host,
        pytest.raises(TickFailed, match="does not take the message 'm2': This is no message: to") as failed,
    ):
        a_tick(tmp_path, host.url).run(NOW)
    assert failed.value.report is not None


@pytest.mark.parametrize("time", ["2026-11-22 12:01:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_record_that_cannot_be_read_fails_the_tick_whether_or_not_the_host_answers(
    tmp_path: Path, bucket: DirectoryBucket, host: Answering, time: str
) -> None:
    broken = {"id": "m1", "to": "447700900001", "message": "hi", "scheduledTime": time}
    whole = builders.message(id="m3", send_at=NOW)
    document = {"version": 1, "messages": [broken, whole.as_json()]}
    bucket.put(keys.SCHEDULED, json.dumps(document).encode())
    for url in (host.url, "http://127.0.0.1:9"):
        with pytest.raises(TickFailed, match="the record 'm1' could not be read: scheduledTime"):
            a_tick(tmp_path, url).run(NOW)
    [handover] = handed_over(host)
    assert [each["id"] for each in handover["items"]] == ["m3"]

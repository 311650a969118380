"""Files leave the bucket for WhatsApp before their message's second, and a failure of that costs nothing but time."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from session_host.link import Reason, SendFailed
from session_host.schema import HAS_FILE
from session_host.uploads import AGAIN, AHEAD, Uploads
from shared.model.lifecycle import State
from shared.model.link import Link
from shared.model.message import Message
from shared.store import keys
from tests.builders import NOW, in_, message
from tests.cast_media import png
from tests.fakes.host import Parts

DATA = png()
DIGEST = hashlib.sha256(DATA).hexdigest()
PICTURE = {"kind": "image", "media": DIGEST, "mime": "image/png", "size": len(DATA)}
NOT_UP = SendFailed("Not uploaded.", permanent=False, certain=True, reason=Reason.NOT_UPLOADED)


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    made = Parts(tmp_path)
    made.media.put(DATA, "image/png", None)
    return made


@pytest.fixture
def uploads(parts: Parts) -> Uploads:
    return Uploads(parts.ledger, parts.link, parts.media.load, lambda _: parts.standing)


def picture(**changes: Any) -> Message:
    return message(text="Look", attachment=PICTURE, **changes)


def test_it_is_uploaded_ahead_and_sent_at_its_second(parts: Parts, uploads: Uploads) -> None:
    one = parts.scheduled(picture(send_at=in_(170)))
    assert uploads.step(NOW) == in_(170) - AHEAD
    assert parts.link.uploaded == {}
    assert uploads.step(in_(170) - AHEAD) is None
    assert parts.link.uploaded == {DIGEST: DATA}
    parts.bucket.calls.clear()
    parts.run(NOW, in_(171))
    assert parts.row(one).delivery.state is State.SENT
    assert f"get {keys.media(DIGEST)}" not in parts.bucket.calls
    assert [(thing.text, thing.attachment) for thing in parts.link.things] == [("Look", one.attachment)]


def test_what_was_not_uploaded_ahead_is_uploaded_when_it_leaves(parts: Parts) -> None:
    one = parts.scheduled(picture(send_at=in_(60)))
    parts.run(NOW, in_(61))
    assert parts.row(one).delivery.state is State.SENT
    assert parts.link.uploaded == {DIGEST: DATA}


def test_an_upload_that_fails_is_tried_again_and_nothing_is_sent_meanwhile(parts: Parts, uploads: Uploads) -> None:
    one = parts.scheduled(picture(send_at=in_(60)))
    parts.link.upload_failures.extend([NOT_UP, NOT_UP])
    assert uploads.step(NOW) == NOW + AGAIN
    parts.run(NOW, in_(61))
    assert (parts.row(one).delivery.state, parts.link.sent) == (State.PENDING, [])
    assert "Not uploaded." in str(parts.row(one).delivery.error)
    parts.fold(in_(62))
    parts.run(in_(62), in_(120))
    assert (parts.row(one).delivery.state, parts.row(one).delivery.attempt) == (State.SENT, 2)
    assert len(parts.link.sent) == 1


def test_a_file_that_is_gone_or_damaged_is_said_and_not_tried_again(parts: Parts) -> None:
    one = parts.scheduled(picture(send_at=in_(60)))
    other = parts.scheduled(message(id="other", attachment=PICTURE | {"media": "b" * 64}, send_at=in_(62)))
    parts.bucket.put(keys.media("b" * 64), b"something else")
    parts.bucket.delete(keys.media(DIGEST))
    parts.run(NOW, in_(70))
    assert parts.row(one).delivery.state is State.FAILED
    assert "not in the storage" in str(parts.row(one).delivery.error)
    assert "damaged" in str(parts.row(other).delivery.error)
    assert parts.link.sent == []


@pytest.mark.parametrize("away", ["standing", "link"])
def test_it_waits_for_the_lead_and_for_the_link(parts: Parts, uploads: Uploads, away: str) -> None:
    parts.scheduled(picture(send_at=in_(60)))
    if away == "link":
        parts.link.state = Link.RECONNECTING
    else:
        parts.standing = "Another host leads."
    assert uploads.step(NOW) == NOW + AGAIN
    assert parts.link.uploaded == {}


def test_only_what_leaves_soon_is_read_however_much_waits(parts: Parts, uploads: Uploads) -> None:
    for number in range(3):
        parts.scheduled(picture(id=f"later-{number}", send_at=in_(150 + number)))
    soon = parts.scheduled(picture(id="soon", send_at=in_(60)))
    parts.scheduled(message(id="text", send_at=in_(140)))
    assert [row.id for row in parts.ledger.with_files(NOW + AHEAD)] == [soon.id]
    assert parts.ledger.next_with_file(NOW + AHEAD) == in_(150)
    assert uploads.step(NOW) == in_(150) - AHEAD
    sql = f"EXPLAIN QUERY PLAN SELECT * FROM waiting WHERE {HAS_FILE} AND ready_at <= 0"  # noqa: S608
    plan = parts.database.query(sql)
    assert "USING INDEX files" in plan[0]["detail"]


def test_without_a_file_there_is_nothing_to_do(parts: Parts, uploads: Uploads) -> None:
    parts.scheduled(message(send_at=in_(60)))
    parts.scheduled(
        message(id="card", text="", attachment={"kind": "contact", "name": "A", "phones": ["447700900123"]})
    )
    assert uploads.step(NOW) is None

"""Attachments and acts: what goes together, what no version may lose, what nobody may store."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from session_host import rules
from shared.model.content import MAX_CAPTION, About, Act, Attachment, Unfamiliar, is_emoji, misfit
from shared.model.message import Message
from shared.model.versioned import merge
from tests.builders import message

DIGEST = "a" * 64
PICTURE = {"kind": "image", "media": DIGEST, "mime": "image/png", "size": 10}
VOICE = {"kind": "voice", "media": DIGEST, "mime": "audio/ogg; codecs=opus", "size": 10, "seconds": 3}
PLACE = {"kind": "location", "latitude": 51.5, "longitude": -0.12, "name": "The Anchor"}
CARD = {"kind": "contact", "name": "Ada", "phones": ["447700900123"]}
MINE = {"act": "edit", "messageId": "3EB0AA", "fromMe": True}
THEIRS = {"act": "react", "messageId": "3EB0AA"}

_ATTACHMENT: TypeAdapter[Any] = TypeAdapter(Attachment)


def read(**fields: Any) -> Message:
    return Message.model_validate(message().as_json() | fields)


@pytest.mark.parametrize("attachment", [PICTURE, VOICE, PLACE, CARD])
def test_an_attachment_survives_the_bucket_with_what_it_does_not_know(attachment: dict[str, Any]) -> None:
    kept = attachment | {"fromTheFuture": [1]}
    about = {"act": "reply", "messageId": "3EB0AA", "fromTheFuture": 2}
    assert read(attachment=kept, about=about).as_json()["attachment"] == kept
    assert read(attachment=kept, about=about).as_json()["about"] == about


def test_a_kind_of_a_newer_version_survives_and_is_never_sent() -> None:
    poll = {"kind": "poll", "question": "Tea?", "choices": ["yes", "no"]}
    found = read(attachment=poll)
    assert isinstance(found.attachment, Unfamiliar)
    assert found.as_json()["attachment"] == poll
    assert "poll" in str(rules.unsendable(found))


def test_content_without_either_looks_as_it_always_did() -> None:
    assert not {"attachment", "about"} & message().as_json().keys()


def test_the_winning_edit_brings_its_own_attachment() -> None:
    first = read(attachment=PICTURE)
    second = first.edited("other", attachment=_ATTACHMENT.validate_python(PLACE))
    for merged in (merge(first, second), merge(second, first)):
        assert merged.as_json()["attachment"] == PLACE


@pytest.mark.parametrize(
    "bad",
    [
        PICTURE | {"media": "../etc/passwd"},
        PICTURE | {"mime": "text/html\r\nX: y"},
        PICTURE | {"name": "../../x.png"},
        PICTURE | {"name": "a\\b.png"},
        PICTURE | {"name": "photo\u202egnp.exe"},
        PICTURE | {"size": 0},
        PICTURE | {"size": 17_000_000},
        PICTURE | {"width": 0},
        PLACE | {"latitude": 91},
        PLACE | {"longitude": float("nan")},
        PLACE | {"name": "line\nbreak"},
        CARD | {"phones": []},
        CARD | {"phones": ["+44 7700"]},
        CARD | {"name": ""},
        CARD | {"name": "Ada\r\nTEL:999"},
        {"kind": ""},
        {},
    ],
)
def test_what_could_do_harm_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _ATTACHMENT.validate_python(bad)


@pytest.mark.parametrize(
    ("text", "attachment", "about", "field"),
    [
        ("", None, None, "message"),
        ("", PICTURE, None, None),
        ("caption", PICTURE, None, None),
        ("x" * (MAX_CAPTION + 1), PICTURE, None, "message"),
        ("a text", VOICE, None, "message"),
        ("a text", CARD, None, "message"),
        ("", PICTURE | {"mime": "image/svg+xml"}, None, "attachment"),
        ("", PICTURE | {"kind": "document", "mime": "image/svg+xml"}, None, None),
        ("", VOICE | {"mime": "audio/mpeg"}, None, "attachment"),
        ("Yes", None, THEIRS | {"act": "reply"}, None),
        ("", None, THEIRS | {"act": "reply"}, "message"),
        ("", PICTURE, THEIRS | {"act": "reply"}, None),
        ("👍", None, THEIRS, None),
        ("", None, THEIRS, None),
        ("ok", None, THEIRS, "message"),
        ("👍", PICTURE, THEIRS, "attachment"),
        ("new", None, MINE, None),
        ("", None, MINE, "message"),
        ("new", None, MINE | {"fromMe": False}, "about"),
        ("", None, MINE | {"act": "delete"}, None),
        ("why", None, MINE | {"act": "delete"}, "message"),
        ("", None, MINE | {"act": "delete", "fromMe": False}, "about"),
    ],
)
def test_what_goes_together(
    text: str, attachment: dict[str, Any] | None, about: dict[str, Any] | None, field: str | None
) -> None:
    found = read(message=text, attachment=attachment, about=about)
    wrong = misfit(found.to, found.text, found.attachment, found.about)
    assert (wrong and wrong[0]) == field
    assert (rules.unsendable(found) is None) is (field is None)


def test_in_a_group_it_must_be_said_whose_message_is_meant() -> None:
    theirs = About(act=Act.REACT, message_id="3EB0AA")
    assert misfit("120363000000000000@g.us", "👍", None, theirs) is not None
    assert misfit("120363000000000000@g.us", "👍", None, theirs.evolve(sender="447700900123")) is None
    assert misfit("120363000000000000@g.us", "👍", None, theirs.evolve(from_me=True)) is None


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("👨‍👩‍👧‍👦", True), ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", True), ("❤️", True), ("#️⃣", True), ("👍" * 21, False), ("\n", False), ("3", False)],
)
def test_what_can_be_a_reaction(text: str, is_one: bool) -> None:
    assert is_emoji(text) is is_one


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({}, ""),
        ({"attachment": PICTURE | {"name": "tea.png"}}, "Picture: tea.png"),
        ({"attachment": VOICE}, "Voice message"),
        ({"about": MINE}, "Edit of a message"),
        ({"about": THEIRS | {"act": "reply"}}, "Reply"),
    ],
)
def test_people_read_what_kind_it_is(fields: dict[str, Any], label: str) -> None:
    assert read(**fields).label == label

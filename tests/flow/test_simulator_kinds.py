"""Every kind of message through the real client, both ways, files uploaded and downloaded; one simulator for all."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from simulator import contents
from simulator.contents import Content
from simulator.control import Control, ControlRefused
from simulator.facts import Card, Facts, File, Place, Quote
from simulator.models import FaultRule, InboxItem, PhoneText, TextToSend
from simulator.protobufs import e2e
from simulator.sayings import CardToSend, FileToSend, PlaceToSend
from tests.flow.simulated import OWNER, Client, linked_client, running_simulator

ADA = "447700900123"
PICTURE = bytes(range(256)) * 100
SHA256 = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Control, Client]]:
    folder = tmp_path_factory.mktemp("kinds")
    with running_simulator(folder) as control:
        control.put_contact(ADA, "Ada", delivered_after_ms=0, read_after_ms=None)
        with linked_client(folder, control) as client:
            yield control, client


def said(client: Client, message: dict[str, Any], file: dict[str, str] | None = None) -> str:
    """Has the client send a message; its id."""
    command: dict[str, Any] = {"do": "say", "to": ADA, "message": message}
    answer = client.ask(**command if file is None else {**command, "file": file})
    assert "error" not in answer, answer
    return str(answer["id"])


def arrived(control: Control, message_id: str) -> InboxItem:
    (item,) = [one for one in control.inbox(ADA) if one.id == message_id]
    return item


def heard(client: Client, message_id: str, event: str = "message") -> Content:
    raw = client.expect(event, id=message_id)["raw"]
    return contents.describe(e2e.Message.FromString(base64.b64decode(raw)))


@pytest.mark.parametrize(
    ("field", "value", "kind", "text", "file"),
    [
        ("imageMessage", {"mimetype": "image/png", "caption": "a cat"}, "image", "a cat", File(mimetype="image/png")),
        (
            "videoMessage",
            {"mimetype": "video/mp4", "seconds": 3, "width": 640, "height": 360},
            "video",
            "",
            File(mimetype="video/mp4", seconds=3, width=640, height=360),
        ),
        ("audioMessage", {"mimetype": "audio/mpeg", "seconds": 7}, "audio", "", File(mimetype="audio/mpeg", seconds=7)),
        (
            "audioMessage",
            {"mimetype": "audio/ogg; codecs=opus", "PTT": True, "seconds": 2},
            "voice",
            "",
            File(mimetype="audio/ogg; codecs=opus", seconds=2),
        ),
        (
            "documentMessage",
            {"mimetype": "application/pdf", "fileName": "bill.pdf", "caption": "for May"},
            "document",
            "for May",
            File(mimetype="application/pdf", name="bill.pdf"),
        ),
        ("stickerMessage", {"mimetype": "image/webp"}, "sticker", "", File(mimetype="image/webp")),
    ],
)
def test_a_file_from_the_client_is_decrypted_by_the_contact(
    linked: tuple[Control, Client], field: str, value: dict[str, Any], kind: str, text: str, file: File
) -> None:
    control, client = linked
    upload = {"field": field, "content": base64.b64encode(PICTURE).decode()}
    item = arrived(control, said(client, {field: value}, upload))
    assert (item.kind, item.text) == (kind, text)
    assert item.file == file.model_copy(update={"sha256": SHA256, "size": len(PICTURE)})
    assert control.media(SHA256) == PICTURE
    (copy,) = [one for one in control.phone_chats() if one.id == item.id]
    assert (copy.kind, copy.file, copy.from_me) == (kind, item.file, True)


def test_a_file_that_does_not_fit_its_message_is_told_of(linked: tuple[Control, Client]) -> None:
    control, client = linked
    nowhere = {"directPath": "/v/sim/nowhere", "mediaKey": base64.b64encode(bytes(32)).decode()}
    item = arrived(control, said(client, {"imageMessage": nowhere}))
    assert item.file is not None
    assert item.file.sha256 is None
    assert item.file.problem == "The media server has no such file."


def test_an_upload_that_a_fault_rule_refuses(linked: tuple[Control, Client]) -> None:
    control, client = linked
    control.add_fault(FaultRule(stanza="upload", action="nack", code=500))
    upload = {"field": "imageMessage", "content": base64.b64encode(PICTURE).decode()}
    answer = client.ask(do="say", to=ADA, message={"imageMessage": {}}, file=upload)
    assert "upload failed with status code 500" in answer["error"]


def test_location_and_contact_card_from_the_client(linked: tuple[Control, Client]) -> None:
    control, client = linked
    place = {"degreesLatitude": 51.4779, "degreesLongitude": -0.0015, "name": "Observatory", "address": "Greenwich"}
    item = arrived(control, said(client, {"locationMessage": place}))
    expected = Place(latitude=51.4779, longitude=-0.0015, name="Observatory", address="Greenwich")
    assert (item.kind, item.location) == ("location", expected)
    item = arrived(control, said(client, {"contactMessage": {"displayName": "Ben", "vcard": "BEGIN:VCARD"}}))
    assert (item.kind, item.text, item.contacts) == ("contact", "Ben", (Card(name="Ben", vcard="BEGIN:VCARD"),))


def test_a_reply_a_reaction_an_edit_and_a_deletion_from_the_client(linked: tuple[Control, Client]) -> None:
    control, client = linked
    lid = f"{control.contacts()[0].lid}@lid"
    first = control.send(ADA, "What time is it?").id
    client.expect("message", id=first)
    context = {"stanzaID": first, "participant": lid, "quotedMessage": {"conversation": "What time is it?"}}
    reply = said(client, {"extendedTextMessage": {"text": "Noon", "contextInfo": context}})
    item = arrived(control, reply)
    assert (item.kind, item.text) == ("text", "Noon")
    assert item.quoted == Quote(id=first, text="What time is it?", from_=lid)

    theirs, own = {"remoteJID": lid, "fromMe": False, "ID": first}, {"remoteJID": lid, "fromMe": True, "ID": reply}
    for emoji in ("👍", ""):
        item = arrived(control, said(client, {"reactionMessage": {"key": theirs, "text": emoji}}))
        assert (item.kind, item.text, item.target) == ("reaction", emoji, first)
    edit = {"type": "MESSAGE_EDIT", "key": own, "editedMessage": {"conversation": "Past noon"}}
    item = arrived(control, said(client, {"editedMessage": {"message": {"protocolMessage": edit}}}))
    assert (item.kind, item.text, item.target) == ("edit", "Past noon", reply)
    item = arrived(control, said(client, {"protocolMessage": {"type": "REVOKE", "key": own}}))
    assert (item.kind, item.text, item.target) == ("delete", "", reply)


@pytest.mark.parametrize(
    ("kind", "mimetype", "name"),
    [
        ("image", "image/png", None),
        ("video", "video/mp4", None),
        ("audio", "audio/mpeg", None),
        ("voice", "audio/ogg; codecs=opus", None),
        ("document", "application/pdf", "bill.pdf"),
        ("sticker", "image/webp", None),
    ],
)
@pytest.mark.parametrize("speaker", ["contact", "phone"])
def test_a_file_from_outside_is_downloaded_by_the_client(
    linked: tuple[Control, Client], speaker: str, kind: str, mimetype: str, name: str | None
) -> None:
    control, client = linked
    file = FileToSend(content=PICTURE, mimetype=mimetype, name=name)
    if speaker == "contact":
        sent = control.say(ADA, TextToSend.model_validate({"kind": kind, "file": file})).id
    else:
        sent = control.say_from_phone(PhoneText.model_validate({"to": ADA, "kind": kind, "file": file})).id
    event = client.expect("message", id=sent)
    content = contents.describe(e2e.Message.FromString(base64.b64decode(event["raw"])))
    assert (content.kind, content.facts.file) == (kind, File(mimetype=mimetype, name=name))
    assert event["from_me"] is (speaker == "phone")
    assert base64.b64decode(client.ask(do="download", raw=event["raw"])["content"]) == PICTURE


def test_location_and_contact_card_reach_the_client(linked: tuple[Control, Client]) -> None:
    control, client = linked
    place = PlaceToSend(latitude=51.4779, longitude=-0.0015, name="Observatory")
    content = heard(client, control.say(ADA, TextToSend(kind="location", location=place)).id)
    assert content.facts.location == Place(latitude=51.4779, longitude=-0.0015, name="Observatory")
    card = CardToSend(name="Ben", vcard="BEGIN:VCARD")
    content = heard(client, control.say_from_phone(PhoneText(to=ADA, kind="contact", contact=card)).id)
    assert content.facts.contacts == (Card(name="Ben", vcard="BEGIN:VCARD"),)


def test_a_reply_a_reaction_an_edit_and_a_deletion_reach_the_client(linked: tuple[Control, Client]) -> None:
    control, client = linked
    question = client.ask(do="send", to=ADA, text="What time is it?")["id"]
    reply = control.say(ADA, TextToSend(text="Noon", reply_to=question)).id
    content = heard(client, reply)
    (account,) = control.state().accounts
    assert (content.text, content.facts.quoted) == (
        "Noon",
        Quote(id=question, text="What time is it?", from_=f"{account.lid}@lid"),
    )
    for emoji in ("👍", ""):
        content = heard(client, control.say(ADA, TextToSend(kind="reaction", text=emoji, target=question)).id)
        assert content == Content("reaction", emoji, Facts(target=question))
    content = heard(client, control.say(ADA, TextToSend(kind="edit", text="Past noon", target=reply)).id, "protocol")
    assert content == Content("edit", "Past noon", Facts(target=reply))
    content = heard(client, control.say(ADA, TextToSend(kind="delete", target=reply)).id, "protocol")
    assert content == Content("delete", "", Facts(target=reply))
    reaction = PhoneText(to=ADA, kind="reaction", text="🎉", target=reply)
    assert heard(client, control.say_from_phone(reaction).id).facts.target == reply
    assert [item.target for item in control.inbox(ADA) if item.text == "🎉"] == [reply]


def test_what_cannot_be_said_is_refused(linked: tuple[Control, Client]) -> None:
    control, _client = linked
    with pytest.raises(ControlRefused, match="no message with this id"):
        control.say(ADA, TextToSend(kind="reaction", text="👍", target="NOTHING"))
    with pytest.raises(ControlRefused, match="no message with this id"):
        control.say(ADA, TextToSend(text="yes", reply_to="NOTHING"))
    with pytest.raises(ControlRefused, match="Only an own message"):
        control.say_from_phone(PhoneText(to=ADA, kind="edit", text="no", target=control.send(ADA, "not yours").id))
    assert control.state().accounts[0].phone == OWNER


def test_nothing_was_unknown_to_the_simulator(linked: tuple[Control, Client]) -> None:
    control, client = linked
    sent = control.say(ADA, TextToSend(text="the last")).id
    client.expect("message", id=sent)
    control.wait_until_settled(OWNER)
    trouble = {"unknown-stanza", "stanza-failed", "message-undecryptable", "client-refused", "message-to-nobody"}
    assert [event for event in control.events().events if event.kind in trouble] == []

"""Each kind of message as the library's protobuf: built in a process of its own, where the library may be loaded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import json, sys
from types import SimpleNamespace
import pylibmagic
from google.protobuf.json_format import MessageToDict
from neonize.proto.waE2E import WAWebProtobufsE2E_pb2 as protobuf
from pydantic import TypeAdapter
from session_host import link_messages
from session_host.outgoing import Outgoing
from shared.model.address import Address
from shared.model.content import About, Attachment

uploaded = SimpleNamespace(
    url="https://media/x", DirectPath="/x", MediaKey=b"key", FileEncSHA256=b"enc", FileSHA256=b"plain", FileLength=10
)
for name, (to, text, attachment, about) in json.load(sys.stdin).items():
    what = Outgoing(text, TypeAdapter(Attachment | None).validate_python(attachment), about and About(**about))
    way = link_messages.Way(Address.from_stored(to), "447700900000", 1_700_000_000_123, uploaded)
    built = link_messages.build(protobuf, what, way)
    again = protobuf.Message.FromString(built.SerializeToString())
    print(json.dumps([name, MessageToDict(again)]))
"""
ADA, GROUP = "447700900123", "120363000000000000@g.us"
FILE = {"media": "a" * 64, "size": 10, "name": "tea.bin"}
THEIRS = {"message_id": "3EB0AA", "sender": "447700900123"}
MINE = {"message_id": "3EB0AA", "from_me": True}
CASES: dict[str, tuple[str, str, dict[str, Any] | None, dict[str, Any] | None]] = {
    "text": (ADA, "Tea?", None, None),
    "image": (ADA, "Look", {"kind": "image", "mime": "image/png", "width": 3, "height": 2, **FILE}, None),
    "video": (ADA, "", {"kind": "video", "mime": "video/mp4", "seconds": 9, **FILE}, None),
    "audio": (ADA, "", {"kind": "audio", "mime": "audio/mpeg", **FILE}, None),
    "voice": (ADA, "", {"kind": "voice", "mime": "audio/ogg", "seconds": 3, **FILE}, None),
    "document": (ADA, "", {"kind": "document", "mime": "application/pdf", **FILE}, None),
    "captioned": (ADA, "Read", {"kind": "document", "mime": "application/pdf", **FILE}, None),
    "location": (ADA, "", {"kind": "location", "latitude": 51.5, "longitude": -0.25, "name": "Pub"}, None),
    "contact": (ADA, "", {"kind": "contact", "name": "Bob; B.", "phones": ["447700900222"]}, None),
    "reply": (ADA, "Yes", None, {"act": "reply", "quoted": "Tea?", "message_id": "3EB0AA"}),
    "reply-mine": (ADA, "And?", None, {"act": "reply", "quoted": "Tea?", **MINE}),
    "reply-image": (GROUP, "", {"kind": "image", "mime": "image/png", **FILE}, {"act": "reply", **THEIRS}),
    "react": (ADA, "👍", None, {"act": "react", "message_id": "3EB0AA"}),
    "react-group": (GROUP, "👍", None, {"act": "react", **THEIRS}),
    "edit": (ADA, "Coffee?", None, {"act": "edit", **MINE}),
    "delete": (GROUP, "", None, {"act": "delete", **MINE}),
}


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    argv = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(argv, cwd=ROOT, input=json.dumps(CASES), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))


def test_each_kind_is_the_field_that_phones_look_for(built: dict[str, Any]) -> None:
    fields = {
        "text": "conversation", "image": "imageMessage", "video": "videoMessage", "audio": "audioMessage",
        "voice": "audioMessage", "document": "documentMessage", "captioned": "documentWithCaptionMessage",
        "location": "locationMessage", "contact": "contactMessage", "reply": "extendedTextMessage",
        "reply-mine": "extendedTextMessage", "reply-image": "imageMessage", "react": "reactionMessage",
        "react-group": "reactionMessage", "edit": "editedMessage", "delete": "protocolMessage",
    }  # fmt: skip
    assert {name: list(message) for name, message in built.items()} == {name: [kind] for name, kind in fields.items()}


def test_a_file_names_where_it_was_uploaded_and_what_it_is(built: dict[str, Any]) -> None:
    picture = built["image"]["imageMessage"]
    assert (picture["URL"], picture["directPath"], picture["fileLength"]) == ("https://media/x", "/x", "10")
    assert (picture["caption"], picture["mimetype"], picture["width"], picture["height"]) == ("Look", "image/png", 3, 2)
    assert "caption" not in built["video"]["videoMessage"]
    assert built["video"]["videoMessage"]["seconds"] == 9
    document = built["captioned"]["documentWithCaptionMessage"]["message"]["documentMessage"]
    assert (document["caption"], document["fileName"], document["mimetype"]) == ("Read", "tea.bin", "application/pdf")
    assert built["document"]["documentMessage"]["fileName"] == "tea.bin"


def test_a_voice_message_plays_as_one(built: dict[str, Any]) -> None:
    voice, audio = built["voice"]["audioMessage"], built["audio"]["audioMessage"]
    assert (voice["PTT"], voice["mimetype"], voice["seconds"]) == (True, "audio/ogg; codecs=opus", 3)
    assert "PTT" not in audio


def test_a_place_and_a_card(built: dict[str, Any]) -> None:
    place = built["location"]["locationMessage"]
    assert (place["degreesLatitude"], place["degreesLongitude"], place["name"]) == (51.5, -0.25, "Pub")
    card = built["contact"]["contactMessage"]
    assert card["displayName"] == "Bob; B."
    assert "FN:Bob\\; B.\nTEL;type=CELL;waid=447700900222:+447700900222\n" in card["vcard"]


def test_a_reply_quotes_whose_message_it_answers(built: dict[str, Any]) -> None:
    context = built["reply"]["extendedTextMessage"]["contextInfo"]
    assert (context["stanzaID"], context["participant"]) == ("3EB0AA", f"{ADA}@s.whatsapp.net")
    assert context["quotedMessage"] == {"conversation": "Tea?"}
    mine = built["reply-mine"]["extendedTextMessage"]["contextInfo"]
    assert mine["participant"] == "447700900000@s.whatsapp.net"
    assert built["reply-image"]["imageMessage"]["contextInfo"]["participant"] == f"{ADA}@s.whatsapp.net"


def test_an_act_names_the_message_it_is_about(built: dict[str, Any]) -> None:
    key = built["react"]["reactionMessage"]["key"]
    assert key == {"remoteJID": f"{ADA}@s.whatsapp.net", "fromMe": False, "ID": "3EB0AA"}
    assert built["react"]["reactionMessage"]["text"] == "👍"
    assert built["react-group"]["reactionMessage"]["key"]["participant"] == f"{ADA}@s.whatsapp.net"
    edit = built["edit"]["editedMessage"]["message"]["protocolMessage"]
    assert (edit["type"], edit["editedMessage"]["conversation"]) == ("MESSAGE_EDIT", "Coffee?")
    assert (edit["key"]["ID"], edit["key"]["fromMe"]) == ("3EB0AA", True)
    delete = built["delete"]["protocolMessage"]
    assert delete["key"] == {"remoteJID": GROUP, "fromMe": True, "ID": "3EB0AA"}
    assert delete.get("type", "REVOKE") == "REVOKE"

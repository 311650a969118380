"""Every kind of message through the real link: what the other phone decrypts is what was to be sent, once."""

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter

from session_host.link import Reason, SendFailed
from session_host.outgoing import Outgoing
from shared.model.address import Address
from shared.model.content import About, Act, Attachment
from shared.model.wire import Group
from simulator.control import Control
from simulator.facts import Card, File, Place, Quote
from simulator.models import FaultRule, InboxItem, TextToSend
from tests.cast_media import MP3, PDF, mp4, opus, png
from tests.flow.simulated import OWNER
from tests.flow.watched import ADA, Watched, connected

pytestmark = pytest.mark.slow

BEN = "447700900124"
_ATTACHMENT: TypeAdapter[Attachment] = TypeAdapter(Attachment)


class Chat:
    """A linked account and Ada."""

    def __init__(self, control: Control, host: Watched) -> None:
        self.control, self.host, self.link = control, host, host.link

    def send(self, what: Outgoing, to: Address = ADA) -> InboxItem:
        """Sends it; what Ada's phone has decrypted of it."""
        sent = self.link.send(to, what).message_id
        (item,) = [each for each in self.control.inbox(ADA.user) if each.id == sent]
        assert item.from_ == OWNER
        return item

    def receive(self, text: str) -> str:
        """Ada writes; the message's id."""
        return self.control.send(ADA.user, text).id


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chat]:
    with connected(tmp_path_factory.mktemp("kinds")) as (control, host):
        yield Chat(control, host)
        host.link.stop(10)


def file(kind: str, data: bytes, mime: str, text: str = "", **fields: Any) -> Outgoing:
    """A file to send; `load` gives its bytes."""
    described = {"kind": kind, "media": hashlib.sha256(data).hexdigest(), "mime": mime, "size": len(data), **fields}
    return Outgoing(text, _ATTACHMENT.validate_python(described), None, lambda _: data)


@pytest.mark.parametrize(
    ("what", "data", "shown"),
    [
        (
            file("image", png(30, 20), "image/png", "Look", name="tea.png", width=30, height=20),
            png(30, 20),
            File(mimetype="image/png", width=30, height=20),
        ),
        (file("video", mp4(), "video/mp4", seconds=9), mp4(), File(mimetype="video/mp4", seconds=9)),
        (file("audio", MP3, "audio/mpeg"), MP3, File(mimetype="audio/mpeg")),
        (file("voice", opus(2), "audio/ogg", seconds=2), opus(2), File(mimetype="audio/ogg; codecs=opus", seconds=2)),
        (
            file("document", PDF, "application/pdf", "Read this", name="bill.pdf"),
            PDF,
            File(mimetype="application/pdf", name="bill.pdf"),
        ),
        (file("document", PDF, "application/pdf"), PDF, File(mimetype="application/pdf", name="file")),
    ],
    ids=["image", "video", "audio", "voice", "captioned document", "document"],
)
def test_a_file_is_decrypted_byte_by_byte(chat: Chat, what: Outgoing, data: bytes, shown: File) -> None:
    item = chat.send(what)
    assert what.media is not None
    assert (item.kind, item.text) == (what.media.kind, what.text)
    assert item.file == shown.model_copy(update={"sha256": what.media.media, "size": len(data)})
    assert chat.control.media(what.media.media) == data


def test_a_place_and_a_card(chat: Chat) -> None:
    place = {"kind": "location", "latitude": 51.5, "longitude": -0.25, "name": "The Anchor", "address": "Bankside"}
    item = chat.send(Outgoing("", _ATTACHMENT.validate_python(place)))
    assert item.location == Place(latitude=51.5, longitude=-0.25, name="The Anchor", address="Bankside")
    card = {"kind": "contact", "name": "Bob", "phones": ["447700900222", "4930123456"]}
    item = chat.send(Outgoing("", _ATTACHMENT.validate_python(card)))
    assert item.contacts is not None
    (shown,) = item.contacts
    assert shown == Card(name="Bob", vcard=shown.vcard)
    assert "waid=4930123456:+4930123456" in shown.vcard


def test_a_reply_a_reaction_an_edit_and_a_deletion(chat: Chat) -> None:
    theirs = chat.receive("Tea?")
    about = About(act=Act.REPLY, message_id=theirs, quoted="Tea?")
    reply = chat.send(Outgoing("Yes", None, about))
    assert (reply.kind, reply.text, reply.quoted and reply.quoted.id) == ("text", "Yes", theirs)
    assert reply.quoted is not None
    assert reply.quoted.text == "Tea?"
    for emoji in ("👍🏽", ""):
        item = chat.send(Outgoing(emoji, None, About(act=Act.REACT, message_id=theirs)))
        assert (item.kind, item.text, item.target) == ("reaction", emoji, theirs)
    item = chat.send(Outgoing("Yes, please", None, About(act=Act.EDIT, message_id=reply.id, from_me=True)))
    assert (item.kind, item.text, item.target) == ("edit", "Yes, please", reply.id)
    item = chat.send(Outgoing("", None, About(act=Act.DELETE, message_id=reply.id, from_me=True)))
    assert (item.kind, item.target) == ("delete", reply.id)


def test_a_picture_can_be_a_reply(chat: Chat) -> None:
    theirs = chat.receive("Show me")
    what = file("image", png(2, 2), "image/png")._replace(about=About(act=Act.REPLY, message_id=theirs))
    item = chat.send(what)
    assert (item.kind, item.quoted and item.quoted.id) == ("image", theirs)


def test_what_was_made_ready_is_uploaded_once(chat: Chat) -> None:
    what = file("document", b"another new file", "text/plain", name="new.txt")
    chat.link.make_ready(what)
    chat.link.make_ready(what)
    chat.control.add_fault(FaultRule(stanza="upload", action="nack", code=500))  # nobody may upload it again
    assert what.media is not None
    assert chat.send(what).file == File(mimetype="text/plain", name="new.txt", sha256=what.media.media, size=16)
    chat.control.clear_faults()


@pytest.fixture(scope="module")
def group(chat: Chat) -> Address:
    chat.control.put_contact(BEN, "Ben", delivered_after_ms=0, read_after_ms=None)
    return Address.from_stored(chat.control.put_group("club", "Book club", [ADA.user, BEN]).address)


class TestGroups:
    """What each member's phone decrypts of what is sent to a group."""

    def send(self, chat: Chat, group: Address, what: Outgoing) -> InboxItem:
        sent = chat.link.send(group, what).message_id
        items = [each for phone in (ADA.user, BEN) for each in chat.control.inbox(phone) if each.id == sent]
        assert [each.group for each in items] == [str(group)] * 2
        return items[1]

    def test_those_this_account_is_in_are_listed(self, chat: Chat, group: Address) -> None:
        assert Group(id=str(group), name="Book club", participants=3) in chat.link.groups()

    def test_each_kind_reaches_each_member_once(self, chat: Chat, group: Address) -> None:
        text = self.send(chat, group, Outgoing("Tuesday?"))
        assert (text.kind, text.text) == ("text", "Tuesday?")
        picture = self.send(chat, group, file("image", png(4, 4), "image/png", "The cover"))
        assert picture.file is not None
        assert (picture.kind, picture.text) == ("image", "The cover")
        assert chat.control.media(str(picture.file.sha256)) == png(4, 4)
        place = {"kind": "location", "latitude": 51.5, "longitude": -0.25, "name": "The Anchor"}
        assert self.send(chat, group, Outgoing("", _ATTACHMENT.validate_python(place))).kind == "location"
        edit = About(act=Act.EDIT, message_id=text.id, from_me=True)
        edited = self.send(chat, group, Outgoing("Wednesday?", None, edit))
        assert (edited.kind, edited.text, edited.target) == ("edit", "Wednesday?", text.id)
        delete = About(act=Act.DELETE, message_id=text.id, from_me=True)
        assert self.send(chat, group, Outgoing("", None, delete)).target == text.id

    def test_a_members_phone_tells_that_it_has_it_under_the_groups_name(self, chat: Chat, group: Address) -> None:
        sent = self.send(chat, group, Outgoing("Who is there?")).id
        chat.host.hears(lambda heard: heard.delivered(sent))
        assert {each.chat for each in chat.host.receipts if sent in each.message_ids} == {str(group)}

    def test_somebody_elses_message_is_answered(self, chat: Chat, group: Address) -> None:
        theirs = chat.control.say(ADA.user, TextToSend(text="Who comes?", group="club")).id
        lid = next(each.lid for each in chat.control.contacts() if each.phone == ADA.user)
        about = About(act=Act.REPLY, message_id=theirs, sender=f"{lid}@lid", quoted="Who comes?")
        reply = self.send(chat, group, Outgoing("I do", None, about))
        assert reply.quoted == Quote(id=theirs, text="Who comes?", from_=f"{lid}@lid")
        react = self.send(chat, group, Outgoing("🙋", None, about.evolve(act=Act.REACT, quoted="")))
        assert (react.kind, react.text, react.target) == ("reaction", "🙋", theirs)

    def test_a_group_this_account_is_not_in_is_certain_and_permanent(self, chat: Chat) -> None:
        with pytest.raises(SendFailed) as raised:
            chat.link.send(Address.from_stored("120363999999999999@g.us"), Outgoing("Hello"))
        failed = raised.value
        assert (failed.certain, failed.permanent, failed.reason) == (True, True, Reason.NOT_IN_GROUP)

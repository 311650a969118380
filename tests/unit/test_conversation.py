"""A captured chat as people read it: names, days, gaps where they are, and what a bubble says of a file."""

from datetime import datetime
from typing import Any

import pytest

from shared.model.chats import ChatMessage, ChatMessages, Gap, MediaFacts, Quoted, Reaction
from shared.model.content import Media
from shared.model.message import Message
from tests.builders import NOW, contact, in_, message, sent
from tests.cast import ALICE, BOB, GROUP
from web.chat_names import Names
from web.conversation import Bubble, conversation, kind_of, sent_from_here, when
from web.search import ContactIndex

LONDON = "Europe/London"
ALICE_ONLY = Names(ContactIndex({"a": contact(ALICE)}), {GROUP: "The bakers"})


def said(text: str = "Tea?", at: datetime = NOW, **more: Any) -> ChatMessage:
    fields: dict[str, Any] = {
        "id": f"3EB0{text}",
        "sender": ALICE.jid,
        "from_me": False,
        "at": at,
        "kind": "text",
        "text": text,
    }
    return ChatMessage(**(fields | more))


def shown(*messages: ChatMessage, chat: str = ALICE.jid, gaps: tuple[Gap, ...] = (), **more: Any) -> list[Any]:
    """Day titles, and what stands under each."""
    newest_first = tuple(sorted(messages, key=lambda each: each.at, reverse=True))
    page = ChatMessages(chat=chat, messages=newest_first, gaps=gaps)
    days = conversation(page, ALICE_ONLY, more.get("sent", {}), NOW, LONDON)
    return [
        [day.title, *(entry.message.text if isinstance(entry, Bubble) else entry.reason for entry in day.entries)]
        for day in days
    ]


def bubble(message: ChatMessage, chat: str = ALICE.jid, sent: dict[str, Message] | None = None) -> Bubble:
    (day,) = conversation(ChatMessages(chat=chat, messages=(message,)), ALICE_ONLY, sent or {}, NOW, LONDON)
    (entry,) = day.entries
    assert isinstance(entry, Bubble)
    return entry


@pytest.mark.parametrize(
    ("chat", "told", "name"),
    [
        (ALICE.jid, "Ali", "Alice"),
        (BOB.jid, " Bob ", "~Bob"),
        (BOB.jid, None, "+44 7700 900002"),
        (BOB.jid, "  ", "+44 7700 900002"),
        (GROUP, None, "The bakers"),
        ("120363000000000009@g.us", None, "A group"),
        ("100000000000123@lid", None, "Hidden number …123"),
        ("100000000000123@lid", "Zoe", "~Zoe"),
        ("nonsense", None, "nonsense"),
    ],
)
def test_a_chat_is_called_as_the_owner_calls_it_else_as_it_calls_itself(chat: str, told: str | None, name: str) -> None:
    assert ALICE_ONLY.of(chat, told) == name


def test_a_name_on_the_owners_phone_needs_no_mark_and_a_contact_goes_before_it() -> None:
    assert [ALICE_ONLY.of(each.jid, "Mum", given=True) for each in (ALICE, BOB)] == ["Alice", "Mum"]
    assert bubble(said(sender=BOB.jid, sender_name="Mum", sender_name_given=True), GROUP).who == "Mum"
    quoted = Quoted(id="1", sender=BOB.jid, sender_name="Mum", from_me=False, kind="text", text="")
    quoted = quoted.evolve(sender_name_given=True)
    answers = bubble(said(quoted="1", answers=quoted), GROUP).answers
    assert answers is not None
    assert answers.who == "Mum"


def test_in_a_chat_with_one_person_they_are_called_as_the_page_says_everywhere() -> None:
    quoted = Quoted(id="1", sender=BOB.jid, from_me=False, kind="text", text="Tea?")
    loved = Reaction(by=BOB.jid, emoji="❤", at=NOW)
    answer = said(sender=BOB.jid, quoted="1", answers=quoted, reactions=(loved,))
    for given, name in ((True, "Mum"), (False, "~Mum")):
        page = ChatMessages(chat=BOB.jid, name="Mum", name_given=given, messages=(answer,))
        ((entry,),) = (day.entries for day in conversation(page, ALICE_ONLY, {}, NOW, LONDON))
        assert isinstance(entry, Bubble)
        assert entry.answers is not None
        assert (entry.answers.who, entry.reactions) == (name, (("❤", name),))


def test_days_are_the_owners_days_in_order() -> None:
    late = datetime.fromisoformat("2026-07-01T23:30:00Z")  # already the second in London
    found = shown(said("b", in_(hours=-24)), said("a", late), said("c", NOW))
    assert found == [["Thursday 2 July", "a"], ["Yesterday", "b"], ["Today", "c"]]


def test_a_gap_stands_where_it_began_also_at_the_edges_of_the_page() -> None:
    gaps = tuple(
        Gap(since=in_(minutes=minutes), until=in_(minutes=minutes + 1), reason=str(minutes)) for minutes in (5, -90, 25)
    )
    found = shown(said("a", in_(minutes=0)), said("b", in_(minutes=10)), said("c", in_(minutes=20)), gaps=gaps)
    assert found == [["Today", "-90", "a", "5", "b", "c", "25"]]


def test_a_gap_alone_has_its_day() -> None:
    gap = Gap(since=in_(hours=-24), reason="killed")
    assert shown(said("a", in_(hours=-48)), said("b"), gaps=(gap,)) == [
        ["Friday 20 November", "a"], ["Yesterday", "killed"], ["Today", "b"],
    ]  # fmt: skip


def test_a_gap_that_began_on_an_older_page_stands_at_the_top() -> None:
    gap = Gap(since=in_(hours=-48), reason="killed")
    page = ChatMessages(chat=ALICE.jid, messages=(said(),), gaps=(gap,), next="1-1")
    (day,) = conversation(page, ALICE_ONLY, {}, NOW, LONDON)
    assert (day.title, day.entries[0]) == ("Today", gap)


def test_in_a_group_each_bubble_says_who_wrote_it() -> None:
    assert bubble(said(), GROUP).who == "Alice"
    assert bubble(said(sender=BOB.jid, sender_name="Bobby"), GROUP).who == "~Bobby"
    assert bubble(said()).who == ""


def test_a_reply_shows_what_it_answers_or_says_that_it_is_not_here() -> None:
    quoted = Quoted(id="1", sender=ALICE.jid, from_me=False, kind="image", text="The cat")
    answers = bubble(said(quoted="1", answers=quoted)).answers
    assert answers is not None
    assert (answers.who, answers.kind.word, answers.text) == ("Alice", "Picture", "The cat")
    assert answers.anchor == ""
    itself = said(id="1", quoted="1", answers=quoted)
    assert bubble(itself).answers == answers._replace(anchor="m-1")
    missing = bubble(said(quoted="1")).answers
    assert missing is not None
    assert "not kept here" in missing.text
    assert bubble(said()).answers is None


def test_a_file_is_named_with_its_size_and_is_here_only_where_its_bytes_are() -> None:
    facts = MediaFacts(name="bill.pdf", size=12_345, seconds=75)
    assert bubble(said(kind="document", media=facts)).file == (None, "bill.pdf", "1:15 · 12 kB")
    assert bubble(said(kind="document", media=facts, deleted_at=NOW)).file is None


def test_what_was_scheduled_here_is_known_again_with_its_file() -> None:
    attachment = Media(kind="image", media="a" * 64, mime="image/png", size=5, name="cat.png")
    scheduled = sent(message(attachment=attachment), message_id="3EB0X")
    mine = said(id="3EB0X", from_me=True, sender=None, kind="image")
    found = bubble(mine, sent=sent_from_here([scheduled, message()]))
    assert found.scheduled == scheduled
    assert found.file == ("a" * 64, "cat.png", "5 bytes")
    theirs = mine.evolve(from_me=False, sender=ALICE.jid)
    assert bubble(theirs, sent=sent_from_here([scheduled])).scheduled is None


def test_a_kind_of_a_newer_host_is_something_else() -> None:
    assert kind_of("hologram") == kind_of("other")
    assert kind_of("voice").word == "Voice message"


def test_an_edit_says_when_and_the_day_only_where_it_is_another() -> None:
    assert bubble(said(edited_at=in_(hours=1))).edited == "13:00"
    assert bubble(said(at=in_(hours=-30), edited_at=in_(seconds=7))).edited == "Sun 22 Nov 2026, 12:00"


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (-1, "11:00"), (-20, "Yesterday"), (-72, "Thursday"), (-24 * 10, "12 Nov"), (-24 * 400, "18 Oct 2025"),
        (24, "23 Nov"),
    ],
)  # fmt: skip
def test_a_short_time_says_as_much_as_is_needed(hours: int, words: str) -> None:
    assert when(in_(hours=hours), NOW, LONDON) == words

"""Capture: from the library's event to what is shown of a chat, in any order, under any address, killed anywhere."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_host import capture_events, chat_pages, chat_search
from session_host.capture import Capture
from session_host.chat_pages import Turn
from session_host.database import LedgerError
from session_host.link import Arrival, Receipt
from shared.model.chats import ChatMessage
from shared.model.link import Link
from tests.builders import NOW, in_, link_status
from tests.fakes import events
from tests.fakes.host import HandClock, ScriptedLink

ANN = "447700900001@s.whatsapp.net"
ANN_LID = "100000000000001@lid"
BEN = "447700900002@s.whatsapp.net"
BEN_LID = "100000000000002@lid"
GROUP = "120363000000000001@g.us"
HISTORY = {"type": "HISTORY_SYNC_NOTIFICATION"}


class Desk:
    """A capture over a folder, with what it told the ledger; a step takes over all there is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = HandClock()
        self.link = ScriptedLink()
        self.receipts: list[Receipt] = []
        self.arrivals: list[Arrival] = []
        self.trouble: LedgerError | None = None
        self.woken = 0
        self.capture = self._open()

    def _open(self) -> Capture:
        return Capture(
            self.folder, self.link, self.clock, kept=timedelta(days=30),
            on_receipts=self._receipts, on_arrival=self.arrivals.append, on_journal=self._wake,
        )  # fmt: skip

    def _wake(self) -> None:
        self.woken += 1

    def _receipts(self, receipts: Sequence[Receipt]) -> None:
        if self.trouble:
            raise self.trouble
        self.receipts.extend(receipts)

    def hear(self, *heard: Any) -> None:
        for event in heard:
            assert self.capture.heard(*events.raw(event))

    def take(self, *heard: Any) -> None:
        self.hear(*heard)
        self.capture.step(self.clock.now())

    def killed(self) -> None:
        """The process is gone; another begins with what is on the disk."""
        self.capture.store.database.close()
        self.capture = self._open()

    def chat(self, chat: str) -> tuple[ChatMessage, ...]:
        return chat_pages.messages(self.capture.store, chat, Turn(), 500).messages

    def texts(self, chat: str) -> list[str]:
        return [each.text for each in reversed(self.chat(chat))]

    def reasons(self) -> list[str]:
        return [gap.reason for gap in self.capture.facts(self.clock.now()).gaps]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.capture.close()


def test_a_message_is_shown_with_who_when_and_what(desk: Desk) -> None:
    desk.take(events.message(ANN_LID, "Tea?", alt=ANN, id_="3EB0A", push_name="Ann", at=in_(-5)))
    (shown,) = desk.chat(ANN)
    assert shown == ChatMessage(id="3EB0A", sender=ANN, from_me=False, at=in_(-5), kind="text", text="Tea?")
    (chat,) = chat_pages.chats(desk.capture.store, None, 10).chats
    assert (chat.id, chat.name, chat.last_text, chat.messages) == (ANN, "Ann", "Tea?", 1)
    facts = desk.capture.facts(NOW)
    assert (facts.messages, facts.last, list(facts.gaps)) == (1, NOW, [])


def test_the_same_message_twice_is_one(desk: Desk) -> None:
    one = events.message(ANN, "Tea?", id_="3EB0A")
    desk.take(one, one)
    desk.take(one)
    assert desk.texts(ANN) == ["Tea?"]


def test_one_id_from_two_people_is_two_messages(desk: Desk) -> None:
    desk.take(
        events.message(GROUP, "mine", sender=ANN, id_="3EB0A"),
        events.message(GROUP, "no, mine", sender=BEN, id_="3EB0A"),
    )
    assert sorted(desk.texts(GROUP)) == ["mine", "no, mine"]


def test_what_the_owner_typed_on_the_phone_is_ones_own(desk: Desk) -> None:
    desk.take(events.message(ANN_LID, "On my way.", from_me=True, alt=ANN))
    (shown,) = desk.chat(ANN)
    assert (shown.from_me, shown.sender, shown.text) == (True, None, "On my way.")


@pytest.mark.parametrize(
    ("parts", "kind", "text"),
    [
        ({"extendedTextMessage": {"text": "See you"}}, "text", "See you"),
        ({"imageMessage": {"caption": "The cat"}}, "image", "The cat"),
        ({"videoMessage": {}}, "video", ""),
        ({"audioMessage": {"PTT": True}}, "voice", ""),
        ({"audioMessage": {}}, "audio", ""),
        ({"documentMessage": {"caption": "The bill"}}, "document", "The bill"),
        ({"documentMessage": {"fileName": "bill.pdf"}}, "document", "bill.pdf"),
        ({"contactMessage": {"displayName": "Ben"}}, "contact", "Ben"),
        ({"locationMessage": {"name": "The pier"}}, "location", "The pier"),
        ({"stickerMessage": {}}, "sticker", ""),
        ({"pollCreationMessageV3": {"name": "When?"}}, "poll", "When?"),
        ({"orderMessage": {}}, "other", ""),
    ],
)
def test_each_kind_has_its_name_and_its_text(desk: Desk, parts: dict[str, Any], kind: str, text: str) -> None:
    desk.take(events.message(ANN, **parts))
    (shown,) = desk.chat(ANN)
    assert (shown.kind, shown.text) == (kind, text)


def test_a_reply_names_what_it_answers(desk: Desk) -> None:
    desk.take(events.message(ANN, extendedTextMessage={"text": "Yes", "contextInfo": {"stanzaID": "3EB0A"}}))
    assert desk.chat(ANN)[0].quoted == "3EB0A"


@pytest.mark.parametrize(
    "event",
    [
        events.message(GROUP, sender=ANN, senderKeyDistributionMessage={"groupID": GROUP}),
        events.message(ANN, from_me=True, category="peer", protocolMessage={"type": "APP_STATE_SYNC_KEY_SHARE"}),
        events.message(ANN, protocolMessage={"type": "EPHEMERAL_SETTING"}),
        events.message("status@broadcast", "Look where I am", sender=ANN),
        events.message("120363000000000009@newsletter", "News"),
        events.receipt(ANN, "3EB0A"),
    ],
    ids=["only a sender key", "a peer message", "a protocol message", "a status", "a newsletter", "a receipt"],
)
def test_what_is_no_message_of_a_chat_is_not_captured(desk: Desk, event: Any) -> None:
    desk.take(event)
    assert desk.capture.facts(NOW).messages == 0
    assert desk.reasons() == []


def test_a_sender_key_that_comes_with_its_text_hides_nothing(desk: Desk) -> None:
    key = {"groupID": GROUP}
    desk.take(
        events.message(GROUP, sender=ANN, id_="3EB0A", senderKeyDistributionMessage=key),
        events.message(GROUP, "Hello all", sender=ANN, id_="3EB0A", senderKeyDistributionMessage=key),
    )
    assert desk.texts(GROUP) == ["Hello all"]


class TestChanges:
    MESSAGE = events.message(ANN, "Teh train", id_="3EB0A", at=in_(0))
    EDIT = events.edit(ANN, "3EB0A", "The train", at=in_(10))
    LATER = events.edit(ANN, "3EB0A", "The train at nine", at=in_(20))
    LOVES = events.reaction(ANN, "3EB0A", "❤", from_me=True, at=in_(30))
    LAUGHS = events.reaction(ANN, "3EB0A", "😂", from_me=True, at=in_(40))

    @pytest.mark.parametrize("order", [*itertools.permutations(range(5))][::7])
    def test_whichever_comes_first_the_end_is_the_same(self, desk: Desk, order: tuple[int, ...]) -> None:
        five = (self.MESSAGE, self.EDIT, self.LATER, self.LOVES, self.LAUGHS)
        desk.take(*(five[number] for number in order))
        (shown,) = desk.chat(ANN)
        assert (shown.text, shown.edited_at) == ("The train at nine", in_(20))
        assert [(each.by, each.emoji) for each in shown.reactions] == [(None, "😂")]

    def test_a_reaction_that_was_taken_back_is_gone(self, desk: Desk) -> None:
        desk.take(self.MESSAGE, self.LOVES, events.reaction(ANN, "3EB0A", "", from_me=True, at=in_(50)))
        assert desk.chat(ANN)[0].reactions == ()

    @pytest.mark.parametrize("deleted_first", [True, False])
    def test_deleted_for_everyone_it_shows_no_text(self, desk: Desk, deleted_first: bool) -> None:
        gone = events.deletion(ANN, "3EB0A", at=in_(60))
        desk.take(*((gone, self.MESSAGE, self.EDIT) if deleted_first else (self.MESSAGE, self.EDIT, gone)))
        (shown,) = desk.chat(ANN)
        assert (shown.text, shown.deleted_at) == ("", in_(60))
        assert chat_pages.chats(desk.capture.store, None, 1).chats[0].last_text == ""

    def test_nobody_edits_or_deletes_what_another_wrote(self, desk: Desk) -> None:
        mine = events.message(ANN, "I said so", from_me=True, id_="3EB0A")
        desk.take(mine, events.edit(ANN, "3EB0A", "I never did"), events.deletion(ANN, "3EB0A"))
        assert desk.texts(ANN) == ["I said so"]

    def test_in_a_group_who_runs_it_may_delete(self, desk: Desk) -> None:
        desk.take(
            events.message(GROUP, "Spam", sender=ANN, id_="3EB0A"),
            events.deletion(GROUP, "3EB0A", sender=BEN, at=in_(9)),
        )
        assert desk.chat(GROUP)[0].deleted_at == in_(9)

    def test_a_change_with_a_time_of_its_own_that_cannot_be_does_not_win_for_ever(self, desk: Desk) -> None:
        far = {"key": {"ID": "3EB0A"}, "text": "😈", "senderTimestampMS": 2**62}
        desk.take(self.MESSAGE, events.message(ANN, reactionMessage=far, at=in_(1)))
        desk.take(events.reaction(ANN, "3EB0A", "🙂", at=in_(2)))
        assert [each.emoji for each in desk.chat(ANN)[0].reactions] == ["🙂"]


class TestIdentity:
    def test_what_came_under_the_hidden_number_becomes_the_phone_numbers(self, desk: Desk) -> None:
        desk.take(events.message(ANN_LID, "first", id_="1", at=in_(1)), events.reaction(ANN_LID, "1", "👍", at=in_(2)))
        assert desk.texts(ANN_LID) == ["first"]
        desk.take(events.message(ANN_LID, "second", id_="2", alt=ANN, at=in_(3)))
        assert desk.texts(ANN) == desk.texts(ANN_LID) == ["first", "second"]
        assert [each.id for each in chat_pages.chats(desk.capture.store, None, 9).chats] == [ANN]
        assert {each.sender for each in desk.chat(ANN)} == {ANN}
        assert [each.by for each in desk.chat(ANN)[-1].reactions] == [ANN]

    def test_the_other_way_round(self, desk: Desk) -> None:
        desk.take(events.message(ANN, "by number", at=in_(1)), events.message(ANN, "known", alt=ANN_LID, at=in_(2)))
        desk.take(events.message(ANN_LID, "by hidden number", at=in_(3)))
        assert desk.texts(ANN) == ["by number", "known", "by hidden number"]

    def test_one_message_that_came_under_both_is_one(self, desk: Desk) -> None:
        desk.take(events.message(ANN, "Tea?", id_="1"), events.message(ANN_LID, "Tea?", id_="1"))
        desk.take(events.undecryptable(ANN_LID, "2", alt=ANN))
        assert desk.texts(ANN) == ["Tea?"]

    def test_in_a_group_the_senders_are_merged_and_the_group_stays(self, desk: Desk) -> None:
        desk.take(events.message(GROUP, "hello", sender=ANN_LID, at=in_(1)))
        desk.take(events.message(GROUP, "again", sender=ANN_LID, alt=ANN, at=in_(2)))
        assert [each.sender for each in desk.chat(GROUP)] == [ANN, ANN]

    def test_the_library_is_asked_for_those_it_has_met_since(self, desk: Desk) -> None:
        desk.take(events.message("20009007744@lid", "typed on my phone", from_me=True))
        desk.capture.link_changed(link_status(Link.CONNECTED))
        desk.clock.set(in_(60))
        desk.take()
        assert desk.texts("44770090002@s.whatsapp.net") == ["typed on my phone"]

    def test_it_is_known_after_a_restart(self, desk: Desk) -> None:
        desk.take(events.message(ANN_LID, "first", alt=ANN))
        desk.killed()
        desk.take(events.message(ANN_LID, "second"))
        assert desk.texts(ANN) == ["first", "second"]


class TestNames:
    """What the owner's phone calls somebody goes before what they call themselves; both are kept."""

    @staticmethod
    def called(desk: Desk) -> dict[str, tuple[str | None, bool, str | None]]:
        found = chat_pages.chats(desk.capture.store, None, 9).chats
        return {each.id: (each.name, each.name_given, each.push_name) for each in found}

    def test_the_owners_name_is_shown_everywhere_and_a_changed_one_too(self, desk: Desk) -> None:
        desk.take(
            events.message(ANN, "Tea?", push_name="Ann", at=in_(1)),
            events.message(GROUP, "Cake?", sender=ANN, id_="3EB0A", at=in_(2)),
            events.message(BEN, "Milk?", push_name="Ben", at=in_(3)),
        )
        store = desk.capture.store
        assert store.give({ANN: "Mum", BEN: "Benny"}) == 2
        assert store.give({ANN: "Mum"}) == 1, "a name that is gone there is gone here"
        assert store.give({ANN: "Mum"}) == 0
        assert self.called(desk) == {
            ANN: ("Mum", True, "Ann"), BEN: ("Ben", False, "Ben"), GROUP: (None, False, None),
        }  # fmt: skip
        page = chat_pages.messages(store, ANN, Turn(), 9)
        (said,) = desk.chat(GROUP)
        (hit,) = chat_search.search(store, chat_search.query_of(store, "tea", None), None, 9).hits
        assert (page.name, page.name_given) == (hit.name, hit.name_given) == ("Mum", True)
        assert (said.sender_name, said.sender_name_given) == ("Mum", True)

    @pytest.mark.parametrize("first", ["names", "who is who"])
    def test_a_name_of_the_number_is_the_hidden_numbers_whichever_is_known_first(self, desk: Desk, first: str) -> None:
        desk.take(events.message(ANN_LID, "Tea?", push_name="Ann"), events.message(BEN_LID, "Cake?"))
        pairs = [events.message(ANN_LID, "!", alt=ANN), events.message(BEN_LID, "!", alt=BEN)]
        if first == "who is who":
            desk.take(*pairs)
        desk.capture.store.give({ANN: "Mum", ANN_LID: "not this one", BEN_LID: "Benny"})
        if first == "names":
            desk.take(*pairs)
        assert self.called(desk) == {ANN: ("Mum", True, "Ann"), BEN: ("Benny", True, None)}

    def test_what_the_library_says_of_contacts_is_read_and_nothing_in_it_is_trusted(self) -> None:
        told = [
            _contact(ANN, full=" Ann\u202e Example ", first="Ann"),
            _contact(BEN_LID, first="Ben", push="Benjamin"),
            _contact("447700900003@s.whatsapp.net", push="only their own word"),
            _contact("447700900004@s.whatsapp.net", full="x" * 900),
            _contact("447700900005@s.whatsapp.net", full=b"\xff\xfeA"),
            _contact("status@broadcast", full="nobody"),
            _contact("120363000000000009@newsletter", full="news"),
        ]
        assert capture_events.given_names(told) == {
            ANN: "Ann\u202e Example",
            BEN_LID: "Ben",
            "447700900004@s.whatsapp.net": "x" * 200,
            "447700900005@s.whatsapp.net": "\ufffd\ufffdA",
        }

    def test_a_name_that_is_no_text_keeps_nothing_from_being_captured(self, desk: Desk) -> None:
        name, data = events.raw(events.message(ANN, "Tea?", push_name="ABCDEF"))
        assert desk.capture.heard(name, data.replace(b"ABCDEF", b"A\xff\xfeDEF"))
        desk.take()
        assert self.called(desk) == {ANN: ("A\ufffd\ufffdDEF", False, "A\ufffd\ufffdDEF")}


def _contact(address: str, *, full: str | bytes = "", first: str = "", push: str = "") -> Any:
    user, _, server = address.partition("@")
    info = SimpleNamespace(FullName=full, FirstName=first, PushName=push)
    return SimpleNamespace(JID=SimpleNamespace(User=user, Server=server), Info=info)


def _made(number: int) -> Any:
    """Events of two people under both their addresses, with ids that meet one another."""
    person, kind = number % 2, number // 2 % 5
    number_, lid = ((ANN, ANN_LID), (BEN, BEN_LID))[person]
    hidden, at = number // 10 % 2, in_(number % 7)
    chat, other = (lid, number_) if hidden else (number_, lid)
    told = other if number // 20 % 2 else None
    id_ = str(number % 3)
    if kind == 0:
        return events.edit(chat, id_, f"edited {number}", alt=told, at=at)
    if kind == 1:
        return events.deletion(chat, id_, alt=told, at=at)
    if kind == 2:
        return events.reaction(chat, id_, "👍👎"[number % 2], alt=told, at=at)
    return events.message(chat, f"text of {id_}", alt=told, id_=id_, at=NOW)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_whatever_order_and_however_often_things_come_the_end_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int], chance: Any
) -> None:
    pairs = [events.message(ANN, "a", alt=ANN_LID, id_="pair"), events.message(BEN, "b", alt=BEN_LID, id_="pair")]
    given_ = [*map(_made, numbers), *pairs]
    again = [*given_, *chance.choices(given_, k=3)]
    chance.shuffle(again)
    ends = []
    for order in (given_, again):
        desk = Desk(tmp_path_factory.mktemp("desk"))
        desk.take(*order)
        ends.append([{each.model_copy() for each in desk.chat(chat)} for chat in (ANN, BEN)])
        desk.capture.close()
    assert ends[0] == ends[1]


class TestTurns:
    """The library's thread goes first: what came in is taken over in a quiet moment, or after two seconds."""

    def test_while_more_comes_in_the_worker_waits_but_not_for_ever(self, desk: Desk) -> None:
        waited = 0
        for part in range(300):
            desk.hear(events.message(ANN, f"part {part}"))
            desk.capture.work(desk.clock.now())
            if desk.capture.facts(NOW).messages:
                break
            waited += 1
            desk.clock.set(desk.clock.now() + timedelta(milliseconds=10))
        assert waited == 200

    def test_in_a_quiet_moment_it_takes_over(self, desk: Desk) -> None:
        desk.hear(events.message(ANN, "Tea?"))
        due = desk.capture.work(desk.clock.now())
        assert due is not None
        assert desk.capture.facts(NOW).messages == 0
        desk.clock.set(due)
        desk.capture.work(due)
        assert desk.texts(ANN) == ["Tea?"]

    def test_it_is_woken_once_for_all_that_comes_before_it_looks(self, desk: Desk) -> None:
        desk.hear(*(events.message(ANN, "x") for _ in range(5)))
        assert desk.woken == 1
        desk.take(events.message(ANN, "y"))
        desk.hear(events.message(ANN, "z"))
        assert desk.woken == 2


class TestSafety:
    def test_killed_before_it_was_taken_over_it_is_taken_over_then(self, desk: Desk) -> None:
        desk.hear(events.message(ANN, "Tea?"))
        desk.killed()
        desk.take()
        assert desk.texts(ANN) == ["Tea?"]

    def test_while_the_ledger_does_not_take_a_receipt_nothing_is_passed_over(self, desk: Desk) -> None:
        desk.trouble = LedgerError("There is no room left.")
        desk.hear(events.receipt(ANN, "3EB0A"), events.message(ANN, "Tea?"))
        with pytest.raises(LedgerError):
            desk.capture.step(NOW)
        desk.trouble = None
        desk.take()
        assert [each.message_ids for each in desk.receipts] == [("3EB0A",)]
        assert desk.texts(ANN) == ["Tea?"]

    def test_an_event_that_cannot_be_understood_stops_nobody_and_is_a_gap(self, desk: Desk) -> None:
        assert desk.capture.heard("MessageEv", b"\xff\xff no protobuf")
        assert desk.capture.heard("ReceiptEv", b"\xff\xff")
        desk.take(events.message(ANN, "bad id", id_="with a blank"), events.message(ANN, "Tea?"))
        assert desk.texts(ANN) == ["Tea?"]
        assert desk.reasons() == ["not-understood"]

    def test_what_cannot_be_decrypted_is_told_and_what_comes_again_too(self, desk: Desk) -> None:
        desk.take(events.undecryptable(ANN_LID, "3EB0A"), events.message(ANN_LID, "now", id_="3EB0A"))
        assert [(each.message_id, each.readable) for each in desk.arrivals] == [("3EB0A", False), ("3EB0A", True)]

    def test_what_is_older_than_it_is_kept_goes(self, desk: Desk) -> None:
        desk.take(events.message(ANN, "old", at=in_(hours=-31 * 24)), events.message(ANN, "new"))
        assert desk.texts(ANN) == ["new"]

    def test_the_journal_does_not_grow_while_it_is_read(self, desk: Desk) -> None:
        for _ in range(3):
            desk.take(*(events.message(ANN, "x") for _ in range(5)))
        desk.killed()
        desk.take(events.message(ANN, "y"))
        assert len(list((desk.folder / "journal").glob("*.journal"))) == 1

    def test_a_damaged_file_is_set_aside_and_what_the_journal_still_has_is_read_again(self, desk: Desk) -> None:
        desk.take(events.message(ANN, "Tea?"))
        desk.capture.close()
        for each in desk.folder.glob("captured.db*"):
            each.write_bytes(b"no database at all" * 100)
        desk.capture = desk._open()
        assert desk.reasons() == ["set-aside"]
        desk.take(events.message(ANN, "Coffee?"))
        assert desk.texts(ANN) == ["Tea?", "Coffee?"]
        assert list(desk.folder.glob("captured.db.damaged-*"))

    def test_the_file_is_private(self, desk: Desk) -> None:
        assert (desk.folder / "captured.db").stat().st_mode & 0o777 == 0o600


class TestGaps:
    def test_killed_while_it_was_connected_is_a_gap(self, desk: Desk) -> None:
        desk.capture.link_changed(link_status(Link.CONNECTED))
        desk.clock.set(in_(20))
        desk.take()
        desk.clock.set(in_(50))
        desk.killed()
        (gap,) = desk.capture.facts(NOW).gaps
        assert gap == (in_(20), in_(50), "killed")

    @pytest.mark.parametrize("state", [Link.STANDBY, Link.RECONNECTING])
    def test_killed_while_nothing_could_come_in_is_none(self, desk: Desk, state: Link) -> None:
        desk.capture.link_changed(link_status(Link.CONNECTED))
        desk.capture.link_changed(link_status(state))
        desk.killed()
        assert desk.reasons() == []

    def test_leaving_in_good_order_is_none(self, desk: Desk) -> None:
        desk.capture.link_changed(link_status(Link.CONNECTED))
        desk.capture.close()
        desk.capture = desk._open()
        assert desk.reasons() == []

    @pytest.mark.parametrize(
        ("happens", "reason"),
        [
            (lambda capture: capture.lost(), "library"),
            (lambda capture: capture.link_changed(link_status(Link.LOGGED_OUT)), "unlinked"),
            (lambda capture: capture.link_changed(link_status(Link.REPLACED)), "replaced"),
        ],
    )
    def test_it_lasts_until_the_link_is_back(self, desk: Desk, happens: Callable[[Capture], None], reason: str) -> None:
        desk.capture.link_changed(link_status(Link.CONNECTED))
        happens(desk.capture)
        (gap,) = desk.capture.facts(NOW).gaps
        assert (gap.until, gap.reason) == (None, reason)
        desk.clock.set(in_(90))
        desk.capture.link_changed(link_status(Link.CONNECTED))
        (gap,) = desk.capture.facts(NOW).gaps
        assert gap.until == in_(90)

    def test_before_it_was_ever_linked_nothing_can_be_missed(self, desk: Desk) -> None:
        desk.capture.link_changed(link_status(Link.UNLINKED))
        assert desk.reasons() == []

    def test_what_stays_unreadable_is_one_after_an_hour(self, desk: Desk) -> None:
        assert list(desk.capture.facts(NOW, in_(-3599)).gaps) == []
        (gap,) = desk.capture.facts(NOW, in_(-3601)).gaps
        assert (gap.since, gap.reason) == (in_(-3601), "unreadable")


class TestPhone:
    """Our own phone is device 0 of our own account."""

    @staticmethod
    def connect(desk: Desk) -> None:
        desk.capture.link_changed(link_status(Link.CONNECTED))

    def pass_days(self, desk: Desk, days: float) -> Link:
        desk.clock.set(in_(days=days))
        desk.take()
        desk.capture.link_changed(desk.link.status())  # as the link would
        return desk.link.state

    @pytest.mark.parametrize(
        "sign",
        [
            lambda at: events.message(ANN, "typed on it", from_me=True, at=at),
            lambda at: events.message(ANN, from_me=True, category="peer", at=at, protocolMessage=HISTORY),
            lambda at: events.receipt(ANN, "3EB0A", kind=5, sender=events.OWN_LID, from_me=True, at=at),
        ],
        ids=["a message", "a word to its devices", "a chat it read"],
    )  # fmt: skip
    def test_twelve_days_after_its_last_sign_it_is_silent_until_the_next(
        self, desk: Desk, sign: Callable[[datetime], Any]
    ) -> None:
        self.connect(desk)
        desk.take(sign(in_(days=5)))
        assert self.pass_days(desk, 16.9) is Link.CONNECTED
        assert self.pass_days(desk, 17) is Link.PHONE_SILENT
        desk.take(sign(in_(days=17)))
        assert desk.link.state is Link.CONNECTED

    def test_another_device_of_the_account_is_no_sign_of_it(self, desk: Desk) -> None:
        self.connect(desk)
        desk.take(events.message(ANN, "typed in a browser", from_me=True, device=7, at=in_(days=5)))
        assert self.pass_days(desk, 12) is Link.PHONE_SILENT

    def test_a_scan_is_one(self, desk: Desk) -> None:
        self.connect(desk)
        desk.clock.set(in_(days=6))
        for state in (Link.PAIRING, Link.CONNECTING, Link.CONNECTED):
            desk.capture.link_changed(link_status(state))
        assert self.pass_days(desk, 17.9) is Link.CONNECTED
        assert self.pass_days(desk, 18) is Link.PHONE_SILENT

    def test_it_is_known_after_a_restart(self, desk: Desk) -> None:
        self.connect(desk)
        desk.killed()
        self.connect(desk)
        assert self.pass_days(desk, 12) is Link.PHONE_SILENT

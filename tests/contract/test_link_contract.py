"""What every Link keeps to: the tests' fake, and the real one (neonize in a child process, linked to the simulator)."""

import hashlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from session_host.link import Arrival, Ears, KnowsChats, NoCode, Reason, Receipt, ReceiptKind, SendFailed
from session_host.link import Link as AnyLink
from session_host.link_machine import Kind
from session_host.outgoing import Outgoing
from shared.model.address import Address
from shared.model.content import Media
from shared.model.link import SENTENCES, Link, LinkStatus
from simulator.control import Control
from simulator.models import FaultRule
from tests.cast_media import png
from tests.fakes.link import FakeLink
from tests.flow.real_link import RealLink, running_link
from tests.flow.simulated import running_simulator

ADA = Address.from_stored("447700900123")
NOBODY = Address.from_stored("447700900199")
PIXEL = png(1, 1)
PICTURE = Media(kind="image", media=hashlib.sha256(PIXEL).hexdigest(), mime="image/png", size=len(PIXEL))


T = TypeVar("T")


class World(Protocol):
    """The side of WhatsApp that a test plays: the phone, the line, the other people."""

    number: str

    @property
    def link(self) -> AnyLink:
        """What is tested."""

    def scan(self) -> None:
        """The phone scans the code that the link shows."""

    def types(self, code: str) -> None:
        """This code is typed into the phone."""

    def unlink(self) -> None:
        """The phone unlinks this device."""

    def break_line(self) -> None:
        """The connection breaks; the server is still there."""

    def refuse_next(self, code: int) -> None:
        """The server refuses the next message with this code."""

    def refuse_next_upload(self) -> None:
        """The media server does not take the next file."""

    def received(self) -> list[str]:
        """What Ada's phone has."""

    def reads(self) -> None:
        """Ada's phone has got everything, and she reads it."""

    def writes(self, *, damaged: bool = False) -> str:
        """Ada writes to this account, damaged: on its first way; the message's id."""

    def names(self, name: str) -> None:
        """The owner calls Ada so on the phone."""


class FakeWorld:
    def __init__(self) -> None:
        self.number = "447700900001"
        self.link = self._fake = FakeLink()
        self._fake.unregistered.add(NOBODY.user)

    def scan(self) -> None:
        self._fake.phone_scans(self.number)

    def types(self, code: str) -> None:
        shown = self._fake.pairing()
        assert shown is not None
        assert shown.code == code
        self._fake.phone_scans(self.number)

    def unlink(self) -> None:
        self._fake.tell(Kind.LOGGED_OUT)

    def break_line(self) -> None:
        self._fake.tell(Kind.DISCONNECTED)
        self._fake.tell(Kind.CONNECTED)

    def refuse_next(self, code: int) -> None:
        self._fake.fail_next(f"server returned error {code}")

    def refuse_next_upload(self) -> None:
        self._fake.upload_failures.append("upload failed with status code 500")

    def received(self) -> list[str]:
        return [text for _, text in self._fake.sent]

    def reads(self) -> None:
        for number, _ in enumerate(self._fake.sent, start=1):
            for kind in ReceiptKind:
                self._fake.receipt(f"3EB0{number:018X}", kind)

    def writes(self, *, damaged: bool = False) -> str:
        id_ = f"3EB0{next(MESSAGES)}"
        for readable in (False, True) if damaged else (True,):
            self._fake.arrival(id_, ADA.jid, readable=readable)
        return id_

    def names(self, name: str) -> None:
        self._fake.given[ADA.jid] = name


class RealWorld:
    def __init__(self, control: Control, link: RealLink, number: str) -> None:
        self.link = link
        self.number = number
        self._control = control

    def scan(self) -> None:
        pairing = self.link.pairing()
        assert pairing is not None
        self._control.scan(pairing.qr, self.number)

    def types(self, code: str) -> None:
        self._control.type_link_code(code, self.number)

    def unlink(self) -> None:
        self._control.log_out(self.number)

    def break_line(self) -> None:
        self._control.break_connections()

    def refuse_next(self, code: int) -> None:
        self._control.add_fault(FaultRule(action="nack", code=code))

    def refuse_next_upload(self) -> None:
        self._control.add_fault(FaultRule(stanza="upload", action="nack", code=500))

    def received(self) -> list[str]:
        return [item.text for item in self._control.inbox(ADA.user) if item.from_ == self.number]

    def reads(self) -> None:
        self._control.read(ADA.user)

    def writes(self, *, damaged: bool = False) -> str:
        if damaged:
            self._control.add_fault(FaultRule(stanza="delivery", action="garble"))
        return self._control.send(ADA.user, "Hello back", to=self.number).id

    def names(self, name: str) -> None:
        self._control.put_name(ADA.user, name, account=self.number)


class Heard:
    """What a link's listeners heard, to be waited for."""

    def __init__(self, link: AnyLink) -> None:
        self.statuses: list[LinkStatus] = []
        self.receipts: list[Receipt] = []
        self.arrivals: list[Arrival] = []
        self._changed = threading.Condition()
        link.listen(Ears(self._note(self.receipts), self._note(self.statuses), self._note(self.arrivals)))

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Blocks until it holds; fails the test where it does not within half a minute."""
        with self._changed:
            assert self._changed.wait_for(holds, 30), f"never {what}; there were {self.statuses}, {self.receipts}"

    def _note(self, kept: list[T]) -> Callable[[T], None]:
        def note(value: T) -> None:
            with self._changed:
                kept.append(value)
                self._changed.notify_all()

        return note


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Control]]:
    folder = tmp_path_factory.mktemp("whatsapp")
    with running_simulator(folder) as control:
        control.put_contact(ADA.user, "Ada", delivered_after_ms=0, read_after_ms=None)
        yield folder, control


ACCOUNTS = itertools.count(447700900001)
MESSAGES = itertools.count(1)


@pytest.fixture(params=["fake", "real"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    folder, control = request.getfixturevalue("simulator")
    number = str(next(ACCOUNTS))
    with running_link(folder, f"host-{number}") as link:
        yield RealWorld(control, link, number)
        link.stop(10)


@pytest.fixture
def heard(world: World) -> Heard:
    return Heard(world.link)


@pytest.fixture
def linked(world: World, heard: Heard) -> World:
    world.link.start()
    becomes(world, heard, Link.PAIRING)
    world.scan()
    becomes(world, heard, Link.CONNECTED)
    return world


def becomes(world: World, heard: Heard, state: Link) -> LinkStatus:
    heard.until(lambda: heard.statuses and heard.statuses[-1].state is state, f"became {state}")
    return world.link.status()


def has_heard(heard: Heard, kind: ReceiptKind) -> bool:
    return any(told.kind is kind for told in heard.receipts)


def refused(world: World, to: Address = ADA, text: str = "Hello") -> SendFailed:
    with pytest.raises(SendFailed) as raised:
        world.link.send(to, Outgoing(text))
    return raised.value


def nothing_goes(world: World) -> bool:
    """A send fails at once: certainly nothing was delivered, and it is worth another try later."""
    failed = refused(world)
    return (failed.certain, failed.permanent, failed.reason) == (True, False, Reason.NOT_CONNECTED)


def test_before_the_start_there_is_a_status_and_nothing_goes(world: World) -> None:
    assert world.link.status().state is Link.STARTING
    assert not world.link.status().sends
    assert nothing_goes(world)
    assert (world.link.own_number(), world.link.pairing(), world.link.is_registered(ADA)) == (None, None, None)
    for asked in (world.link.logout, world.link.given_names):
        with pytest.raises(SendFailed):
            asked()


def test_an_unlinked_account_shows_a_code_until_a_phone_scans_it(world: World, heard: Heard) -> None:
    world.link.start()
    status = becomes(world, heard, Link.PAIRING)
    assert (world.link.own_number(), status.sends) == (None, False)
    pairing = world.link.pairing()
    assert pairing is not None
    assert 50 < (pairing.expires_at - status.since).total_seconds() < 70
    assert nothing_goes(world)
    world.scan()
    becomes(world, heard, Link.CONNECTED)
    assert (world.link.own_number(), world.link.pairing()) == (world.number, None)
    states = [told.state for told in heard.statuses]
    assert states[:4] == [Link.CONNECTING, Link.PAIRING, Link.CONNECTING, Link.CONNECTED]
    assert all((told.sentence, told.action) == SENTENCES[told.state] for told in heard.statuses)
    assert sorted(heard.statuses, key=lambda told: told.since) == heard.statuses


def test_a_code_typed_into_the_phone_links_it_and_again_after_a_log_out(world: World, heard: Heard) -> None:
    for _ in range(2):
        pairing = world.link.pair_by_code(Address.from_stored(world.number))
        status = world.link.status()
        assert (status.state, world.link.pairing(), world.link.own_number()) == (Link.PAIRING, pairing, None)
        assert (pairing.expires_at - status.since).total_seconds() > 120
        assert pairing.code is not None
        world.types(pairing.code)
        becomes(world, heard, Link.CONNECTED)
        assert (world.link.own_number(), world.link.pairing()) == (world.number, None)
        world.link.send(ADA, Outgoing("Hello"))
        world.link.logout()
        assert world.link.own_number() is None
    assert world.received() == ["Hello", "Hello"]


def test_a_linked_account_is_given_no_code_to_type(linked: World) -> None:
    with pytest.raises(NoCode, match="linked already"):
        linked.link.pair_by_code(Address.from_stored(linked.number))
    linked.link.send(ADA, Outgoing("Hello"))


def test_starting_again_does_nothing_while_there_is_a_connection(linked: World, heard: Heard) -> None:
    linked.link.start()
    linked.link.start()
    linked.link.send(ADA, Outgoing("Hello"))
    assert heard.statuses[-1].sends


TEXTS = [
    "Hello",
    "Grüße 👋🏽\nzweite Zeile\t",
    "@447700900555 at @123456789@g.us https://example.com",
    " ",
    "x" * 20_000,
]


def test_a_text_arrives_exactly_as_it_was_given_and_once(linked: World) -> None:
    ids = [linked.link.send(ADA, Outgoing(text)).message_id for text in TEXTS]
    assert linked.received() == TEXTS
    assert len(set(ids)) == len(TEXTS)
    assert all(ids)


def test_several_callers_send_one_after_the_other(linked: World) -> None:
    sent: list[str] = []
    callers = [
        threading.Thread(
            target=lambda text=f"text {number}": sent.append(linked.link.send(ADA, Outgoing(text)).message_id)
        )
        for number in range(8)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert sorted(linked.received()) == [f"text {number}" for number in range(8)]
    assert len(set(sent)) == 8


def test_receipts_tell_by_id_that_it_was_delivered_and_read(linked: World, heard: Heard) -> None:
    sent = linked.link.send(ADA, Outgoing("Hello")).message_id
    linked.reads()
    for kind in (ReceiptKind.DELIVERED, ReceiptKind.READ):
        heard.until(partial(has_heard, heard, kind), f"heard that it was {kind}")
    assert {told.message_ids for told in heard.receipts} == {(sent,)}
    assert all(told.at.utcoffset() is not None for told in heard.receipts)


def test_what_arrives_is_told_by_its_id(linked: World, heard: Heard) -> None:
    id_ = linked.writes()
    heard.until(lambda: told_of(heard, id_), "heard of the message")
    (arrival,) = told_of(heard, id_)
    assert arrival.readable
    assert abs(arrival.at - heard.statuses[-1].since) < timedelta(minutes=2)


def test_what_cannot_be_read_is_told_and_told_again_once_it_can(linked: World, heard: Heard) -> None:
    linked.writes()
    id_ = linked.writes(damaged=True)
    heard.until(lambda: [each.readable for each in told_of(heard, id_)] == [False, True], "heard of both")


def told_of(heard: Heard, id_: str) -> list[Arrival]:
    return [told for told in heard.arrivals if told.message_id == id_]


def test_at_rest_it_stays_away_until_it_is_started(linked: World, heard: Heard) -> None:
    linked.link.rest()
    becomes(linked, heard, Link.STANDBY)
    assert nothing_goes(linked)
    assert linked.link.pairing() is None
    linked.link.rest()
    linked.link.start()
    becomes(linked, heard, Link.CONNECTED)
    linked.link.send(ADA, Outgoing("back"))
    assert linked.received() == ["back"]


def test_made_ready_it_says_nothing_to_whatsapp_before_the_start(world: World, heard: Heard) -> None:
    world.link.prepare()
    world.link.rest()
    becomes(world, heard, Link.STANDBY)
    assert (world.link.own_number(), world.link.pairing()) == (None, None)
    world.link.start()
    becomes(world, heard, Link.PAIRING)


def test_a_receipt_names_its_chat_as_the_link_knows_it(linked: World, heard: Heard) -> None:
    link = linked.link
    assert isinstance(link, KnowsChats)
    link.send(ADA, Outgoing("Hello"))
    linked.reads()
    heard.until(partial(has_heard, heard, ReceiptKind.READ), "heard that it was read")
    chats = {told.chat for told in heard.receipts}
    assert chats == {link.chat_of(ADA)}
    assert str(chats.pop()).endswith("@lid")


def test_a_number_without_an_account_is_known_before_and_after(linked: World) -> None:
    assert linked.link.is_registered(ADA) is True
    assert linked.link.is_registered(NOBODY) is False
    failed = refused(linked, NOBODY)
    assert (failed.certain, failed.permanent, failed.reason) == (True, True, Reason.NO_ACCOUNT)


@pytest.mark.parametrize("address", ["120363000000000000@g.us", "123456789012345@lid"])
def test_only_of_a_number_it_is_known_whether_it_is_registered(linked: World, address: str) -> None:
    assert linked.link.is_registered(Address.from_stored(address)) is None


def test_a_text_that_is_no_text_goes_nowhere_and_is_not_repeated(linked: World) -> None:
    failed = refused(linked, text="broken \ud800 secret")
    assert (failed.certain, failed.permanent, failed.reason) == (True, True, Reason.BAD_TEXT)
    assert "secret" not in str(failed)
    assert linked.received() == []


@pytest.mark.parametrize(
    ("code", "permanent", "reason"),
    [(479, True, Reason.REFUSED), (463, True, Reason.STRANGERS_LOCKED), (429, False, Reason.SLOW_DOWN)],
)
def test_a_refusal_of_the_server_is_certain(linked: World, code: int, permanent: bool, reason: Reason) -> None:
    linked.refuse_next(code)
    failed = refused(linked)
    assert (failed.certain, failed.permanent, failed.reason) == (True, permanent, reason)
    linked.link.send(ADA, Outgoing("the next one goes"))
    assert linked.received() == ["the next one goes"]


def test_a_file_that_was_not_uploaded_was_certainly_not_sent_and_goes_with_the_next_try(linked: World) -> None:
    what = Outgoing("Look", PICTURE, None, lambda _: PIXEL)
    for attempt in (linked.link.make_ready, lambda what: linked.link.send(ADA, what)):
        linked.refuse_next_upload()
        with pytest.raises(SendFailed) as raised:
            attempt(what)
        failed = raised.value
        assert (failed.certain, failed.permanent, failed.reason) == (True, False, Reason.NOT_UPLOADED)
    assert linked.received() == []
    linked.link.make_ready(what)
    linked.link.send(ADA, what)
    assert linked.received() == ["Look"]


def test_a_group_it_is_not_in_takes_nothing(linked: World) -> None:
    assert linked.link.groups() == ()
    failed = refused(linked, Address.from_stored("120363999999999999@g.us"))
    assert (failed.certain, failed.permanent, failed.reason) == (True, True, Reason.NOT_IN_GROUP)


def test_the_names_that_the_phone_gives_people_are_known_and_a_rename_too(linked: World) -> None:
    for name in ("Ada Lovelace 👋", "Aunt Ada"):
        linked.names(name)
        deadline = time.monotonic() + 30
        while (known := linked.link.given_names()) != {ADA.jid: name}:
            assert time.monotonic() < deadline, known
            time.sleep(0.05)


def test_a_broken_line_comes_back_by_itself(linked: World, heard: Heard) -> None:
    linked.break_line()
    heard.until(lambda: Link.RECONNECTING in [told.state for told in heard.statuses], "noticed")
    heard.until(lambda: heard.statuses[-1].sends, "came back")
    linked.link.send(ADA, Outgoing("still here"))
    assert linked.received() == ["still here"]


def test_a_phone_that_unlinks_is_noticed_and_links_again_without_a_restart(linked: World, heard: Heard) -> None:
    linked.unlink()
    becomes(linked, heard, Link.LOGGED_OUT)
    assert nothing_goes(linked)
    assert linked.link.own_number() is None
    linked.link.pairing()
    becomes(linked, heard, Link.PAIRING)
    linked.scan()
    becomes(linked, heard, Link.CONNECTED)
    linked.link.send(ADA, Outgoing("again"))
    assert linked.received() == ["again"]


def test_a_log_out_from_here_leaves_nothing_linked(linked: World, heard: Heard) -> None:
    linked.link.logout()
    assert linked.link.status().state is Link.UNLINKED
    assert linked.link.own_number() is None
    assert nothing_goes(linked)
    with pytest.raises(SendFailed):
        linked.link.logout()
    linked.link.pairing()
    becomes(linked, heard, Link.PAIRING)


def test_after_a_stop_nothing_goes_and_nothing_starts(linked: World) -> None:
    linked.link.stop(10)
    assert linked.link.status().state is Link.STOPPED
    assert nothing_goes(linked)
    assert linked.link.is_registered(ADA) is None
    linked.link.start()
    linked.link.stop(10)
    assert linked.link.status().state is Link.STOPPED


def test_a_code_is_no_hindrance_to_stopping(world: World, heard: Heard) -> None:
    world.link.start()
    becomes(world, heard, Link.PAIRING)
    world.link.stop(10)
    assert (world.link.status().state, world.link.pairing()) == (Link.STOPPED, None)

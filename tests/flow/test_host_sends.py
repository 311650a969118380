"""Through the send API of a real host: a file and an edit arrive as they were asked for; 463 stops strangers only."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.linking import Terminal
from session_host import send_errors
from shared.clock import SYSTEM
from shared.model.content import About, Act, Media
from shared.model.message import Message, Status
from shared.model.wire import NewMessage
from simulator.control import Control
from simulator.facts import File
from simulator.models import FaultRule
from tests.cast import ALICE, BOB, EVE
from tests.cast_media import png
from tests.flow.host_process import HostProcess, running_host
from tests.flow.simulated import OWNER, running_simulator

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Control]]:
    folder = tmp_path_factory.mktemp("account")
    with running_simulator(folder) as simulator:
        for person in (ALICE, BOB, EVE):
            simulator.put_contact(person.number, name=person.name, delivered_after_ms=0, read_after_ms=None)
        yield folder, simulator


@pytest.fixture(scope="module")
def host(control: tuple[Path, Control]) -> Iterator[HostProcess]:
    folder, simulator = control
    with running_host(
        folder, simulator, PACE="on", PACE_GAP_SECONDS="0", PACE_JITTER_SECONDS="0", PACE_QUIET="off"
    ) as running:
        yield running


def send(host: HostProcess, new: NewMessage) -> Message:
    return Message.model_validate(host.client.send(new, wait_seconds=60))


def test_a_picture_arrives_byte_by_byte_and_its_caption_can_be_edited(
    host: HostProcess, control: tuple[Path, Control]
) -> None:
    data = png(30, 20)
    stored = host.client.store_media(data, "image/png", "tea.png")
    fields = stored.model_dump(exclude_none=True)
    sent = send(host, NewMessage(to=ALICE.number, text="Look", attachment=Media(kind="image", **fields)))
    assert (sent.status, sent.delivery.error) == (Status.SENT, None)
    (item,) = [each for each in control[1].inbox(ALICE.number) if each.id == sent.delivery.message_id]
    assert (item.kind, item.text) == ("image", "Look")
    assert item.file == File(mimetype="image/png", size=len(data), sha256=stored.media, width=30, height=20)
    assert control[1].media(stored.media) == data
    edit = About(act=Act.EDIT, message_id=item.id, from_me=True)
    assert send(host, NewMessage(to=ALICE.number, text="Look here", about=edit)).status is Status.SENT
    edited = control[1].inbox(ALICE.number)[-1]
    assert (edited.kind, edited.text, edited.target) == ("edit", "Look here", item.id)

    def captured() -> bool:
        mine = [each for each in host.chat(ALICE.number) if each["id"] == item.id]
        return [(each["kind"], each["text"], each["fromMe"]) for each in mine] == [("image", "Look here", True)]

    host.until(captured)


def test_who_writes_first_is_not_written_to(host: HostProcess, control: tuple[Path, Control]) -> None:
    now = SYSTEM.now()
    follow_up = NewMessage(
        to=ALICE.number,
        text="Any news?",
        send_at=now + timedelta(seconds=4),
        cancel_if_they_write_after=now - timedelta(seconds=1.5),
    )
    waits = Message.model_validate(host.client.send(follow_up))
    control[1].send(ALICE.number, "Here is the news")

    def called_off() -> bool:
        found = Message.model_validate(host.client.message(waits.id))
        assert found.status is not Status.SENT
        return found.status is Status.CANCELLED and found.delivery.they_wrote_at is not None

    host.until(called_off, 60)
    assert "Any news?" not in [each.text for each in control[1].inbox(ALICE.number)]


def test_463_holds_first_messages_to_strangers_and_known_chats_go_on(
    host: HostProcess, control: tuple[Path, Control]
) -> None:
    assert send(host, NewMessage(to=ALICE.number, text="We know one another")).status is Status.SENT
    control[1].add_fault(FaultRule(action="nack", code=463))
    refused = send(host, NewMessage(to=BOB.number, text="Hello"))
    assert (refused.status, refused.delivery.error) == (Status.FAILED, send_errors.NO_NEW_PEOPLE)
    waits = Message.model_validate(host.client.send(NewMessage(to=EVE.number, text="Hello")))

    def held() -> bool:
        reason = Message.model_validate(host.client.message(waits.id)).delivery.held_reason
        return reason is not None and "no new people" in reason

    host.until(held, 60)
    assert send(host, NewMessage(to=ALICE.number, text="Still here")).status is Status.SENT
    assert control[1].inbox(EVE.number) == []
    assert control[1].inbox(BOB.number) == []


def test_logged_out_it_is_linked_again_from_a_terminal_by_code_and_by_qr(
    host: HostProcess, control: tuple[Path, Control], capsys: pytest.CaptureFixture[str]
) -> None:
    shown: dict[str, Any] = {}
    for phone in (f"+{OWNER}", None):
        assert host.client.logout()["status"]["state"] == "unlinked"
        terminal = threading.Thread(target=Terminal(host.client, SYSTEM).link, args=(phone,))
        terminal.start()
        printed = [""]

        def drawn(phone: str | None = phone, printed: list[str] = printed) -> bool:
            shown.update(host.client.link()["pairing"] or {})
            printed[0] += capsys.readouterr().out
            return "█" in printed[0] if phone is None else bool(shown.get("code")) and shown["code"] in printed[0]

        host.until(drawn, 60)
        if phone is None:
            control[1].scan(shown["qr"], OWNER)
        else:
            control[1].type_link_code(shown["code"], OWNER)
            assert "█" not in printed[0]
        terminal.join(60)
        assert "Linked as +44 7700 900000" in capsys.readouterr().out
    assert send(host, NewMessage(to=ALICE.number, text="Back again")).status is Status.SENT
    log = (host.folder / "host.log").read_text()
    assert shown["qr"] not in log

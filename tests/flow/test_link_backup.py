"""A day-old backup of the link on a new server, with the real client: it sends, it receives, and what stays unreadable
is named; and while the old host lives, the copy stays off WhatsApp."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import wa
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder
from session_host import link_seal
from shared.host_client import HostClient, HostError
from shared.model.wire import Handover, item_of
from shared.store.oplog import Writer
from simulator import redirect
from simulator.control import Control
from simulator.models import FaultRule, Happening
from tests.builders import message
from tests.cast import ALICE, BOB, CHARLIE, OWNER, Person

pytestmark = pytest.mark.slow

PASSPHRASE = "six words that nobody guesses"


class Account:
    """One simulated account with its bucket and the servers on which its session host has lived."""

    def __init__(self, folder: Path, supervisor: Supervisor) -> None:
        self.folder, self._supervisor = folder, supervisor
        file, recipient = link_seal.new_identity(PASSPHRASE)
        self.identity = folder / "link-backup.key"
        self.identity.write_bytes(file)
        self._settings = {"STORAGE_DIR": str(folder / "bucket"), "LINK_BACKUP_RECIPIENT": recipient}
        self.first = self.server("first")
        self.control: Control = self.first.start_simulator()
        for person in (ALICE, BOB, CHARLIE):
            self.control.put_contact(person.number, name=person.name, delivered_after_ms=0, read_after_ms=None)

    def server(self, name: str) -> SimulatedStack:
        """A server with a data folder of its own; all share bucket and simulator."""
        stack = SimulatedStack(self._supervisor, Folder(self.folder / name), self._settings)
        redirect.mark(stack.host_folder)
        if name != "first":
            stack.environment["SIMULATOR_READY_FILE"] = self.first.environment["SIMULATOR_READY_FILE"]
        return stack

    def wa(self, stack: SimulatedStack, *arguments: str, answers: str = "") -> Result:
        """The command line on that server."""
        return CliRunner(env=stack.environment).invoke(wa, ["link", *arguments], input=answers)

    def restore(self, stack: SimulatedStack, *arguments: str, answers: str = "") -> Result:
        return self.wa(
            stack, "restore", "--identity", str(self.identity), *arguments, answers=f"{PASSPHRASE}\n{answers}"
        )

    def send(self, stack: SimulatedStack, host: HostClient, to: Person, *texts: str) -> None:
        """The host sends these texts, and the contact decrypts each of them, once."""
        writer, now = Writer(stack.bucket(), "web"), datetime.now(UTC)
        name = writer.reserve()
        messages = [message(to, text=text, send_at=now, version=name) for text in texts]
        writer.append(name, now, messages=messages)
        host.handover(Handover(by="web", now=now, items=tuple(item_of(each) for each in messages)))

        def decrypted() -> bool:
            return sorted(each.text for each in self.control.inbox(to.number) if each.text in texts) == sorted(texts)

        until(decrypted, f"{to.name} has {texts}")

    def receive(self, person: Person, text: str) -> None:
        """A contact writes, and the host's device confirms that it could read it."""
        self.read(self.control.send(person.number, text, to=OWNER.number).id)

    def read(self, message_id: str) -> None:
        def confirmed(event: Happening) -> bool:
            return event.detail["id"] == message_id and event.detail["type"] != "retry"

        self.control.wait_for("receipt-received", seconds=30, match=confirmed)

    def connections(self) -> list[int]:
        """How many of the account's devices are connected."""
        return self.control.state().accounts[0].connected


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    with Supervisor() as supervisor:
        yield Account(tmp_path, supervisor)


def until(holds: Callable[[], bool], what: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if holds():
                return
        except HostError:
            pass
        threading.Event().wait(0.1)
    raise AssertionError(f"It never came to pass that {what}.")


def state(host: HostClient) -> str:
    return str(host.link()["status"]["state"])


def stop(account: Account, stack: SimulatedStack) -> None:
    """In good order, as systemd does it."""
    for child in account._supervisor.children:
        if child.name == "host" and str(stack.folder.root) in str(child.log):
            child.ask_to_end()
            child.wait(20)
            account._supervisor.crash(child)


def test_a_day_old_copy_on_a_new_server_sends_and_receives_and_names_what_it_cannot_read(account: Account) -> None:
    first = account.first
    host = first.start_host()
    link(host, account.control, OWNER.number, OWNER.name)
    account.send(first, host, ALICE, "before 1", "before 2")
    account.receive(ALICE, "hello")
    account.receive(BOB, "hello from Bob")

    until(lambda: host.health()["linkBackup"]["last"] is not None, "the host has taken one by itself")
    assert "link backup" not in host.health()["trouble"]

    taken: list[Result] = []
    backing_up = threading.Thread(target=lambda: taken.append(account.wa(first, "backup")))
    backing_up.start()
    account.send(first, host, ALICE, *(f"meanwhile {number}" for number in range(20)))
    backing_up.join()
    assert taken[0].exit_code == 0, taken[0].output
    assert taken[0].output.startswith("backup/link/")

    # The day: Alice only reads, Bob answers, and with Charlie a conversation begins. An old copy that went on with its
    # conversations would write to Alice with keys that were used since, and her phone would drop it in silence.
    account.send(first, host, ALICE, *(f"day {number}" for number in range(5)))
    account.send(first, host, BOB, "day, Bob")
    account.receive(BOB, "an answer")
    account.send(first, host, BOB, "day, Bob, again")
    account.receive(CHARLIE, "hello, I am new")
    account.send(first, host, CHARLIE, "welcome")
    stop(account, first)
    waiting = [account.control.send(each.number, "are you there?", to=OWNER.number).id for each in (BOB, CHARLIE)]
    account.control.send_from_phone(CHARLIE.number, "typed on the phone")
    shutil.move(first.host_folder, account.folder / "lost")

    second = account.server("second")
    done = account.restore(second)
    assert done.exit_code == 0, done.output
    assert f"…{OWNER.number[-4:]}" in done.output
    assert OWNER.number not in done.output

    host = second.start_host()
    until(lambda: state(host) == "connected", "the new host is connected")
    account.send(second, host, ALICE, "from the new server 1", "from the new server 2")
    account.send(second, host, BOB, "from the new server, Bob")
    account.send(second, host, CHARLIE, "from the new server, Charlie")
    for message_id in waiting:
        account.read(message_id)
    account.receive(ALICE, "I am")
    account.receive(CHARLIE, "so am I")
    account.send(second, host, ALICE, "good")

    until(lambda: host.health()["undecryptable"]["count"] == 0, "all of it was sent again, by the own phone too")

    account.control.add_fault(FaultRule(stanza="receipt", action="drop", times=None))  # nobody is asked
    account.control.add_fault(FaultRule(stanza="delivery", action="garble"))
    account.control.send(ALICE.number, "never to be read", to=OWNER.number)
    until(lambda: host.health()["undecryptable"]["count"] == 1, "what nobody sends again stays unreadable")
    (named,) = host.link()["undecryptable"]["newest"]
    assert named["chat"].startswith("…")
    assert datetime.now(UTC) - datetime.fromisoformat(named["at"]) < timedelta(minutes=10)


def test_a_copy_stays_off_whatsapp_while_the_old_host_lives_and_follows_it_when_it_leaves(account: Account) -> None:
    old = account.first
    old_host = old.start_host()
    link(old_host, account.control, OWNER.number, OWNER.name)
    assert account.wa(old, "backup").exit_code == 0

    new = account.server("second")
    refused = account.restore(new)
    assert refused.exit_code == 1
    assert "The old session host lives" in refused.output
    assert not (new.host_folder / "link" / "link.db").exists()

    forced = account.restore(new, "--old-host-is-gone", answers="y\n")
    assert forced.exit_code == 0, forced.output
    new_host = new.start_host()
    until(lambda: state(new_host) == "standby", "the copy stands by")
    account.send(old, old_host, ALICE, "the old host still sends")
    assert state(old_host) == "connected"
    assert new_host.health()["other"]["host"] == old_host.health()["host"]

    stop(account, old)
    until(lambda: state(new_host) == "connected", "the copy follows")
    account.send(new, new_host, ALICE, "and now the new one")

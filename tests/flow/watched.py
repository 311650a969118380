"""A real link and what it told, to be waited for: for tests that play faults to it and look at what becomes of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from session_host.link import Arrival, Ears, Reason, Receipt, ReceiptKind, SendFailed, Sent
from session_host.outgoing import Outgoing
from shared.model.address import Address
from shared.model.link import Link, LinkStatus
from simulator.control import Control
from tests.flow.real_link import RealLink, running_link
from tests.flow.simulated import OWNER, running_simulator

ADA = Address.from_stored("447700900123")
LONG = 60.0


class Watched:
    """A link with what it told."""

    def __init__(self, link: RealLink) -> None:
        self.link = link
        self.statuses: list[LinkStatus] = []
        self.receipts: list[Receipt] = []
        self.arrivals: list[Arrival] = []
        self.losses = 0
        self._changed = threading.Condition()
        self._looked_at = 0
        link.listen(Ears(self._receipt, self._status, self._arrival, lost=self._lost))

    def becomes(self, *states: Link, seconds: float = LONG) -> LinkStatus:
        """The next status with one of these states, after the one that was waited for last; fails where none comes."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                for status in self.statuses[self._looked_at :]:
                    self._looked_at += 1
                    if status.state in states:
                        return status
                assert self._changed.wait(deadline - time.monotonic()), (
                    f"never became {states}: {[(told.state, told.detail) for told in self.statuses]}"
                )

    def hears(self, holds: Callable[["Watched"], bool], seconds: float = LONG) -> None:
        """Returns once this holds of what it has heard; fails where it does not come to hold."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self), seconds), f"{self.arrivals}\n{self.receipts}"

    def delivered(self, message_id: str) -> bool:
        """Whether the recipient's phone has told that it has this message."""
        kinds = (receipt.kind for receipt in self.receipts if message_id in receipt.message_ids)
        return ReceiptKind.DELIVERED in kinds

    def arrived(self, message_id: str) -> int:
        """How often a message came to this device, readable."""
        return sum(each.message_id == message_id and each.readable for each in self.arrivals)

    def states(self) -> list[Link]:
        """Its states so far, without those it was in to catch up."""
        states = [status.state for status in self.statuses if status.state is not Link.CATCHING_UP]
        return [state for state, before in zip(states, [None, *states], strict=False) if state is not before]

    def connect(self, control: Control, number: str = OWNER) -> "Watched":
        """Start, and scan the code where one is shown."""
        self.link.start()
        if self.becomes(Link.PAIRING, Link.CONNECTED).state is Link.PAIRING:
            self.scan(control, number)
        return self

    def scan(self, control: Control, number: str = OWNER) -> None:
        """The phone scans the code that is shown."""
        pairing = self.link.pairing()
        assert pairing is not None
        control.scan(pairing.qr, number)
        self.becomes(Link.CONNECTED)

    def leave(self) -> None:
        """The process is told to end, and does."""
        assert self.link.process.stdin is not None
        self.link.process.stdin.close()
        self.link.process.wait(30)

    def send(self, text: str = "Hello") -> Sent | SendFailed:
        """A text to Ada, and what became of it."""
        try:
            return self.link.send(ADA, Outgoing(text))
        except SendFailed as failed:
            return failed

    def begin(self, text: str) -> Callable[[], Sent | SendFailed]:
        """A text to Ada on a thread of its own; called, the result waits for what became of it."""
        outcome: list[Sent | SendFailed] = []
        sending = threading.Thread(target=lambda: outcome.append(self.send(text)), daemon=True)
        sending.start()

        def ended() -> Sent | SendFailed:
            sending.join(140)
            assert outcome, f"The send of {text!r} never came back."
            return outcome[0]

        return ended

    def _status(self, status: LinkStatus) -> None:
        with self._changed:
            self.statuses.append(status)
            self._changed.notify_all()

    def _receipt(self, receipt: Receipt) -> None:
        with self._changed:
            self.receipts.append(receipt)
            self._changed.notify_all()

    def _lost(self) -> None:
        with self._changed:
            self.losses += 1
            self._changed.notify_all()

    def _arrival(self, arrival: Arrival) -> None:
        with self._changed:
            self.arrivals.append(arrival)
            self._changed.notify_all()


@contextmanager
def watched(folder: Path, session: str = "host") -> Iterator[Watched]:
    """A link for the simulator in `folder`, not started."""
    with running_link(folder, session) as link:
        yield Watched(link)


@contextmanager
def whatsapp(folder: Path, *options: str) -> Iterator[Control]:
    """A simulator with Ada, whose phone tells at once what it got."""
    with running_simulator(folder, *options) as control:
        control.put_contact(ADA.user, "Ada", delivered_after_ms=0, read_after_ms=None)
        yield control


@contextmanager
def connected(folder: Path) -> Iterator[tuple[Control, Watched]]:
    """A simulator and a link that is connected to it; a session on disk needs no scan."""
    with whatsapp(folder) as control, watched(folder) as host:
        yield control, host.connect(control)


def held(outcome: Sent | SendFailed) -> bool:
    """Nothing was begun: certain, and worth another try."""
    assert isinstance(outcome, SendFailed), outcome
    return outcome.certain and not outcome.permanent and outcome.reason is Reason.NOT_CONNECTED


def in_doubt(outcome: Sent | SendFailed) -> bool:
    """It may have been delivered."""
    return isinstance(outcome, SendFailed) and not outcome.certain

"""Follows messages through their stages, seen from the bucket, the session host and the simulated phones."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shared.clock import SYSTEM
from shared.host_client import HostClient, HostError, HostRefused
from shared.model.lifecycle import State
from shared.model.message import Message
from shared.store.view import View
from simulator.control import Control

POLL_SECONDS = 0.1


class Stage(StrEnum):
    """What happens to a message, in order."""

    STORED = "stored"
    FOLDED = "folded"
    HANDED_OVER = "handed over"
    CLAIMED = "claimed"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"


class StageMissing(Exception):
    """A message did not reach a stage in time, or went wrong; says which stage."""

    def __init__(self, sentence: str, stage: Stage) -> None:
        super().__init__(sentence)
        self.stage = stage


@dataclass
class Journey:
    """One message on its way; `began` is when it was set out, for the contact may have had the same text before."""

    id: str
    label: str
    to: str
    text: str
    began: datetime = field(default_factory=SYSTEM.now)
    seen: dict[Stage, datetime] = field(default_factory=dict)
    message: Message | None = None

    @property
    def next_stage(self) -> Stage | None:
        """The first stage not reached yet."""
        return next((stage for stage in Stage if stage not in self.seen), None)


class Follower:
    """Looks at the same message from every side; `tell` gets a line for each stage that is new."""

    def __init__(self, view: View, host: HostClient, control: Control, tell: Callable[[str], None]) -> None:
        self._view, self._host, self._control, self._tell = view, host, control, tell
        self.stop = threading.Event()

    def follow(self, journeys: Iterable[Journey], until: Stage, seconds: float) -> None:
        """Look again and again until every journey has reached `until`. Raises StageMissing after `seconds`."""
        journeys = list(journeys)
        end = SYSTEM.monotonic() + seconds
        while (behind := [each for each in journeys if until not in each.seen]) and not self.stop.is_set():
            for journey in behind:
                self._look(journey)
            if SYSTEM.monotonic() > end:
                raise _missing(behind[0])
            SYSTEM.wait(self.stop, POLL_SECONDS)

    def lateness(self, journey: Journey) -> timedelta:
        """From its second to the moment the contact had decrypted it. Raises StageMissing unless that was exactly
        once since the journey began: by the text and not by WhatsApp's id, for a second copy would have another."""
        message = _known(journey)
        inbox = self._control.inbox(journey.to)
        times = [each.received_at for each in inbox if each.text == journey.text and each.received_at >= journey.began]
        if len(times) != 1:
            raise StageMissing(
                f"{journey.label}: the contact decrypted it {len(times)} times, not once", Stage.DELIVERED
            )
        return times[0] - message.send_at

    def _look(self, journey: Journey) -> None:
        now = SYSTEM.now()
        stored = self._view.read(now).messages.get(journey.id)
        if stored is None:
            return
        journey.message = stored
        self._reach(journey, Stage.STORED, f"due {stored.send_at:%H:%M:%S}Z")
        if stored.confirmed:
            self._reach(journey, Stage.FOLDED, "in scheduled.json")
        known = self._ask(journey.id)
        delivery = known.delivery if known else stored.delivery
        if delivery.state in (State.FAILED, State.MISSED, State.UNKNOWN):
            raise StageMissing(
                f"{journey.label} ended {delivery.state}: {delivery.error}", journey.next_stage or Stage.READ
            )
        if delivery.handed_over_by:
            self._reach(journey, Stage.HANDED_OVER, f"by {delivery.handed_over_by}")
        if stored.delivery.claim:
            self._reach(journey, Stage.CLAIMED, f"by {stored.delivery.claim.host}")
        if delivery.sent_at and delivery.begun_at:
            late = (delivery.begun_at - stored.send_at) / timedelta(milliseconds=1)
            took = (delivery.sent_at - delivery.begun_at) / timedelta(milliseconds=1)
            self._reach(journey, Stage.SENT, f"begun {late:.0f} ms after its second, acknowledged in {took:.0f} ms")
        if delivery.delivered_at:
            self._reach(
                journey,
                Stage.DELIVERED,
                f"{self.lateness(journey) / timedelta(milliseconds=1):.0f} ms after its second",
            )
        if delivery.read_at:
            self._reach(journey, Stage.READ, "")
        journey.message = known or stored

    def _ask(self, message_id: str) -> Message | None:
        """What the host says of it; None while the host has not been handed it."""
        try:
            return Message.model_validate(self._host.message(message_id))
        except HostRefused as refused:
            if refused.status == 404:
                return None
            raise
        except HostError as error:
            raise StageMissing(str(error), Stage.HANDED_OVER) from error

    def _reach(self, journey: Journey, stage: Stage, detail: str) -> None:
        if stage in journey.seen:
            return
        now = SYSTEM.now()
        journey.seen[stage] = now
        self._tell(f"{now:%H:%M:%S.%f}"[:-3] + f"  {journey.label:<10} {stage:<12} {detail}".rstrip())


def _known(journey: Journey) -> Message:
    if journey.message is None:
        raise StageMissing(f"{journey.label} was never stored", Stage.STORED)
    return journey.message


def _missing(journey: Journey) -> StageMissing:
    stage = journey.next_stage or Stage.READ
    delivery = journey.message.delivery if journey.message else None
    held = f" It is held: {delivery.held_reason}." if delivery and delivery.held_reason else ""
    return StageMissing(f"{journey.label} did not get as far as '{stage}' in time.{held}", stage)

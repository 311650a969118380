"""The tick: each minute, read scheduled.json, and hand what is due to the session host. It sends nothing and writes
no queue.

It is right when it runs twice, late, or beside another one: the host accepts by (id, revision). It always posts, also
when nothing is due, for the post is the heartbeat both ways. When something is wrong (shared/model/alarm.py) it raises,
after all that can be handed over was, so that the function's own error count is an alarm from outside the VPS.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field

from shared.host_client import HostClient, HostError, HostRefused
from shared.model import alarm
from shared.model.due import due, overdue
from shared.model.link import LinkStatus
from shared.model.message import Message, Status
from shared.model.values import Instant, Value
from shared.model.wire import MAX_BATCH, Handover, HandoverAnswer, Outcome, item_of
from shared.settings import AlertSettings, HostAddress, StorageMode, StorageSettings, TickSettings
from shared.store.errors import AccessDenied, StoreError, Unreadable
from shared.store.opening import open_bucket
from shared.store.pulse import read_host
from shared.store.view import Projections, View

from .alert import Alert
from .incidents import Incidents

log = logging.getLogger("tick")


UNFOLDED = timedelta(minutes=2)
"""A host whose last fold is older than this may not know what is overdue."""

NOT_LET_IN = (401, 403)
"""How a host answers a token it does not know, or that may not do this."""


class Report(Value):
    """What one tick did, for its log line and for people who call it by hand."""

    now: Instant
    picked: int
    outcomes: dict[Outcome, int] = Field(default_factory=dict)
    refused: dict[str, str] = Field(default_factory=dict)
    overdue: int = 0
    link: LinkStatus | None = None
    host: str | None = None


class TickFailed(Exception):
    """Something is wrong; the message says what, and what is overdue because of it. `report`: what was handed over all
    the same, None where the host could not be told."""

    def __init__(self, sentence: str, report: Report | None = None) -> None:
        super().__init__(sentence)
        self.report = report


class HandedOver(NamedTuple):
    """How a handover went, before anybody is told. `report`: None where the host could not be told. `key_refused`:
    bucket or host did not take the key it was shown."""

    now: datetime
    report: Report | None
    facts: alarm.Facts
    key_refused: bool

    @property
    def wrong(self) -> str:
        """What is wrong, for people; empty where all is well."""
        return alarm.troubles(alarm.findings(self.facts))


class Tick:
    """One function instance: keeps the bucket client and the parsed scheduled.json while it is warm."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Raises SettingsError when the environment is wrong."""
        self._horizon = timedelta(seconds=TickSettings.read(environment).horizon_seconds)
        storage = StorageSettings.read(environment)
        account = _account(storage)
        self._bucket = open_bucket(storage, hurried=True)
        self._projections = Projections(self._bucket, only_open=True)
        self._view = View(self._bucket, self._projections)
        self._host = HostClient(HostAddress.read(environment))
        self._alert = Alert(AlertSettings.read(environment), account, storage.prefix)
        self._incidents = Incidents(self._bucket, account)
        self._dark = self._key_refused = False

    def run(self, now: datetime) -> Report:
        """Hand over what is due by now + horizon, then look whether all is well. Raises TickFailed when it is not."""
        return self.conclude(self.hand_over(now))

    def hand_over(self, now: datetime) -> HandedOver:
        """Hand over what is due and look whether all is well; nobody is alarmed yet."""
        self._dark = self._key_refused = False
        messages, unreadable, bucket = self._messages()
        picked = due(messages, now, self._horizon)
        report, why = None, f"scheduled.json could not be read: {bucket}" if bucket else None
        facts = alarm.Facts(bucket=why, unreadable=unreadable)
        try:
            answers = [self._host.handover(each) for each in _handovers(now, picked)]
        except HostError as error:
            self._key_refused |= isinstance(error, HostRefused) and error.status in NOT_LET_IN
            facts = self._unasked(facts, str(error), now)
        else:
            report = _report(now, picked, answers)
            facts = self._asked(facts.evolve(refused=_refused(answers)), answers[-1], now)
        return HandedOver(now, report, facts, self._key_refused)

    def conclude(self, done: HandedOver) -> Report:
        """Tell the owner what is wrong and what no longer is. Raises TickFailed where anything is."""
        self._tell(done.facts, done.now)
        report, wrong = done.report, done.wrong
        if report is None or wrong:
            told = report.as_json() if report else {}
            log.info(json.dumps({"event": "tick-failed", "reason": wrong, **told}))
            raise TickFailed(wrong, report)
        return report

    def _messages(self) -> tuple[list[Message], tuple[str, ...], StoreError | None]:
        """What scheduled.json holds, and what of it cannot be read; nothing, and why, where all of it cannot: the host
        still hears of the cron."""
        try:
            scheduled = self._projections.scheduled()
        except StoreError as error:
            self._darken(error)
            return [], (), error
        return list(scheduled.records.values()), tuple(self._projections.about_broken(scheduled)), None

    def _darken(self, error: StoreError) -> None:
        """A bucket that does not answer is not waited for again in this tick, or the time left were gone."""
        self._dark = self._dark or not isinstance(error, Unreadable)
        self._key_refused |= isinstance(error, AccessDenied)

    def _asked(self, facts: alarm.Facts, answer: HandoverAnswer, now: datetime) -> alarm.Facts:
        """What is known once the host has answered, and the bucket has been asked for the host's pulse.

        A host that does not fold, for it has yet to lead or cannot write, knows nothing of what the log holds.
        """
        facts = facts.evolve(answer=answer)
        if facts.bucket:
            return facts
        try:
            pulse = read_host(self._bucket)
        except StoreError as error:
            self._darken(error)
            return facts.evolve(bucket=f"The host's pulse could not be read: {error}")
        if answer.last_fold is None or answer.now - answer.last_fold > UNFOLDED:
            facts = self._count_overdue(facts, now)
        return facts.evolve(pulse=alarm.Pulse(host=pulse.host, at=pulse.at) if pulse else None)

    def _unasked(self, facts: alarm.Facts, reason: str, now: datetime) -> alarm.Facts:
        """What is known where the host has not answered: what is overdue, counting also what was not folded yet."""
        facts = facts.evolve(host=reason)
        return facts if facts.bucket else self._count_overdue(facts, now)

    def _count_overdue(self, facts: alarm.Facts, now: datetime) -> alarm.Facts:
        try:
            late = overdue(self._view.read(now).messages.values(), now)
        except StoreError as error:
            self._darken(error)
            return facts.evolve(bucket=f"What is overdue is not known, the log could not be read: {error}")
        return facts.evolve(overdue=len(late))

    def _tell(self, facts: alarm.Facts, now: datetime) -> None:
        """Open, notice and end incidents."""
        decision = alarm.decide(facts, self._incidents.read(dark=self._dark), now)
        arrived = [notice for notice in decision.notices if self._alert.tell(notice, now)]
        self._incidents.write(alarm.after(decision, arrived, now))


def _account(storage: StorageSettings) -> str:
    """A short name for this very account, the same wherever its tick runs: ids of its notices end with it."""
    place = (
        storage.directory.absolute() if storage.mode is StorageMode.LOCAL else f"{storage.endpoint} {storage.bucket}"
    )
    return hashlib.sha256(f"{place} {storage.prefix}".encode()).hexdigest()[:12]


def _handovers(now: datetime, picked: list[Message]) -> list[Handover]:
    batches = [picked[start : start + MAX_BATCH] for start in range(0, len(picked), MAX_BATCH)] or [[]]
    return [Handover(by="tick", now=now, items=tuple(item_of(each) for each in batch)) for batch in batches]


def _refused(answers: list[HandoverAnswer]) -> dict[str, str]:
    """What the host does not take and has not ended either, so that it may wait for ever."""
    items = (item for answer in answers for item in answer.items)
    return {
        item.id: item.reason or "It says no more."
        for item in items
        if item.outcome is Outcome.REFUSED and item.status is not Status.FAILED
    }


def _report(now: datetime, picked: list[Message], answers: list[HandoverAnswer]) -> Report:
    items = [item for answer in answers for item in answer.items]
    outcomes = {outcome: count for outcome in Outcome if (count := sum(item.outcome is outcome for item in items))}
    refused = {item.id: item.reason or "refused" for item in items if item.outcome is Outcome.REFUSED}
    last = answers[-1]
    return Report(
        now=now,
        picked=len(picked),
        outcomes=outcomes,
        refused=refused,
        overdue=last.overdue,
        link=last.link,
        host=last.host,
    )

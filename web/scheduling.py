"""Writing what the owner decides about messages: each decision is one operation in the log, then the host is told."""

import json
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from shared.clock import Clock
from shared.model.lifecycle import State
from shared.model.message import Message, Verdict
from shared.store.oplog import Writer
from shared.store.view import View
from web.draft import CONTENT, Draft, soon
from web.edits_kept import EditsKept
from web.forms_kept import FormsKept
from web.local import LocalState
from web.repeats import place
from web.telling import Telling, Told

BESIDES = ("about",)
"""What a message may hold that the form does not change."""

_PICKED = (*CONTENT, *BESIDES, "cancel_if_they_write_after", "cancelled")


class Saved(NamedTuple):
    """What was written, what the host said about it, and whether it had been saved by an earlier click already."""

    message: Message
    told: Told
    again: bool = False


class Changed(Exception):
    """The message is no longer what the form was made from; `newest` is what it is now, `wanted` what an undo would
    have made of it."""

    def __init__(self, newest: Message, wanted: Message | None = None) -> None:
        super().__init__("The message was changed meanwhile.")
        self.newest = newest
        self.wanted = wanted


class TooLate(Exception):
    """It has begun or ended, so nothing about it can be decided any more; or only its time has `passed`."""

    def __init__(self, message_id: str, *, passed: bool = False) -> None:
        super().__init__(message_id)
        self.passed = passed


class Settled(StrEnum):
    """What a person says of a message that ended badly: what became of it, or that they are done with it."""

    ARRIVED = "arrived"
    NOT_ARRIVED = "not-arrived"
    LET_GO = "let-go"


class Scheduling:
    """The one place where this page writes messages. Raises StoreError when the storage did not take it."""

    def __init__(self, writer: Writer, view: View, telling: Telling, state: LocalState, clock: Clock) -> None:
        self._writer, self._view, self._telling, self._clock = writer, view, telling, clock
        self._forms, self._edits = FormsKept(state), EditsKept(state, clock)

    def schedule(self, draft: Draft, form_id: str, *, now: bool = False) -> Saved:
        """A new message. The same form saved twice is one message; the same form with other words is another.

        `now`: its time is that of the click, so two clicks are one message whatever their times. A form that sends a
        message again (`<id>~<n>`) is one message, whatever its words.
        """
        at = self._clock.now()
        if place(form_id).number and (known := self._view.read(at).messages.get(form_id)):
            return Saved(known, Told(False), again=True)
        version = self._writer.reserve()
        said = draft.as_json() | ({"sendAt": "now", "wallTime": "now"} if now else {})
        content, once = json.dumps(said, sort_keys=True), bool(place(form_id).number)
        claim = self._forms.claim(form_id, content, version, at, new_id(at), once=once)
        if claim.stored and (known := self._view.read(at).messages.get(claim.id)):
            return Saved(known, Told(False), again=True)
        carried = {**self._carried(form_id, at), **draft.condition(at)}
        message = Message(**claim.head(version, at), **carried, **draft.content)
        saved = self._write(message, at)
        self._forms.stored(claim.id)
        return saved

    def _carried(self, form_id: str, now: datetime) -> dict[str, Any]:
        """What a message that is sent again takes along, besides what the form shows."""
        if not place(form_id).number:
            return {}
        known = self._view.read(now).messages.get(place(form_id).base)
        return {name: getattr(known, name) for name in BESIDES} if known else {}

    def change(self, message_id: str, seen: str, draft: Draft) -> Saved:
        """Edit it, from version `seen` on; a cancelled one is scheduled again. Raises KeyError, Changed, TooLate."""
        condition = draft.condition(self._clock.now(), self._newest(message_id))
        return self._decide(message_id, seen, {**draft.content, **condition, "cancelled": False}, undoable=True)

    def hasten(self, message_id: str, seen: str, zone: str) -> Saved:
        """Let it leave as soon as that can still be taken back, from version `seen` on. zone: of one that has none.
        Raises KeyError, Changed, TooLate."""
        known = self._newest(message_id)
        content = soon(self._clock.now(), known.zone or zone)
        if known.version != seen and not known.cancelled and known.send_at <= content["send_at"]:
            return Saved(known, Told(False), again=True)
        return self._decide(message_id, seen, {**content, "cancelled": False}, undoable=True)

    def undo_change(self, message_id: str, version: str) -> Saved:
        """Take the edit `version` back, as an edit of its own. Raises KeyError where the message or what it was before
        is not known here, Changed where it was changed since, TooLate."""
        known, before = self._newest(message_id), self._edits.find(Message, message_id, version)
        if before is None:
            raise KeyError(version)
        content = {name: getattr(before, name) for name in _PICKED}
        if not known.delivery.state.open:
            raise TooLate(message_id)
        if known.version == version:
            return self._decide(message_id, version, content, undoable=True)
        wanted = known.evolve(**content)
        if wanted == known:
            return Saved(known, Told(False), again=True)
        raise Changed(known, wanted)

    def cancel(self, message_id: str) -> Saved:
        """Ask that it is not sent; whatever version is the newest. Raises KeyError, TooLate."""
        return self._decide(message_id, None, {"cancelled": True})

    def restore(self, message_id: str) -> Saved:
        """Undo a cancel while its time is still to come. Raises KeyError, TooLate."""
        return self._decide(message_id, None, {"cancelled": False})

    def settle(self, message_id: str, settled: Settled | None) -> Saved:
        """What a person says of a message that ended badly; None takes it back. Raises KeyError, TooLate: not so."""
        message, now = self._newest(message_id), self._clock.now()
        content: dict[str, Any]
        if message.delivery.state is State.UNKNOWN and settled is not Settled.LET_GO:
            content = {"verdict": Verdict(settled) if settled else None}
        elif message.delivery.state in (State.FAILED, State.MISSED) and settled in (Settled.LET_GO, None):
            content = {"cancelled": settled is not None}
        else:
            raise TooLate(message_id)
        if all(getattr(message, name) == value for name, value in content.items()):
            return Saved(message, Told(False), again=True)
        return self._write(message.edited(self._writer.reserve(), settles=True, **content), now)

    def pick(self, message_id: str, version: str) -> Saved:
        """Of several versions, the one that counts. Raises KeyError (also for a version that is none), TooLate."""
        message = self._newest(message_id)
        head = next((each for each in message.heads() if each.version == version), None)
        if head is None:
            raise KeyError(version)
        content = {name: getattr(head, name) for name in _PICKED}
        return self._decide(message_id, None, content, settles=True)

    def _decide(
        self,
        message_id: str,
        seen: str | None,
        content: dict[str, Any],
        *,
        settles: bool = False,
        undoable: bool = False,
    ) -> Saved:
        message = self._newest(message_id)
        now = self._clock.now()
        if not message.delivery.state.open:
            raise TooLate(message_id)
        if seen is not None and seen != message.version:
            raise Changed(message)
        if content.get("cancelled", message.cancelled) == message.cancelled and set(content) == {"cancelled"}:
            return Saved(message, Told(False), again=True)
        if not content.get("cancelled", message.cancelled) and content.get("send_at", message.send_at) <= now:
            raise TooLate(message_id, passed=True)
        edited = message.edited(self._writer.reserve(), settles=settles, **content)
        if undoable:
            self._edits.keep(message, edited.version)  # first: without it what is written now could not be taken back
        return self._write(edited, now)

    def _newest(self, message_id: str) -> Message:
        return self._view.read(self._clock.now()).messages[message_id]

    def _write(self, message: Message, now: datetime) -> Saved:
        self._view.remember(self._writer.append(message.version, now, messages=[message]))
        return Saved(message, self._telling.tell([message]))


def new_id(now: datetime) -> str:
    """A fresh message id that sorts by the time it was made."""
    return f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(5)}"

"""A message as its form describes it, read and checked: what was typed stays beside the error."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from shared.model.content import MAX_TEXT, About, Attachment, Media, label, misfit
from shared.model.message import IfLate, LatePolicy, Message
from shared.model.series import Series
from shared.model.values import Instant, Value
from web import attaching, dates, texts, told, when
from web import fields as text_fields
from web.dates import BadTime
from web.groups import NONE, Groups
from web.recipients import Candidate, Unresolved, resolve
from web.search import ContactIndex

FIELDS = (
    *("to", "picked", "text", "attached", "send_as", "when", "when_echoed", "date", "time", "zone"),
    *("if_late", "late_hours", "unless_they_write"),
)
KEPT = "kept"
"""In `attached`: what the message has and the form does not change, a place or a contact card."""

FARTHEST = timedelta(days=3653)
UNDONE_WITHIN = timedelta(seconds=5)
"""How long what is sent now waits, so that it can be undone."""


class Draft(Value):
    """What is to be sent, to whom and when; `send_at` is what `wall_time` means in `zone`."""

    to: str
    contact_name: str | None
    text: str
    send_at: Instant
    wall_time: str
    zone: str
    if_late: IfLate = IfLate()
    attachment: Attachment | None = None
    cancel_if_they_write: bool = False

    @property
    def content(self) -> dict[str, Any]:
        """The fields of a Message it fills, but for its condition."""
        return {name: getattr(self, name) for name in CONTENT}

    def condition(self, now: datetime, known: Message | None = None) -> dict[str, Any]:
        """The field of a Message that says since when they must not have written: since this was first chosen for it.

        WhatsApp's times are whole seconds, so what came in the very second in which it was chosen was there before.
        """
        since = (known and known.cancel_if_they_write_after) or now.replace(microsecond=0)
        return {"cancel_if_they_write_after": since if self.cancel_if_they_write else None}


CONTENT = tuple(name for name in Draft.model_fields if name != "cancel_if_they_write")


class Filled(NamedTuple):
    """A form as it was filled in: the draft where everything is right, else a sentence for each field that is not."""

    typed: dict[str, str]
    errors: dict[str, str]
    candidates: tuple[Candidate, ...] = ()
    draft: Draft | None = None
    attachment: Attachment | None = None


def read(
    form: Mapping[str, str],
    index: ContactIndex,
    now: datetime,
    *,
    zone: str,
    country: str,
    fills: bool = True,
    begun: bool = False,
    attachment: Attachment | None = None,
    about: About | None = None,
    groups: Groups = NONE,
) -> Filled:
    """The form's fields as a draft; `zone` and `country` are the owner's, for what the form leaves out.

    `fills`: fields in the text are filled for the person it is for, and an empty one is an error.
    `begun`: it is a series that may have begun, so its time may have passed.
    `attachment`: what the form has attached, as it was found. `about`: what no form changes.
    `groups`: whose names count in the To field as those of people do.
    """
    typed = {name: form.get(name, "") for name in FIELDS}
    typed["text"] = typed["text"].replace("\r\n", "\n").replace("\r", "\n")
    errors: dict[str, str] = {}
    fields: dict[str, Any] = {"text": typed["text"], "attachment": attachment}
    fields["cancel_if_they_write"] = typed["unless_they_write"] != ""
    candidates: tuple[Candidate, ...] = ()
    try:
        recipient = resolve(typed["to"], typed["picked"], index, country, groups)
        fields |= {"to": str(recipient.address), "contact_name": recipient.name}
    except Unresolved as error:
        errors["to"], candidates = str(error), error.candidates
    else:
        if fills:
            known = index.by_number(recipient.address.user)
            fields["text"] = text_fields.filled_for(typed["text"], known, str(recipient.address), errors)
    if attachment is None and about is None:
        if problem := _text_problem(typed["text"]):
            errors["text"] = problem
    elif found := misfit(str(fields.get("to", "")), fields["text"], attachment, about):
        errors.setdefault("text" if found[0] == "message" else "file", told.translated(found[1]))
    if (moment := _moment(typed, now, zone, errors, begun=begun)) is not None:
        fields |= moment
    if (late := _if_late(typed, errors)) is not None:
        fields["if_late"] = late
    return Filled(typed, errors, candidates, None if errors else Draft(**fields), attachment)


def of_message(message: Message, zone: str) -> dict[str, str]:
    """The form's fields for editing a message."""
    place = message.zone or zone
    local = wall_meant(message) or dates.wall(message.send_at, place)
    name = message.contact_name or message.to
    return {
        "to": name,
        "picked": f"{message.to}|{name}",
        "text": text_fields.literal(message.text),
        **of_attachment(message.attachment),
        "beside": told.translated(label(None, message.about)),
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}",
        "zone": place,
        "if_late": message.if_late.policy.value,
        "late_hours": f"{message.if_late.hours:g}",
        "unless_they_write": "on" if message.cancel_if_they_write_after else "",
    }


def of_series(series: Series) -> dict[str, str]:
    """The form's fields for editing a series: its time is the one its rule begins at."""
    name, first = series.contact_name or series.to, series.first_wall
    return {
        "to": name,
        "picked": f"{series.to}|{name}",
        "text": text_fields.literal(series.text),
        **of_attachment(series.attachment),
        "date": f"{first:%Y-%m-%d}",
        "time": f"{first:%H:%M:%S}" if first.second else f"{first:%H:%M}",
        "zone": series.zone,
        "if_late": series.if_late.policy.value,
        "late_hours": f"{series.if_late.hours:g}",
        "unless_they_write": "on" if series.cancel_if_they_write else "",
    }


def of_attachment(attachment: Attachment | None) -> dict[str, str]:
    """The form's fields for what is attached: a file by its id."""
    attached = attachment.media if isinstance(attachment, Media) else KEPT if attachment is not None else ""
    return {"attached": attached, "send_as": attaching.wanted_for(attachment)}


def again_now(message: Message, now: datetime, zone: str) -> Draft:
    """The same message, to be sent now, whoever has written meanwhile."""
    place = message.zone or zone
    content = {name: getattr(message, name) for name in ("to", "contact_name", "text", "attachment", "if_late")}
    return leaving(Draft(**content, send_at=now, wall_time="", zone=place), now, place)


def leaving(draft: Draft, now: datetime, zone: str) -> Draft:
    """The same draft for the first whole second that leaves UNDONE_WITHIN from now."""
    return draft.evolve(**soon(now, zone))


def soon(now: datetime, zone: str) -> dict[str, Any]:
    """The content of a message that leaves in the first whole second UNDONE_WITHIN from now."""
    exact = now + UNDONE_WITHIN
    at = exact if not exact.microsecond else exact.replace(microsecond=0) + timedelta(seconds=1)
    return {"send_at": at, "wall_time": dates.wall(at, zone).isoformat(timespec="seconds"), "zone": zone}


def wall_meant(message: Message) -> datetime | None:
    """The wall time the person meant, while it still means this instant; None also for what was put there by hand and
    is no time, or in no zone."""
    if message.wall_time is None or message.zone is None:
        return None
    try:
        meant = datetime.fromisoformat(message.wall_time)
        return meant if dates.instant(meant, message.zone) == message.send_at else None
    except ValueError:
        return None


def empty(now: datetime, zone: str) -> dict[str, str]:
    """The form's fields for a new message: today, and no time, so that none is sent at a time nobody chose."""
    return {"date": f"{dates.wall(now, zone):%Y-%m-%d}", "zone": zone, "if_late": "within", "late_hours": "6"}


def on_day(typed: str) -> dict[str, str]:
    """The form's field for a day that was clicked, as 2026-11-27; nothing where it is no such date."""
    try:
        return {"date": date.fromisoformat(typed).isoformat()} if len(typed) == 10 else {}
    except ValueError:
        return {}


def read_time(form: Mapping[str, str], now: datetime, zone: str) -> tuple[datetime, str]:
    """The wall time and zone the form means. Raises BadTime for what is missing or makes no sense.

    The words in `when` count, unless `date` and `time` were filled from the same words already (`when_echoed`).
    """
    place = dates.zone_named(form.get("zone") or zone)
    if words := _in_words(form):
        return when.read(words, now, place)
    return datetime.combine(_date(form.get("date", "")), _time(form.get("time", ""))), place


def _in_words(form: Mapping[str, str]) -> str:
    """The words that count for the time; empty where date and time do."""
    words = form.get("when", "").strip()
    return "" if words == form.get("when_echoed", "").strip() else words


def _moment(
    typed: dict[str, str], now: datetime, zone: str, errors: dict[str, str], *, begun: bool
) -> dict[str, Any] | None:
    try:
        place = dates.zone_named(typed["zone"] or zone)
    except BadTime as error:
        errors["zone"] = str(error)
        return None
    try:
        wall, place = read_time(typed, now, place)
        send_at = dates.instant(wall, place)
    except BadTime as error:
        errors["when" if _in_words(typed) else error.field] = str(error)
        return None
    chosen = "when" if _in_words(typed) else "time"
    if send_at <= now and not begun:
        errors[chosen] = texts.IN_THE_PAST.format(ago=dates.relative(send_at, now, place))
    elif send_at > now + FARTHEST:
        errors["when" if _in_words(typed) else "date"] = texts.FAR_AWAY
    return {"send_at": send_at, "wall_time": wall.isoformat(timespec="seconds"), "zone": place}


def _date(typed: str) -> date:
    if not typed.strip():
        raise BadTime(texts.NO_DATE, "date")
    bad = BadTime(texts.BAD_DATE.format(typed=typed.strip()[:40]), "date")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", typed.strip(), flags=re.ASCII):
        raise bad
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        raise bad from None


def _time(typed: str) -> time:
    if not typed.strip():
        raise BadTime(texts.NO_TIME, "time")
    bad = BadTime(texts.BAD_TIME.format(typed=typed.strip()[:40]), "time")
    if not re.fullmatch(r"\d\d:\d\d(:\d\d)?", typed.strip(), flags=re.ASCII):
        raise bad
    try:
        return time.fromisoformat(typed.strip())
    except ValueError:
        raise bad from None


def _text_problem(text: str) -> str | None:
    if not text.strip():
        return texts.EMPTY_TEXT
    if len(text) > MAX_TEXT:
        return texts.LONG_TEXT.format(length=len(text), most=MAX_TEXT, over=len(text) - MAX_TEXT)
    return None


def _if_late(typed: dict[str, str], errors: dict[str, str]) -> IfLate | None:
    try:
        policy = LatePolicy(typed["if_late"] or LatePolicy.WITHIN)
    except ValueError:
        errors["if_late"] = texts.BAD_CHOICE
        return None
    if policy is not LatePolicy.WITHIN:
        return IfLate(policy=policy)
    hours = _number(typed["late_hours"] or "6")
    if hours is None or not 0.1 <= hours <= 720:
        errors["if_late"] = texts.BAD_HOURS
        return None
    return IfLate(policy=policy, hours=hours)


def _number(typed: str) -> float | None:
    try:
        return float(typed)
    except ValueError:
        return None

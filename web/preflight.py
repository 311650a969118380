"""What is looked at before a message leaves, as one list: a row for each check, with a word and what to do. Pure.

Only what makes sending impossible stops it; everything else is said, and let go.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

from shared.model import address
from shared.model.content import Attachment, Media
from shared.model.lifecycle import State
from shared.model.message import Message
from shared.model.occurrences import Occurrence
from shared.model.pace import Forecast
from shared.model.series import name_of
from shared.model.values import Instant
from web import asking, dates, texts, told
from web.groups import NONE, Groups, is_group
from web.host_watch import Reading
from web.language import counted

TIME_FIELDS = ("when", "date", "time", "zone")
NAMED = 3
"""How many people a sentence names before it counts the others."""
_MINUTE = timedelta(minutes=1)
_AND_MORE = counted("{names} and {count} more", "{names} and {count} more")


class Level(StrEnum):
    """How a check came out. OPEN: what it needs is not filled in yet."""

    GOOD = "good"
    LOOK = "look"
    STOPS = "stops"
    UNKNOWN = "unknown"
    OPEN = "open"

    @property
    def icon(self) -> str:
        return {"good": "check", "look": "alert", "stops": "cross", "unknown": "question", "open": "clock"}[self]

    @property
    def tone(self) -> str:
        return {"good": "good", "look": "waiting", "stops": "bad"}.get(self, "quiet")


class Row(NamedTuple):
    """One check. field: the form's field to mend; message_id: a message to look at; link: the page Link helps."""

    title: str
    word: str
    level: Level
    sentence: str
    field: str = ""
    message_id: str = ""
    link: bool = False


class For(NamedTuple):
    """One of those it is for: the address as messages store it, what to call them, their text with its fields filled,
    the fields for which nothing is known of them, and what is attached."""

    to: str
    name: str
    text: str = ""
    empty: tuple[str, ...] = ()
    attachment: Attachment | None = None


class Meant(NamedTuple):
    """What the form means so far. dates: when it would leave, for a series its next dates; errors: a sentence for each
    field that is not right; untouched: those of them that are empty because nobody has come to them yet; own: the id of
    the message or series that is edited."""

    people: tuple[For, ...] = ()
    dates: tuple[Occurrence, ...] = ()
    zone: str = "UTC"
    errors: Mapping[str, str] = {}
    untouched: AbstractSet[str] = frozenset()
    own: str = ""


class Known(NamedTuple):
    """What is known of the world. messages: all that is stored, None where it could not be read; reading: the host's
    word on itself; forecast: of the first message to the first person; queue: how several leave, empty where at once,
    None where it is not known; heard: addresses that have written to this account; groups: those this account is in."""

    now: Instant
    messages: Sequence[Message] | None = ()
    reading: Reading | None = None
    forecast: Forecast | None = None
    queue: str | None = ""
    heard: AbstractSet[str] = frozenset()
    groups: Groups = NONE


class Duplicate(NamedTuple):
    """A message that waits already for the same person: the same text and file, for the same minute, or both."""

    message: Message
    same_content: bool
    same_minute: bool


def check(meant: Meant, known: Known) -> list[Row]:
    """The whole list, always in the same order."""
    return [
        _fields(meant),
        _time(meant, known),
        _on_whatsapp(meant, known),
        _link(known.reading),
        _duplicates(meant, known),
        _quiet(meant, known),
        _pace(meant, known),
    ]


def summary(rows: Sequence[Row]) -> str:
    """The list in one sentence."""
    found = level(rows)
    if found in (Level.STOPS, Level.LOOK):
        count = sum(row.level is found for row in rows)
        return (texts.CHECK_STOPS if found is Level.STOPS else texts.CHECK_LOOKS)(count)
    return {Level.OPEN: texts.CHECK_OPEN, Level.UNKNOWN: texts.CHECK_UNKNOWN}.get(found, texts.CHECK_GOOD)


def level(rows: Iterable[Row]) -> Level:
    """The level that this sentence speaks of."""
    levels = {row.level for row in rows}
    return next((each for each in (Level.STOPS, Level.LOOK, Level.OPEN, Level.UNKNOWN) if each in levels), Level.GOOD)


def waiting_for(messages: Iterable[Message], own: str = "") -> dict[str, list[Message]]:
    """What is still to be sent, by its recipient, without the message `own` or the dates of the series `own`."""
    found: dict[str, list[Message]] = {}
    for message in messages:
        if message.delivery.state.open and not message.cancelled and not _is_own(message, own):
            found.setdefault(message.to, []).append(message)
    return found


def duplicate(
    waiting: Iterable[Message], text: str, at: Instant, attachment: Attachment | None = None, own: str = ""
) -> Duplicate | None:
    """The message among those that wait for a person that is most like this one: the very same first.

    own: the id of the message that is edited; the other dates of its series are meant to say the same.
    """
    content, series_id = (text, _file(attachment)), _series_of(own)
    looked_at = (
        Duplicate(
            each,
            any(content)
            and (each.text, _file(each.attachment)) == content
            and (not series_id or _series_of(each.id) != series_id),
            abs(each.send_at - at) < _MINUTE,
        )
        for each in waiting
    )
    return min(
        (each for each in looked_at if each.same_content or each.same_minute),
        key=lambda each: (not (each.same_content and each.same_minute), not each.same_content, each.message.send_at),
        default=None,
    )


def _file(attachment: Attachment | None) -> object:
    """What is the same for the same thing, whatever the file is called."""
    return (attachment.kind, attachment.media) if isinstance(attachment, Media) else attachment


def _series_of(message_id: str) -> str:
    """The series that this message is a date of; empty for any other."""
    name = name_of(message_id) if message_id else None
    return name.series_id if name else ""


def _is_own(message: Message, own: str) -> bool:
    if not own or not message.id.startswith(own):
        return False
    return message.id == own or _series_of(message.id) == own


def _fields(meant: Meant) -> Row:
    title = texts.CHECK_FIELDS
    wrong = {name: sentence for name, sentence in meant.errors.items() if name not in TIME_FIELDS}
    if wrong:
        untouched = meant.untouched >= wrong.keys()
        word, level = (texts.CHECK_TO_FILL, Level.OPEN) if untouched else (texts.CHECK_WRONG, Level.STOPS)
        return Row(title, word, level, " ".join(wrong.values()), field=next(iter(wrong)))
    lacking = [each for each in meant.people if each.empty]
    if lacking:
        names = dict.fromkeys(name for each in lacking for name in each.empty)
        sentence = texts.CHECK_EMPTY.format(fields=", ".join(names), names=_listed(lacking))
        return Row(title, texts.CHECK_LACKING, Level.LOOK, sentence, field="text")
    return Row(title, texts.CHECK_FILLED, Level.GOOD, texts.CHECK_FILLED_WHAT)


def _time(meant: Meant, known: Known) -> Row:
    title = texts.CHECK_TIME
    wrong = {name: sentence for name, sentence in meant.errors.items() if name in TIME_FIELDS}
    if wrong:
        untouched = meant.untouched >= wrong.keys()
        word, level = (texts.CHECK_TO_CHOOSE, Level.OPEN) if untouched else (texts.CHECK_WRONG, Level.STOPS)
        return Row(title, word, level, " ".join(wrong.values()), field=next(iter(wrong)))
    if not meant.dates:
        return Row(title, texts.CHECK_TO_CHOOSE, Level.OPEN, texts.CHECK_NO_TIME, field="when")
    for each in meant.dates:
        if note := dates.clock_change(each.wall, meant.zone):
            sentence = f"{dates.stamp(each.at, meant.zone)}: {note}"
            return Row(title, texts.CHECK_CLOCKS, Level.LOOK, sentence)
    when = dates.relative(meant.dates[0].at, known.now, meant.zone)
    return Row(title, texts.CHECK_TO_COME, Level.GOOD, texts.CHECK_TO_COME_WHAT.format(when=when))


def _on_whatsapp(meant: Meant, known: Known) -> Row:
    """Only what was seen is said: nobody is looked up, for WhatsApp takes many look-ups for spam."""
    title = texts.CHECK_WHATSAPP
    if not meant.people:
        return Row(title, texts.CHECK_LATER, Level.OPEN, texts.CHECK_NOBODY, field="to")
    found = _seen({each.to for each in meant.people}, known)
    stranger = known.forecast is None or known.forecast.stranger
    if not stranger and meant.people[0].to not in found:
        found[meant.people[0].to] = (Level.GOOD, texts.SEEN_BY_HOST)
    sorted_out = {level: [each for each in meant.people if _level(found, each) is level] for level in Level}
    if doubtful := sorted_out[Level.LOOK]:
        why = found[doubtful[0].to][1]
        sentence = why if len(meant.people) == 1 else f"{_listed(doubtful)}: {why}"
        return Row(title, texts.CHECK_DOUBTFUL, Level.LOOK, sentence, field="to")
    if unknown := sorted_out[Level.UNKNOWN]:
        sentence = found[unknown[0].to][1] if unknown[0].to in found else texts.SEEN_NEVER
        if len(meant.people) > 1:
            sentence = texts.SEEN_NEVER_SEVERAL.format(names=_listed(unknown))
        return Row(title, texts.CHECK_NOT_KNOWN, Level.UNKNOWN, sentence)
    sentence = found[meant.people[0].to][1] if len(meant.people) == 1 else texts.SEEN_ALL
    return Row(title, texts.CHECK_YES, Level.GOOD, sentence)


def _level(found: Mapping[str, tuple[Level, str]], person: For) -> Level:
    return found[person.to][0] if person.to in found else Level.UNKNOWN


def _seen(people: AbstractSet[str], known: Known) -> dict[str, tuple[Level, str]]:
    """What is known of these addresses: that a phone has confirmed, that they wrote, or how the last message failed."""
    found = dict.fromkeys(people & known.heard, (Level.GOOD, texts.SEEN_WRITING))
    groups = {each for each in people if is_group(each)}
    found |= {each: _seen_group(each, known.groups) for each in groups}
    newest: dict[str, Message] = {}
    for message in known.messages or ():
        if message.to in people - groups and not message.delivery.state.open:
            if message.delivery.delivered_at:
                found[message.to] = (Level.GOOD, texts.SEEN_DELIVERED)
            elif message.to not in newest or message.send_at > newest[message.to].send_at:
                newest[message.to] = message
    for to, message in newest.items():
        if to in found:
            continue
        if message.delivery.state is State.FAILED:
            found[to] = (
                Level.LOOK,
                texts.SEEN_FAILING.format(reason=told.translated(message.delivery.error or "") or texts.FAILED),
            )
        elif message.delivery.state is State.SENT:
            found[to] = (Level.UNKNOWN, texts.SEEN_UNCONFIRMED)
    return found


def _seen_group(to: str, groups: Groups) -> tuple[Level, str]:
    """Nobody in it is looked up: it is enough that this account is in the group."""
    if (group := groups.of(to)) is None:
        return (Level.LOOK, texts.SEEN_NOT_IN_GROUP) if groups.told else (Level.GOOD, texts.SEEN_GROUP)
    count = f"{group.participants:,}" if group.participants > 0 else ""
    return Level.GOOD, texts.SEEN_IN_GROUP_OF.format(count=count) if count else texts.SEEN_IN_GROUP


def _link(reading: Reading | None) -> Row:
    title = texts.CHECK_LINK
    if reading is None or (reading.link is None and not reading.problem):
        return Row(title, texts.CHECK_NOT_KNOWN, Level.UNKNOWN, texts.CHECK_LINK_UNKNOWN)
    if reading.problem:
        return Row(title, texts.CHECK_AWAY, Level.LOOK, f"{texts.HOST_DOWN} {texts.HOST_DOWN_ACTION}")
    if reading.standing:
        return Row(title, texts.CHECK_AWAY, Level.LOOK, f"{texts.HOST_STANDS_BACK} {reading.standing}")
    link = reading.link
    if link is None or not link.sends:
        sentence = f"{link.sentence} {texts.CHECK_WAITS_FOR_LINK}" if link else texts.CHECK_LINK_UNKNOWN
        return Row(title, texts.CHECK_DOWN, Level.LOOK, sentence, link=True)
    return Row(title, texts.CHECK_UP, Level.GOOD, link.sentence)


def _duplicates(meant: Meant, known: Known) -> Row:
    title = texts.CHECK_DUPLICATE
    if known.messages is None:
        return Row(title, texts.CHECK_NOT_KNOWN, Level.UNKNOWN, texts.CHECK_UNREAD)
    if not meant.people or not meant.dates:
        return Row(title, texts.CHECK_LATER, Level.OPEN, texts.CHECK_NOT_YET)
    waiting = waiting_for(known.messages, meant.own)
    for person in meant.people:
        for each in meant.dates:
            if found := duplicate(waiting.get(person.to, ()), person.text, each.at, person.attachment, meant.own):
                sentence = about(found, person.name or address.pretty(person.to), meant.zone)
                return Row(title, texts.CHECK_YES, Level.LOOK, sentence, message_id=found.message.id)
    return Row(title, texts.CHECK_NONE, Level.GOOD, texts.CHECK_NO_DUPLICATE)


def about(found: Duplicate, name: str, zone: str) -> str:
    """What waits already, in a sentence."""
    file, text = texts.DUPLICATE_FILE, texts.DUPLICATE_WORDS
    what = (f"{file} {texts.AND} {text}" if found.message.text else file) if found.message.attachment else text
    if found.same_content and found.same_minute:
        return texts.DUPLICATE_BOTH.format(what=what, name=name)
    when = dates.stamp(found.message.send_at, found.message.zone or zone)
    sentence = texts.DUPLICATE_CONTENT if found.same_content else texts.DUPLICATE_MINUTE
    return sentence.format(what=what, name=name, when=when)


def _quiet(meant: Meant, known: Known) -> Row:
    title = texts.CHECK_QUIET
    if not meant.people or not meant.dates:
        return Row(title, texts.CHECK_LATER, Level.OPEN, texts.CHECK_NOT_YET)
    if known.forecast is None:
        return Row(title, texts.CHECK_NOT_KNOWN, Level.UNKNOWN, texts.CHECK_HOST_SILENT)
    if known.forecast.quiet:
        sentence = texts.CHECK_IN_QUIET.format(hours=known.forecast.quiet)
        return Row(title, texts.CHECK_INSIDE, Level.LOOK, sentence)
    return Row(title, texts.CHECK_OUTSIDE, Level.GOOD, texts.CHECK_NOT_QUIET)


def _pace(meant: Meant, known: Known) -> Row:
    title = texts.CHECK_PACE
    if not meant.people or not meant.dates:
        return Row(title, texts.CHECK_LATER, Level.OPEN, texts.CHECK_NOT_YET)
    sentence = asking.in_words(known.forecast, meant.zone)
    queue = texts.SEVERAL_PACE_UNKNOWN if known.queue is None else known.queue
    if queue:
        sentence = f"{queue} {texts.SEVERAL_FIRST.format(forecast=sentence)}"
    if known.forecast is None or known.queue is None:
        return Row(title, texts.CHECK_NOT_KNOWN, Level.UNKNOWN, sentence)
    if known.forecast.reason:
        return Row(title, texts.CHECK_WAITS, Level.LOOK, sentence)
    return Row(title, texts.CHECK_QUEUED if known.queue else texts.CHECK_AT_SECOND, Level.GOOD, sentence)


def _listed(people: Sequence[For]) -> str:
    names = [each.name or address.pretty(each.to) for each in people]
    beyond = len(names) - NAMED
    return _AND_MORE(beyond, names=", ".join(names[:NAMED])) if beyond > 0 else ", ".join(names)

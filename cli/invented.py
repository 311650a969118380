"""An invented installation for pictures of the page: people nobody can reach, and weeks of their messages.

Everything is a function of the moment, so that each picture says the same whenever it is made, but for its dates. The
numbers are from the range that Ofcom keeps for fiction: 07700 900000 to 900999.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from session_host.capture_events import Change, Seen, What
from shared.model import lifecycle
from shared.model.captured import Captured
from shared.model.contact import Contact, Phone
from shared.model.lifecycle import Claim
from shared.model.message import Message
from shared.model.recurrence import Freq, Rule
from shared.model.series import Series
from shared.model.template import Template
from shared.store.bucket import Bucket
from shared.store.oplog import Writer
from shared.store.templates import Templates

ZONE = "Europe/London"
HOST = "pictures"


class Person(NamedTuple):
    """Somebody invented: a name, the number's last three digits, tags, and other names."""

    name: str
    number: str
    tags: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    favourite: bool = False
    notes: str = ""

    @property
    def jid(self) -> str:
        """Their chat."""
        return f"{self.number}@s.whatsapp.net"


def _person(
    name: str, number: int, tags: str = "", aliases: str = "", notes: str = "", *, star: bool = False
) -> Person:
    return Person(name, f"447700900{number:03d}", tuple(tags.split()), tuple(aliases.split()), star, notes)


ADA = _person("Ada Okafor", 1, "choir family", "Mum", "Calls on Sundays. Prefers the landline after nine.", star=True)
GRACE = _person("Grace Lindqvist", 2, "choir", star=True)
ALAN = _person("Alan Whitcombe", 3, "work", "Al")
MEI = _person("Mei Nakamura", 4, "work choir")
TOMAS = _person("Tomás Ferreira", 5, "football")
PRIYA = _person("Priya Raman", 6, "family", "Pri", star=True)
OLU = _person("Olu Adeyemi", 7, "football")
INGRID = _person("Ingrid Sørensen", 8, "choir")
NOOR = _person("Noor Haddad", 9, "work")
LIAM = _person("Liam Byrne", 10, "football")
DENTIST = _person("Harbour Dental", 11, "", "Dentist", "Reception opens at 8.")
ELIF = _person("Elif Kaya", 12, "choir work")
EVERYBODY = (ADA, GRACE, ALAN, MEI, TOMAS, PRIYA, OLU, INGRID, NOOR, LIAM, DENTIST, ELIF)
AGAIN = Contact(id="again", revision=1, version="x", name="Grace L.", phones=(Phone(number=GRACE.number),))
"""Grace, once more: two that may be merged."""

CSV = """Name,Phone,Groups
Ada Okafor,07700 900001,choir;garden
Beatriz Novák,07700 900021,garden
Callum Reid,+44 7700 900022,
Dev Patel,not a number,work
Grace Lindqvist,07700 900002,choir;garden
Hana Kowalska,07700 900023,garden;family
"""
"""A table with somebody known, somebody new, and a line that cannot be read."""

_SAID = (
    (ADA, "Good morning! The kettle is on, come when you like."),
    (GRACE, "Rehearsal is in the small hall today, seven sharp."),
    (ALAN, "The figures for Thursday are in the shared folder."),
    (TOMAS, "Pitch two at half past six. Bring the bibs?"),
    (PRIYA, "Happy birthday! Cake at four, no excuses."),
    (NOOR, "Could you send me the address again?"),
    (OLU, "Trains are late, start without me."),
)


SOFIA = _person("Sofia Marchetti", 31)
"""Wrote to the owner, and is in no contact."""

_TALKS = (
    (
        SOFIA,
        12,
        """10:40 < Hello, Grace gave me your number. Is there room for one more alto?
        10:52 > There is! Thursday at half past seven.""",
    ),
    (
        LIAM,
        9,
        """19:02 < Are we still on for the match?
        19:05 > Yes, pitch two.
        19:05 < Great, see you there""",
    ),
    (
        INGRID,
        3,
        """11:20 < Which page do we start on?
        11:31 > The second verse, page 14.""",
    ),
    (
        TOMAS,
        2,
        """17:40 < I have the keys to the shed
        17:48 > Perfect. And the bibs?
        17:49 < Those too""",
    ),
    (
        ALAN,
        2,
        """16:00 > The figures for Thursday are in the shared folder.
        16:12 < Thanks, I will look at them tonight""",
    ),
    (
        PRIYA,
        1,
        """18:21 < Did you order the cake?
        18:25 > Yes! Lemon, for *eight* people
        18:25 < You star""",
    ),
    (
        ADA,
        1,
        """15:02 < Are you coming on Sunday? The kettle will be on from three.
        15:09 > Yes! I will bring the lemon cake, and Priya the scones.
        15:12 < Lovely. Could you bring the blue scarf too? You left it in the hall.
        15:20 > I was looking for that scarf everywhere!
        15:21 < It is on the peg by the door.
        19:40 < And tell me which train you are on, then I come to the station.
        19:52 > The 14:12, if it runs.
        19:53 < It will. See you on platform two.""",
    ),
)
"""A chat with somebody, so many days ago: the time on the wall, < for what came and > for what left, and the text."""


def fill(bucket: Bucket, now: datetime) -> None:
    """Contacts, templates, messages that ended in the last weeks or wait for the next, and what repeats."""
    writer = Writer(bucket, "web")
    version = writer.reserve()
    writer.append(
        version,
        now,
        contacts=[each.evolve(version=version) for each in _contacts(now)],
        messages=[each.evolve(version=version) for each in (*_ended(now), *_ahead(now))],
        series=[each.evolve(version=version) for each in _series(now)],
    )
    _two_versions(writer, now)
    templates = Templates(bucket)
    for number, (name, text) in enumerate(_TEMPLATES):
        made = Template(id=f"template-{number}", revision=1, version=writer.reserve(), name=name, text=text)
        templates.write(made.evolve(created_at=now))


_TEMPLATES = (
    ("Birthday", "Happy birthday, {{first_name}}! Hope it is a good one."),
    ("Choir reminder", "Dear {{first_name}}, choir is on {{day}} at {{time}} in the small hall. Bring a pencil."),
    ("Running late", "Hi {{first_name}}, I am running about {{minutes}} minutes late. Sorry!"),
)


def heard(now: datetime) -> Iterator[Seen]:
    """What was captured in some chats, the oldest first."""
    for person, days, lines in _TALKS:
        for place, line in enumerate(lines.splitlines()):
            clock, side, text = line.strip().split(" ", 2)
            at = at_wall(now, -days, clock)
            if at < now:
                yield Seen(
                    message=Captured(
                        chat=person.jid, id=f"3EB0{person.number[-3:]}{place:04d}", at=at, from_me=side == ">",
                        sender=None if side == ">" else person.jid, text=text,
                        quoted="3EB00010002" if text.startswith("I was looking") else None,
                    ),
                    name=(person.jid, person.name),
                )  # fmt: skip
    yield Seen(change=Change(ADA.jid, "3EB00010001", ADA.jid, What.REACTION, at_wall(now, -1, "15:10"), "❤️"))


def _contacts(now: datetime) -> Iterator[Contact]:
    for person in EVERYBODY:
        yield Contact(
            id=f"contact-{person.number[-3:]}", revision=1, version="x", name=person.name, tags=person.tags,
            phones=(Phone(number=person.number),), aliases=person.aliases, favourite=person.favourite,
            notes=person.notes, created_at=now,
        )  # fmt: skip
    yield AGAIN.evolve(created_at=now)


def at_wall(now: datetime, days: int, clock: str) -> datetime:
    """That time on the wall, so many days from now."""
    hour, minute = map(int, clock.split(":"))
    local = now.astimezone(ZoneInfo(ZONE)) + timedelta(days=days)
    return local.replace(hour=hour, minute=minute, second=0, microsecond=0)


def _message(name: str, person: Person, text: str, at: datetime, now: datetime) -> Message:
    return Message(
        id=name, revision=1, version="x", to=person.number, contact_name=person.name, text=text, send_at=at, zone=ZONE,
        created_at=min(now, at) - timedelta(hours=5), created_from="web",
    )  # fmt: skip


def _ahead(now: datetime) -> Iterator[Message]:
    soon = now.replace(second=0, microsecond=0) + timedelta(minutes=47)
    yield _message("next", ADA, "I am on the 14:12, it is on time. See you on platform two!", soon, now)
    for number, (days, clock, person, text) in enumerate(
        (
            (1, "09:00", DENTIST, "Good morning, may I move my appointment to the week after?"),
            (1, "18:30", TOMAS, "Pitch two tonight, I have the bibs."),
            (2, "08:15", ALAN, "Agenda for today:\n1. the figures\n2. the *new* brochure\n3. holidays"),
            (2, "20:00", PRIYA, "Did they like the lemon cake?"),
            (3, "07:45", MEI, "Good luck with the talk this morning! You know it inside out."),
            (4, "12:30", GRACE, "Are you free for lunch on Thursday?"),
            (6, "17:00", OLU, "Thanks for today. Same time next week?"),
            (8, "10:00", NOOR, "The address: 4 Harbour Lane, second floor. The bell says Haddad."),
            (11, "19:30", INGRID, "Could you sing the alto line on Sunday?"),
            (16, "09:30", ELIF, "A year in the new office today. Congratulations!"),
        )
    ):
        yield _message(f"ahead-{number}", person, text, at_wall(now, days, clock), now)


def _ended(now: datetime) -> Iterator[Message]:
    for days in range(29, 0, -1):
        for number in range(1 + days * 7 % 4):
            person, text = _SAID[(days + number * 3) % len(_SAID)]
            made = _message(f"sent-{days}-{number}", person, text, at_wall(now, -days, f"{8 + number * 4}:15"), now)
            yield _sent(made, late=0.04 + 0.05 * ((days * 3 + number) % 7), unread=(days + number) % 5 == 0)
    just = _message("read", GRACE, "Rehearsal is in the small hall today, *seven* sharp.", _ago(now, minutes=1), now)
    yield _sent(just, late=0.03)
    claimed = _claimed(_message("failed", LIAM, "Are you in for Saturday?", at_wall(now, -1, "17:30"), now))
    reason = "This number is not on WhatsApp."
    yield claimed.evolve(delivery=lifecycle.failed(claimed.delivery, claimed.send_at + timedelta(seconds=1), reason))
    begun = _begun(_message("unknown", NOOR, "Could you send me the address again?", at_wall(now, -2, "11:00"), now))
    reason = "The connection broke while it was sent."
    yield begun.evolve(delivery=lifecycle.unknown(begun.delivery, begun.send_at + timedelta(seconds=30), reason))


def _ago(now: datetime, **span: float) -> datetime:
    return now.replace(second=0, microsecond=0) - timedelta(**span)


def _claimed(message: Message) -> Message:
    claim = Claim(host=HOST, revision=1, version=message.version, send_at=message.send_at)
    return message.evolve(
        delivery=lifecycle.claim(message.delivery, claim, message.send_at - timedelta(seconds=62), "tick")
    )


def _begun(message: Message, late: float = 0.05) -> Message:
    at = message.send_at + timedelta(seconds=late)
    return message.evolve(delivery=lifecycle.begin(_claimed(message).delivery, at))


def _sent(message: Message, late: float, *, unread: bool = False) -> Message:
    at = message.send_at + timedelta(seconds=late)
    id_ = f"3EB0{message.id.encode().hex().upper()}"
    half = lifecycle.sent(_begun(message, late).delivery, at + timedelta(milliseconds=160), id_)
    half = lifecycle.delivered(half, at + timedelta(seconds=1))
    return message.evolve(delivery=half if unread else lifecycle.read(half, at + timedelta(seconds=25)))


def _series(now: datetime) -> Iterator[Series]:
    for name, person, text, first, rule in (
        (
            "choir",
            GRACE,
            "Choir tonight at half past seven. Bring a pencil!",
            "18:00",
            Rule(freq=Freq.WEEKLY, weekdays=(3,)),
        ),
        ("bins", PRIYA, "The bins go out tonight.", "20:30", Rule(freq=Freq.WEEKLY, weekdays=(1, 4))),
        (
            "rent",
            NOOR,
            "The rent has left my account. Have a good month!",
            "09:00",
            Rule(freq=Freq.MONTHLY, month_day=-1),
        ),
    ):
        begins = f"{at_wall(now, -1, first):%Y-%m-%dT%H:%M}"
        yield Series(
            id=name, revision=1, version="x", to=person.number, contact_name=person.name, text=text, first=begins,
            zone=ZONE, rule=rule, changed_at=now - timedelta(days=1), created_at=now - timedelta(days=1),
            created_from="web",
        )  # fmt: skip


def _weekly(*weekdays: int) -> Rule:
    return Rule(freq=Freq.WEEKLY, weekdays=weekdays)


def _two_versions(writer: Writer, now: datetime) -> None:
    """One message that was edited twice at once."""
    version = writer.reserve()
    first = _message("forked", MEI, "Lunch at one?", at_wall(now, 5, "11:00"), now).evolve(version=version)
    writer.append(version, now, messages=[first])
    for text in ("Lunch at half past one?", "Lunch at one, at the harbour?"):
        version = writer.reserve()
        writer.append(version, now, messages=[first.edited(version, text=text)])

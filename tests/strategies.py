"""What Hypothesis draws from: edit histories as several writers make them, with deliveries by lawful moves only."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import strategies as st

from shared.model import lifecycle
from shared.model.contact import Contact, Phone
from shared.model.content import About, Act, Location
from shared.model.lifecycle import Claim, Delivery, State
from shared.model.message import Message, Verdict
from shared.model.versioned import Versioned, merge
from tests.builders import NOW, in_
from tests.cast import EVERYBODY

R = TypeVar("R", bound=Versioned)

WRITERS = ("web", "api", "cli")
HOST = "host"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
"""Any text that can be written: no half of a surrogate pair."""

instants = st.datetimes(
    min_value=(NOW - timedelta(days=40)).replace(tzinfo=None),
    max_value=(NOW + timedelta(days=400)).replace(tzinfo=None),
).map(lambda naive: naive.replace(tzinfo=NOW.tzinfo))

attachments = st.sampled_from([Location(kind="location", latitude=each, longitude=0.5) for each in (51.5, -33.9)])
abouts = st.sampled_from([About(act=act, message_id=id_) for act in Act for id_ in ("3EB0AA", "3EB0BB")])

message_changes: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"text": texts}),
    st.fixed_dictionaries({"send_at": instants}),
    st.fixed_dictionaries({"cancelled": st.booleans()}),
    st.fixed_dictionaries({"attachment": st.none() | attachments, "about": st.none() | abouts}),
    st.fixed_dictionaries({"cancel_if_they_write_after": st.none() | instants}),
    st.fixed_dictionaries({"verdict": st.none() | st.sampled_from(Verdict)}),
    st.fixed_dictionaries({"contact_name": st.none() | texts, "cancelled": st.booleans()}),
)

contact_changes: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({"name": texts}),
    st.fixed_dictionaries({"aliases": st.lists(texts, max_size=2).map(tuple)}),
    st.fixed_dictionaries({"deleted_at": st.none() | instants}),
    st.fixed_dictionaries({"notes": texts, "favourite": st.booleans()}),
)


def version(writer: str, number: int) -> str:
    """A version name as Writer makes them."""
    return f"{writer}-{'0' * 32}-{number:08d}"


def new_message(id_: str, version: str, **changes: Any) -> Message:
    """A message at its first revision."""
    fields: dict[str, Any] = {"text": "Tea?", "send_at": in_(hours=1), "to": EVERYBODY[0].number} | changes
    return Message(id=id_, revision=1, version=version, **fields)


def new_contact(id_: str, version: str, **changes: Any) -> Contact:
    """A contact at its first revision."""
    fields: dict[str, Any] = {"name": EVERYBODY[0].name, "phones": (Phone(number=EVERYBODY[0].number),)} | changes
    return Contact(id=id_, revision=1, version=version, **fields)


def lawful_moves(message: Message, number: int) -> list[Callable[[], Delivery]]:
    """Every move the host may make with this message now; `number` makes their times differ."""
    now, delivery = in_(number), message.delivery
    claim = Claim(host="host-1", revision=message.revision, version=message.version, send_at=message.send_at)
    moves: dict[State, list[Callable[[], Delivery]]] = {
        State.PENDING: [
            lambda: lifecycle.claim(delivery, claim, now, "tick"),
            lambda: lifecycle.confirm(delivery, message.revision, message.version),
            lambda: lifecycle.hold(delivery, in_(number + 60), "The link is down."),
            lambda: lifecycle.missed(delivery, now, "Too late."),
            lambda: lifecycle.called_off(delivery, now, now, "They wrote first."),
        ],
        State.CLAIMED: [
            lambda: lifecycle.begin(delivery, now),
            lambda: lifecycle.claim(delivery, claim, now, "web"),
            lambda: lifecycle.retry(delivery, "The time was changed."),
            lambda: lifecycle.failed(delivery, now, "This number is not on WhatsApp."),
        ],
        State.BEGUN: [
            lambda: lifecycle.sent(delivery, now, f"3EB0{number}"),
            lambda: lifecycle.unknown(delivery, now, "The connection broke."),
            lambda: lifecycle.failed(delivery, now, "Refused."),
            lambda: lifecycle.retry(delivery, "Nothing was sent."),
        ],
        State.SENT: [lambda: lifecycle.delivered(delivery, now), lambda: lifecycle.read(delivery, now)],
    }
    return moves.get(delivery.state, [])


@st.composite
def message_histories(draw: st.DrawFn, *, old: bool = False) -> list[Message]:
    """Every copy of one message that existed anywhere while writers edited, synced, and the host delivered.

    old: it begins as a record of the old system, without a version.
    """
    first = new_message("m", "" if old else version("web", 0)).evolve(revision=0 if old else 1)
    return draw(_histories(first, message_changes, delivers=True))


@st.composite
def contact_histories(draw: st.DrawFn) -> list[Contact]:
    """Every copy of one contact that existed anywhere while writers edited, deleted and restored it."""
    return draw(_histories(new_contact("c", version("web", 0)), contact_changes, delivers=False))


@st.composite
def _histories(draw: st.DrawFn, first: R, changes: st.SearchStrategy[dict[str, Any]], *, delivers: bool) -> list[R]:
    copies: dict[str, R] = dict.fromkeys((*WRITERS, HOST), first)
    seen = [first]
    actions = st.sampled_from(
        ["edit", "edit", "settle", "sync", *(["deliver", "deliver", "restore"] if delivers else [])]
    )
    for number, action in enumerate(draw(st.lists(actions, max_size=12)), start=1):
        writer = HOST if action in {"deliver", "restore"} else draw(st.sampled_from(WRITERS))
        mine = copies[writer]
        if action in {"edit", "settle"}:
            mine = mine.edited(version(writer, number), settles=action == "settle", **draw(changes))
        elif action == "deliver":
            for move in draw(st.lists(st.integers(0, 3), max_size=4)):
                mine = _moved(mine, number, move)
        elif action == "restore":
            mine = draw(st.sampled_from(seen))  # the host's machine was rolled back
        else:
            mine = merge(mine, copies[draw(st.sampled_from((*WRITERS, HOST)))])
        copies[writer] = mine
        seen.append(mine)
    return seen


def _moved(record: R, number: int, move: int) -> R:
    moves = lawful_moves(record, number) if isinstance(record, Message) else []
    return record.evolve(delivery=moves[move % len(moves)]()) if moves else record

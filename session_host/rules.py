"""The host's decisions about one message as functions of values: accepted, obeyed, claimed, released, or too late."""

from datetime import datetime, timedelta
from typing import NamedTuple

from shared.model import due, lifecycle, walltime
from shared.model.address import Address, BadAddress
from shared.model.content import misfit
from shared.model.lifecycle import Claim, Delivery, State
from shared.model.message import LatePolicy, Message
from shared.model.recurrence import LATEST
from shared.model.wire import Outcome

ON_TIME = timedelta(seconds=60)
"""How late a message may be that is to be sent "only on time"."""

FIRST_BACKOFF = timedelta(seconds=5)
LONGEST_BACKOFF = timedelta(minutes=10)

EARLIER_HOST = (
    "An earlier session host had taken this over and was lost before it said what became of it; it may have arrived."
)


class Row(NamedTuple):
    """One message as the ledger knows it: the content it obeys, and what it has done so far."""

    content: Message
    delivery: Delivery
    handed_by: str | None = None
    not_before: datetime | None = None
    claim_stored: bool = False

    @property
    def id(self) -> str:
        return self.content.id

    @property
    def message(self) -> Message:
        """Both halves as one record, as it would be written to the bucket."""
        return self.content.evolve(delivery=self.delivery)

    @property
    def ready_at(self) -> datetime:
        """When it may be begun: its second, or later where it is held or tried again."""
        times = (self.content.send_at, self.delivery.held_until, self.not_before)
        return max(time for time in times if time is not None)

    @property
    def expires_at(self) -> datetime:
        """When it is too late to send it, counted from its second or from the end of its hold."""
        since = max(self.content.send_at, self.delivery.held_until or self.content.send_at)
        return since + lateness_limit(self.content)

    @property
    def may_begin(self) -> bool:
        """Claimed for exactly this content, and the claim can be read in the bucket."""
        claim, delivery = self.delivery.claim, self.delivery
        return (
            delivery.state is State.CLAIMED
            and self.claim_stored
            and not self.content.cancelled
            and claim is not None
            and (claim.revision, claim.version, claim.send_at) == _named(self.content)
        )


def lateness_limit(content: Message) -> timedelta:
    """How late this message may be."""
    if content.if_late.policy is LatePolicy.WITHIN:
        return timedelta(hours=content.if_late.hours)
    return ON_TIME


def slip_of_year(send_at: datetime) -> str | None:
    """Why nobody means this instant, as a sentence; None where somebody may. (What is past is judged elsewhere.)"""
    if send_at.year <= LATEST:
        return None
    return f"The year {send_at.year} looks like a slip: choose a date before {LATEST + 1}."


def unsendable(content: Message) -> str | None:
    """Why this content can never be sent, as a sentence; None where it can."""
    try:
        Address.from_stored(content.to)
    except BadAddress as error:
        return str(error)
    found = misfit(content.to, content.text, content.attachment, content.about)
    return found[1] if found else None


def judge(row: Row | None, content: Message) -> tuple[Outcome, str | None]:
    """What to answer to a handed-over content, given what the ledger has; the sentence where it is refused."""
    if row is None:
        return Outcome.ACCEPTED, None
    if content.order < row.content.order:
        return Outcome.SUPERSEDED, None
    if not row.delivery.state.open:
        return Outcome.KNOWN, None
    if content == row.content:
        return Outcome.KNOWN, None
    if content.order > row.content.order or row.handed_by is None:
        return Outcome.ACCEPTED, None
    return Outcome.REFUSED, (
        f"Another text, time or recipient is already known as revision {content.revision} of this message: "
        "read it again, then change it."
    )


def take_over(row: Row, content: Message, host: str, now: datetime) -> Row:
    """The row with this content obeyed from now on; once begun, nothing changes any more.

    What another host has claimed is only noted: whether it may have left already is for `reconcile` to say.
    """
    claim = row.delivery.claim
    if not row.delivery.state.open:
        return row
    if row.delivery.state is State.CLAIMED and claim is not None and claim.host != host:
        return note(row, content)
    return _obey(row._replace(content=content), host, now, claims=False)


def note(row: Row, content: Message) -> Row:
    """The row with this content known, and nothing promised about it."""
    return row._replace(content=content) if row.delivery.state.open else row


def reconcile(
    row: Row | None, message: Message, host: str, now: datetime, *, clock_is_right: bool = True
) -> Row | None:
    """The row after the host has read the bucket's merged record: edits obeyed, claimed where it was handed over.

    What another host left behind is never begun again here: it is unknown if its second has passed, else claimed anew;
    None where that cannot be told yet, because the clock is wrong.
    """
    ours = row or Row(message.head(), message.delivery, handed_by=message.delivery.handed_over_by)
    foreign = row is None
    if _place(message.delivery) > _place(ours.delivery):
        ours, foreign = ours._replace(delivery=message.delivery, claim_stored=False), True
    if ours.delivery.state.open and message.order >= ours.content.order:
        ours = ours._replace(content=message.head())
    inherited = _inherit(ours, host, now, foreign=foreign)
    if not clock_is_right and inherited is not ours and ours.delivery.state is State.CLAIMED:
        return None
    return _obey(inherited, host, now, claims=True)


def stands(message: Message, host: str) -> bool:
    """Whether a claim of this host is for exactly this content, which it has confirmed: then `reconcile` changes
    nothing."""
    delivery = message.delivery
    confirmed = (delivery.confirmed, delivery.confirmed_version) == (message.revision, message.version)
    return delivery.state is State.CLAIMED and confirmed and delivery.claim == _claim(message, host)


def _place(delivery: Delivery) -> tuple[int, int, int]:
    return delivery.place


def _inherit(row: Row, host: str, now: datetime, *, foreign: bool) -> Row:
    delivery, claim = row.delivery, row.delivery.claim
    if delivery.state is State.BEGUN and foreign:
        return row._replace(delivery=lifecycle.lost(delivery, now, EARLIER_HOST))
    if delivery.state is not State.CLAIMED or not (foreign or claim is None or claim.host != host):
        return row
    obeyed_cancel = row.content.cancelled and row.message.confirmed
    if obeyed_cancel:
        return row
    if claim is not None and claim.send_at > now:
        return row._replace(delivery=lifecycle.retry(delivery, EARLIER_HOST), claim_stored=False)
    return row._replace(delivery=lifecycle.lost(delivery, now, EARLIER_HOST))


def _obey(row: Row, host: str, now: datetime, *, claims: bool) -> Row:
    content, delivery = row.content, row.delivery
    if not delivery.state.open:
        return row
    confirmed = row._replace(delivery=lifecycle.confirm(delivery, content.revision, content.version))
    if content.cancelled:
        return confirmed
    if sentence := unsendable(content):
        return row._replace(delivery=lifecycle.failed(confirmed.delivery, now, sentence))
    wanted = _claim(content, host)
    if delivery.state is State.CLAIMED:
        if delivery.claim == wanted:
            return confirmed
        if content.send_at > now + due.WEB_HORIZON:
            return _release(confirmed)
    elif not (claims and row.handed_by):
        return confirmed
    claimed = lifecycle.claim(delivery, wanted, now, row.handed_by or "host")
    return row._replace(delivery=claimed, claim_stored=False)


def _claim(content: Message, host: str) -> Claim:
    revision, version, send_at = _named(content)
    return Claim(host=host, revision=revision, version=version, send_at=send_at)


def _named(content: Message) -> tuple[int, str, datetime]:
    """What a claim says of the content that it is for."""
    return (content.revision, content.version, content.send_at)


def _release(row: Row) -> Row:
    """Claimed, but edited to a time that another handover will announce."""
    delivery = lifecycle.retry(row.delivery, "changed").evolve(error=None, held_until=None)
    return row._replace(delivery=delivery, handed_by=None, not_before=None, claim_stored=False)


def backoff(attempt: int) -> timedelta:
    """How long to wait after a passing failure of this attempt: 5 s, then three times as long each, 10 min at most."""
    return min(FIRST_BACKOFF * int(3 ** min(attempt - 1, 10)), LONGEST_BACKOFF)


def give_up(row: Row, now: datetime) -> Row:
    """The row whose limit has passed: missed, and with that its content has been read and obeyed."""
    confirmed = lifecycle.confirm(row.delivery, row.content.revision, row.content.version)
    return row._replace(delivery=lifecycle.missed(confirmed, now, _too_late(row)))


def call_off(row: Row, they_wrote_at: datetime, now: datetime) -> Row:
    """The row of a message that they wrote first for: its content has been read and obeyed."""
    confirmed = lifecycle.confirm(row.delivery, row.content.revision, row.content.version)
    sentence = f"They wrote first, on {in_words(they_wrote_at, row.content.zone)}, so this was not sent."
    return row._replace(delivery=lifecycle.called_off(confirmed, now, they_wrote_at, sentence))


def ask_owner(row: Row, why: str, now: datetime) -> Row:
    """The row of a message of which nobody can say whether they wrote first: missed, for a person to decide."""
    confirmed = lifecycle.confirm(row.delivery, row.content.revision, row.content.version)
    sentence = f"{why} Look into the chat, then send it now or let it go."
    return row._replace(delivery=lifecycle.missed(confirmed, now, sentence))


def in_words(at: datetime, zone: str | None) -> str:
    """An instant for people, on the wall of a zone; in UTC where that is none.

    >>> in_words(datetime.fromisoformat("2026-07-01T09:05Z"), "Europe/London")
    '1 Jul 2026, 10:05 (Europe/London)'
    """
    place = zone or "UTC"
    try:
        local = walltime.wall(at, place)
    except walltime.UnknownZone:
        place, local = "UTC", walltime.wall(at, "UTC")
    return f"{local.day} {local:%b %Y, %H:%M} ({place})"


def postpone(row: Row, until: datetime, reason: str) -> Row:
    """The row, not to be begun before an instant, and why; its limit goes on counting."""
    held = lifecycle.hold(row.delivery, row.delivery.held_until, reason)
    return row._replace(delivery=held, not_before=until)


def _too_late(row: Row) -> str:
    why = f" {row.delivery.held_reason}" if row.delivery.held_reason else ""
    policy, hours = row.content.if_late.policy, row.content.if_late.hours
    if policy is LatePolicy.ASK:
        return f"Its time has passed and it was not sent; do you still want it sent? Send it now, or let it go.{why}"
    if policy is LatePolicy.ON_TIME:
        return f"It was to be sent on time only, and could not be.{why}"
    held = row.expires_at - lateness_limit(row.content) > row.content.send_at
    since = "after the end of its hold" if held else "of its time"
    return f"It could not be sent within {hours:g} hours {since}.{why}"

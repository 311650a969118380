"""What the page says about a message, and what may still be done with it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import lifecycle
from shared.model.message import IfLate, LatePolicy, Message, Verdict
from shared.model.versioned import merge
from tests import builders, strategies
from tests.builders import NOW, in_, message
from web.agenda import agenda
from web.listing import Listing, Show
from web.repeats import next_id
from web.standing import needs_attention, standing
from web.timeline import timeline


def cancelled(changed: Message | None = None) -> Message:
    return (changed or message()).edited(builders.version(), cancelled=True)


def confirmed(changed: Message) -> Message:
    return changed.evolve(delivery=lifecycle.confirm(changed.delivery, changed.revision, changed.version))


def conflicting() -> Message:
    one = message()
    return merge(one.edited("web-a", text="This?"), one.edited("web-b", text="Or this?"))


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        (message(), "Scheduled"),
        (builders.claimed(message()), "Ready"),
        (cancelled(), "Asked to cancel"),
        (confirmed(cancelled()), "Cancelled"),
        (message().edited(builders.version(), text="Other words"), "Asked to change"),
        (confirmed(message().edited(builders.version(), text="Other words")), "Scheduled"),
        (builders.begun(message()), "Leaving"),
        (builders.sent(message()), "Sent"),
        (builders.read(message()), "Read"),
        (builders.failed(message()), "Failed"),
        (builders.missed(message()), "Missed"),
        (builders.unknown(message()), "Not certain"),
        (builders.unknown(message(verdict=Verdict.ARRIVED)), "Arrived"),
        (builders.unknown(message(verdict=Verdict.NOT_ARRIVED)), "Not arrived"),
        (message(send_at=in_(minutes=-3)), "Overdue"),
        (message(send_at=in_(minutes=-1)), "Scheduled"),
        (conflicting(), "Two versions"),
    ],
)
def test_the_word_is_what_the_host_has_confirmed(changed: Message, word: str) -> None:
    assert standing(changed, NOW).word == word


def test_cancelled_is_said_only_once_the_host_has_confirmed() -> None:
    asked = cancelled(builders.claimed(message()))
    assert standing(asked, NOW).word == "Asked to cancel"
    assert standing(confirmed(asked), NOW).word == "Cancelled"


def test_what_is_not_sent_if_they_write_first_is_not_promised() -> None:
    conditional = message(cancel_if_they_write_after=NOW)
    for each, plain in ((conditional, message()), (builders.claimed(conditional), builders.claimed(message()))):
        assert standing(each, NOW).sentence.endswith(" at its second, unless they have written by then.")
        assert standing(plain, NOW).sentence.endswith(" at its second.")


def test_what_no_phone_has_confirmed_after_an_hour_says_so() -> None:
    sent = builders.sent(message(), now=in_(hours=-1))
    assert standing(sent, NOW).word == "Sent"
    stands = standing(sent, in_(1))
    assert (stands.word, stands.attention) == ("Not confirmed", False)
    assert "their phone has not confirmed it" in stands.sentence


def test_a_held_message_says_why() -> None:
    held = message().evolve(delivery=lifecycle.hold(message().delivery, in_(hours=8), "Quiet hours until 08:00."))
    assert standing(held, NOW).sentence == "Quiet hours until 08:00."


@pytest.mark.parametrize("ended", [builders.failed, builders.missed, builders.unknown])
def test_what_went_wrong_needs_attention_and_can_be_sent_again(ended: Callable[[Message], Message]) -> None:
    stands = standing(ended(message()), NOW)
    assert stands.attention
    assert stands.can_repeat
    assert not stands.can_cancel


@pytest.mark.parametrize("verdict", Verdict)
def test_what_a_person_has_settled_needs_no_attention_and_can_be_taken_back(verdict: Verdict) -> None:
    stands = standing(builders.unknown(message(verdict=verdict)), NOW)
    assert (stands.attention, stands.can_judge, stands.can_unsettle) == (False, False, True)
    assert stands.can_repeat == (verdict is Verdict.NOT_ARRIVED), "what arrived is not offered to be sent again"
    assert stands.sentence.startswith("The connection broke while it was sent. You said")


@pytest.mark.parametrize("ended", [builders.failed, builders.missed])
def test_what_its_owner_is_done_with_needs_no_attention_and_keeps_its_word(ended: Callable[[Message], Message]) -> None:
    badly = ended(message())
    stands = standing(badly.edited(builders.version(), cancelled=True), NOW)
    assert stands.word == standing(badly, NOW).word
    assert (stands.attention, stands.can_unsettle) == (False, True)


def test_a_message_that_asks_offers_to_be_sent_now_or_not_at_all() -> None:
    asks = message(if_late=IfLate(policy=LatePolicy.ASK))
    stands = standing(builders.missed(asks), NOW)
    assert (stands.can_send_now, stands.can_let_go, stands.can_repeat) == (True, True, False)
    late = standing(builders.missed(message(if_late=IfLate(policy=LatePolicy.ON_TIME))), NOW)
    assert (late.can_send_now, late.can_let_go, late.can_repeat) == (False, True, True)


class TestSentAgain:
    def test_it_settles_what_it_was_sent_for(self) -> None:
        first = builders.unknown(message(id="m", send_at=in_(-9)))
        second = builders.unknown(message(id="m~1", send_at=in_(-8)))
        third = message(id="m~2")
        found = agenda([first, second, third], Show.ATTENTION, "", NOW, "UTC")
        assert (found.total, found.attention) == (0, 0)
        assert found.repeats.of(first) == found.repeats.of(second) == third
        assert found.repeats.of(third) is None

    def test_not_when_it_was_called_off_before_it_left(self) -> None:
        first = builders.failed(message(id="m", send_at=in_(-9)))
        again = confirmed(cancelled(message(id="m~1")))
        assert agenda([first, again], Show.ATTENTION, "", NOW, "UTC").total == 1

    def test_it_is_told_on_the_timeline(self) -> None:
        steps = timeline(builders.unknown(message(id="m")), NOW, message(id="m~1"))
        assert [step.word for step in steps][-2:] == ["Not certain", "Sent again"]

    @pytest.mark.parametrize(
        ("of", "id_"), [("m", "m~1"), ("m~1", "m~2"), ("a~b", "a~b~1"), ("m~x1", "m~x1~1"), ("m~²", "m~²~1")]
    )
    def test_its_id_is_the_next_free_number(self, of: str, id_: str) -> None:
        assert next_id(of, {"m~1"} if of == "m~1" else set()) == id_


def test_the_timeline_tells_what_a_person_said() -> None:
    last = timeline(builders.unknown(message(verdict=Verdict.ARRIVED)), in_(hours=2))[-1]
    assert (last.word, last.note) == ("Settled by you", "You said that it arrived.")


def test_what_has_begun_can_no_longer_be_changed() -> None:
    stands = standing(builders.begun(message()), NOW)
    assert not any((stands.can_edit, stands.can_cancel, stands.can_repeat))


def test_a_cancel_can_be_undone_until_its_time() -> None:
    assert standing(cancelled(), NOW).can_restore
    assert not standing(cancelled(), in_(hours=2)).can_restore


def test_the_timeline_tells_how_late_each_step_was() -> None:
    steps = timeline(builders.read(message()), in_(hours=2))
    assert [step.word for step in steps] == [
        "Written and stored", "Claimed by the session host", "Begun", "Sent", "Delivered", "Read",
    ]  # fmt: skip
    assert steps[3].note == "200 ms after its second"
    assert all(step.done for step in steps)


def test_the_timeline_of_a_failure_ends_with_its_reason() -> None:
    last = timeline(builders.failed(message(), reason="This number is not on WhatsApp."), in_(hours=2))[-1]
    assert (last.word, last.note, last.bad) == ("Failed", "This number is not on WhatsApp.", True)


def test_the_agenda_begins_with_what_leaves_next_and_groups_by_the_owners_days() -> None:
    late = message(send_at=in_(minutes=-5), text="late")
    soon, tomorrow = message(send_at=in_(hours=1)), message(send_at=in_(hours=13))
    found = agenda([tomorrow, soon, late, cancelled()], Show.UPCOMING, "", NOW, "Europe/London")
    assert found.next_up == soon
    assert [(day.title, len(day.messages)) for day in found.days] == [("Today", 2), ("Tomorrow", 1)]


def test_the_agenda_of_another_zone_has_other_days() -> None:
    found = agenda([message(send_at=in_(hours=13)), message()], Show.ALL, "", NOW, "Asia/Tokyo")
    assert [day.title for day in found.days] == ["Tomorrow", "Today"]


def test_what_has_just_been_sent_is_still_there() -> None:
    sent = builders.sent(message(send_at=in_(minutes=-1)))
    assert agenda([sent], Show.UPCOMING, "", NOW, "UTC").just_now == (sent,)
    assert agenda([sent], Show.UPCOMING, "", in_(hours=1), "UTC").just_now == ()


def test_searching_finds_people_and_words_whatever_their_accents() -> None:
    one, other = message(contact_name="Dóra", text="Invoice"), message(text="Bins")
    for typed in ("dora", "INVOICE", "invoice dora"):
        assert agenda([one, other], Show.ALL, typed, NOW, "UTC").total == 1


def test_attention_counts_also_while_another_filter_shows() -> None:
    found = agenda([builders.failed(message(send_at=in_(-9)))], Show.UPCOMING, "", NOW, "UTC")
    assert (found.total, found.attention) == (0, 1)


def test_no_more_than_a_page_is_listed() -> None:
    found = agenda([message() for _ in range(120)], Show.UPCOMING, "", NOW, "UTC", limit=50)
    assert (found.shown, found.total) == (50, 120)


@pytest.mark.parametrize("typed", ["+44 7700 900001", "07700 900001", "900001", "447700"])
def test_a_message_is_found_by_the_number_it_goes_to(typed: str) -> None:
    assert agenda([message(contact_name=None), message("12025550103")], Show.ALL, typed, NOW, "UTC").total == 1


@given(strategies.message_histories(), st.integers(-200_000, 200_000), st.booleans())
def test_what_needs_attention_at_a_glance_is_what_its_standing_says(
    copies: list[Message], seconds: int, sent_again: bool
) -> None:
    for each in copies:
        said = standing(each, in_(seconds), sent_again=sent_again).attention
        assert needs_attention(each, in_(seconds), sent_again=sent_again) == said


def test_a_listing_made_from_an_earlier_one_is_the_same_as_a_new_one() -> None:
    first, second, third = (
        message(id=name, send_at=in_(hours=hours)) for name, hours in (("a", 1), ("b", 2), ("c", 3))
    )
    before = Listing([first, second, third])
    assert before.found(Show.ALL, "kettle") == [first, second, third]
    now_sent, edited = builders.sent(first), third.edited("web-x-9", text="Changed", send_at=in_(minutes=1))
    after = Listing([second, edited, now_sent], before)
    fresh = Listing([second, edited, now_sent])
    for show in Show:
        assert after.shown(show) == fresh.shown(show)
    assert after.found(Show.ALL, "kettle") == [now_sent, second]
    assert after.stamp == fresh.stamp != before.stamp
    assert after.worrying(in_(hours=4)) == [edited, second]
    assert after.ended_within(timedelta(minutes=10), in_(hours=1, minutes=1)) == [now_sent]

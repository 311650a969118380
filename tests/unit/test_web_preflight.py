"""The list before a message leaves, as a pure decision: what stops it, what is only said, what is not known."""

from datetime import timedelta

import pytest

from shared.model.content import Media
from shared.model.link import Link
from shared.model.message import Message
from shared.model.occurrences import Occurrence
from shared.model.pace import Forecast
from tests import builders
from tests.builders import NOW, in_, link_status, message, sent
from tests.cast import ALICE, BOB, CHARLIE, DORA, EVE, GROUP
from web import preflight, texts
from web.host_watch import Reading
from web.preflight import For, Known, Level, Meant, Row

AT = in_(hours=2)
PEOPLE = tuple(For(each.number, each.name, "Hello") for each in (ALICE, BOB, CHARLIE, DORA, EVE))
MEANT = Meant(PEOPLE[:1], (Occurrence(AT.replace(tzinfo=None), AT),), "Europe/London")
KNOWN = Known(NOW, (), Reading(NOW, link_status()), Forecast(begins_at=AT))


def row(title: str, meant: Meant = MEANT, known: Known = KNOWN) -> Row:
    (found,) = [each for each in preflight.check(meant, known) if each.title == title]
    return found


def test_a_good_one_is_good_all_through() -> None:
    rows = preflight.check(MEANT, KNOWN)
    assert {each.level for each in rows} == {Level.GOOD}
    assert (preflight.level(rows), preflight.summary(rows)) == (Level.GOOD, "Nothing stands in its way.")


def test_only_the_form_itself_can_stop_it() -> None:
    down = Reading(NOW, link_status(Link.BANNED))
    waits = Forecast(begins_at=in_(days=2), reason="Enough.", stranger=True, quiet="22:00 to 08:00")
    failing = builders.failed(message(ALICE, send_at=in_(days=-1)))
    worst = Known(NOW, (failing, message(ALICE, text="Hello", send_at=AT)), down, waits)
    rows = preflight.check(MEANT, worst)
    assert [each.level for each in rows] == [Level.GOOD, Level.GOOD, *[Level.LOOK] * 5]
    assert preflight.summary(rows).startswith("5 things to look at; it can be scheduled")
    wrong = preflight.check(MEANT._replace(errors={"to": "Who?", "when": "When?"}), worst)
    assert [each.field for each in wrong if each.level is Level.STOPS] == ["to", "when"]
    assert preflight.summary(wrong) == "2 things stop it."


def test_what_nobody_has_come_to_is_open_and_what_is_wrong_beside_it_stops() -> None:
    empty = Meant(errors={"to": "Who?", "text": "What?", "time": "When?"}, untouched=frozenset({"to", "text", "time"}))
    rows = preflight.check(empty, KNOWN)
    assert {each.level for each in rows} == {Level.OPEN, Level.GOOD}
    assert (preflight.level(rows), preflight.summary(rows)) == (Level.OPEN, "Checked as you write.")
    down = preflight.check(empty, KNOWN._replace(reading=Reading(NOW, link_status(Link.UNLINKED))))
    assert preflight.level(down) is Level.LOOK, "what is to be looked at is said as soon as it is known"
    assert row("Fields", empty._replace(errors={"to": "Who?", "if_late": "How?"})).level is Level.STOPS


@pytest.mark.parametrize(
    ("known", "level", "beginning"),
    [
        ([sent(message(BOB))], Level.UNKNOWN, "Nothing was sent"),
        ([builders.read(message(ALICE))], Level.GOOD, "A phone has confirmed"),
        ([sent(message(ALICE))], Level.UNKNOWN, "No phone has confirmed"),
        ([builders.failed(message(ALICE))], Level.LOOK, "The last message to this number failed: This number is not"),
        ([builders.failed(message(ALICE)), builders.read(message(ALICE))], Level.GOOD, "A phone has confirmed"),
        ([builders.failed(message(ALICE)), sent(message(ALICE, send_at=in_(days=1)))], Level.UNKNOWN, "No phone"),
        ([message(ALICE)], Level.UNKNOWN, "Nothing was sent"),
    ],
)
def test_whether_somebody_is_on_whatsapp_is_what_was_seen(known: list[Message], level: Level, beginning: str) -> None:
    found = row("On WhatsApp", known=KNOWN._replace(messages=known, forecast=None))
    assert found.level is level
    assert found.sentence.startswith(beginning)


def test_who_wrote_a_group_and_whom_the_host_knows_are_on_whatsapp() -> None:
    silent = KNOWN._replace(forecast=None)
    assert row("On WhatsApp", known=silent._replace(heard=frozenset({ALICE.number}))).level is Level.GOOD
    assert row("On WhatsApp", MEANT._replace(people=(For(GROUP, "Choir"),)), silent).level is Level.GOOD
    assert row("On WhatsApp").sentence == "The session host has written to this number before."


def test_of_several_those_who_are_not_known_are_named_and_counted() -> None:
    everybody = MEANT._replace(people=PEOPLE)
    found = row("On WhatsApp", everybody, KNOWN._replace(heard=frozenset({BOB.number})))
    assert (found.level, found.word) == (Level.UNKNOWN, "Not known")
    assert "to Charlie, Dóra Ødegård, Eve" in found.sentence
    failing = builders.failed(message(EVE, send_at=in_(days=-1)))
    assert "failed" in row("On WhatsApp", everybody, KNOWN._replace(messages=[failing])).sentence


def test_the_most_alike_of_what_waits_is_named() -> None:
    near = message(ALICE, id="near", text="Other", send_at=AT + timedelta(seconds=40))
    same = message(ALICE, id="same", text="Hello", send_at=in_(days=3))
    both = message(ALICE, id="both", text="Hello", send_at=AT)
    others = [
        message(BOB, text="Hello", send_at=AT),
        message(ALICE, text="Other", send_at=AT + timedelta(seconds=60)),
        message(ALICE, text="Hello", send_at=AT, cancelled=True),
        sent(message(ALICE, text="Hello", send_at=AT)),
    ]
    for waiting, expected in (([near, same, both], "both"), ([near, same], "same"), ([near], "near"), ([], "")):
        found = row("Duplicate", known=KNOWN._replace(messages=[*others, *waiting]))
        assert found.message_id == expected
        assert found.level is (Level.LOOK if expected else Level.GOOD)
    assert row("Duplicate", known=KNOWN._replace(messages=None)).level is Level.UNKNOWN
    own = [both, message(ALICE, id="both@2026-11-22T14:00", text="Hello", send_at=AT)]
    assert row("Duplicate", MEANT._replace(own="both"), KNOWN._replace(messages=own)).level is Level.GOOD


def test_the_other_dates_of_a_series_are_no_duplicates_of_the_one_that_is_edited_but_in_its_minute() -> None:
    sibling = message(ALICE, id="weekly@2026-11-29T14:00", text="Hello", send_at=in_(days=7))
    edited = MEANT._replace(own="weekly@2026-11-22T14:00")

    def about(*waiting: Message) -> str:
        return row("Duplicate", edited, KNOWN._replace(messages=waiting)).sentence

    assert about(sibling) == texts.CHECK_NO_DUPLICATE
    assert "Another message to Alice is scheduled for that minute" in about(sibling.evolve(send_at=AT))
    assert "The same text to Alice" in about(sibling, sibling.evolve(id="monthly@2026-11-29T14:00"))
    assert "The same text to Alice" in about(sibling, sibling.evolve(id="alone"))


def test_two_without_a_text_are_not_the_same_text() -> None:
    empty = MEANT._replace(people=(For(ALICE.number, "Alice"),))
    found = row("Duplicate", empty, KNOWN._replace(messages=[message(ALICE, text="", send_at=in_(days=1))]))
    assert found.level is Level.GOOD


def test_the_same_file_is_the_same_whatever_it_is_called_and_another_file_is_not() -> None:
    file = Media(kind="document", media="a" * 64, mime="application/pdf", size=9)
    waits = message(ALICE, id="waits", text="Hello", attachment=file.evolve(name="a.pdf"), send_at=in_(days=1))

    def said(text: str, attachment: Media | None, waiting: Message = waits) -> str:
        person = For(ALICE.number, "Alice", text, attachment=attachment)
        return row("Duplicate", MEANT._replace(people=(person,)), KNOWN._replace(messages=[waiting])).sentence

    assert said("Hello", file.evolve(name="b.pdf")).startswith("The same file and text to Alice")
    assert said("", file, waits.evolve(text="")).startswith("The same file to Alice")
    nothing = texts.CHECK_NO_DUPLICATE
    assert {said("Hello", None), said("Hello", file.evolve(media="b" * 64)), said("", file)} == {nothing}


@pytest.mark.parametrize(
    ("reading", "level", "words"),
    [
        (None, Level.UNKNOWN, "not said yet"),
        (Reading(NOW), Level.UNKNOWN, "not said yet"),
        (Reading(NOW, problem="No answer."), Level.LOOK, "does not answer"),
        (Reading(NOW, link_status(), standing="Another leads."), Level.LOOK, "Another leads."),
        (Reading(NOW, link_status(Link.RECONNECTING)), Level.LOOK, "waits for it"),
        (Reading(NOW, link_status(Link.PHONE_SILENT)), Level.GOOD, "not been seen for twelve days"),
    ],
)
def test_the_link_says_what_the_host_said(reading: Reading | None, level: Level, words: str) -> None:
    found = row("Link", known=KNOWN._replace(reading=reading))
    assert found.level is level
    assert words in found.sentence


def test_a_field_that_is_empty_for_some_of_several_is_only_said() -> None:
    people = (PEOPLE[0], PEOPLE[1]._replace(empty=("alias", "notes")))
    found = row("Fields", MEANT._replace(people=people))
    assert (found.level, found.field) == (Level.LOOK, "text")
    assert "alias, notes of Bob" in found.sentence


def test_several_leave_one_after_the_other() -> None:
    found = row("Pace", MEANT._replace(people=PEOPLE), KNOWN._replace(queue="They leave in turn."))
    assert found.word == "One after the other"
    assert found.sentence == "They leave in turn. The first: It leaves at its second."

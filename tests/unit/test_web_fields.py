"""Fields in a text, and whom a To field means that names several."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.contact import Phone
from tests.builders import contact, in_, message, sent
from tests.cast import ALICE, BOB, CHARLIE, DORA, GROUP
from web import several, texts
from web.draft import Draft
from web.fields import fill, literal, values_of
from web.search import ContactIndex

DORA_SMITH = contact(DORA, name="Dóra Anna Ødegård", aliases=("Dodo",), tags=("choir", "family"), notes="Alto")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hi {{first_name}}!", "Hi Dóra!"),
        ("{{ First Name }} {{LAST-NAME}}", "Dóra Ødegård"),
        (
            "{{name}}, {{alias}}, {{tag}}, {{number}}, {{notes}}",
            "Dóra Anna Ødegård, Dodo, choir, +49 171 3920004, Alto",
        ),
        ("{{alias|friend}}", "Dodo"),
        ("\\{{name}} {{7*7}} {{}} {name} {{a|b|c}} ${7*7}", "{{name}} {{7*7}} {{}} {name} {{a|b|c}} ${7*7}"),
    ],
)
def test_a_field_is_filled_and_nothing_else_is(text: str, filled: str) -> None:
    assert fill(text, values_of(DORA_SMITH)).text == filled


def test_what_is_empty_or_unknown_is_named() -> None:
    nobody = values_of(None, ALICE.number)
    assert fill("{{first_name}}{{name|you}} {{number}}", nobody) == ("you +44 7700 900001", ("first_name",), ())
    assert fill("{{nme}}, {{name}}", values_of(contact(ALICE))) == ("{{nme}}, Alice", (), ("nme",))


def test_what_a_field_holds_is_never_filled_again() -> None:
    assert fill("{{name}}", {"name": "{{notes}}", "notes": "secret"}).text == "{{notes}}"


@given(st.text(alphabet="{}|\\ namex_\n", max_size=30))
def test_a_text_made_literal_is_what_it_was(text: str) -> None:
    assert fill(literal(text), values_of(DORA_SMITH)).text == text


NICK = contact(id="none", name="Nick", phones=(), tags=("choir",))
INDEX = ContactIndex({each.id: each for each in (contact(ALICE, tags=("Choir",)), contact(BOB), DORA_SMITH, NICK)})


def numbers(typed: str) -> list[str]:
    found = several.people_of(typed, INDEX, "GB")
    assert found.problem == ""
    return [person.number for person in found.people]


def test_names_numbers_groups_and_tags_are_each_once() -> None:
    assert numbers("Bob; #choir, +44 7700 900001;\n alice") == [BOB.number, ALICE.number, DORA.number]
    assert numbers(f"Whoever <+1 202-555-0103>; {GROUP}") == [CHARLIE.number, GROUP]
    chosen = several.people_of("#CHOIR", INDEX, "GB")
    assert [person.tag for person in chosen.people] == ["Choir", "choir"]
    assert [each.name for each in chosen.unreachable] == ["Nick"]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [("Bob; Ali", "Did you mean Alice <"), ("Bob; Zed", "“Zed” is nobody"), ("Bob; #none", "Nobody has the tag “none”"),
     ("Bob; 12", "“12” is nobody"), ("#", "Nobody has the tag"), ("Bob; " + "x" * 9999, "is nobody")],
)  # fmt: skip
def test_who_is_not_understood_is_named(typed: str, sentence: str) -> None:
    assert sentence in several.people_of(typed, INDEX, "GB").problem


def test_hundreds_of_people_are_the_most() -> None:
    typed = ";".join(f"+4477009{number:05}" for number in range(several.MOST + 1))
    assert "301 people" in several.people_of(typed, INDEX, "GB").problem


def test_one_person_is_not_several() -> None:
    comma = contact(ALICE, id="comma", name="Smith, Alice")
    index = ContactIndex({"comma": comma})
    assert not several.meant("Smith, Alice", index)
    assert not several.meant("Alice", INDEX)
    assert several.meant("Alice, Bob", INDEX)
    assert several.meant("#choir", INDEX)
    assert numbers(f"Bob; {several.addressed(DORA_SMITH)}") == [BOB.number, DORA.number]


def test_a_line_says_what_to_look_at() -> None:
    at = in_(hours=2)
    wanted = Draft(
        to=ALICE.number, contact_name=None, text="", send_at=at, wall_time="2026-11-22T14:00:00", zone="Europe/London"
    )
    people = several.people_of("Alice; Bob; +12025550103", INDEX, "GB").people
    waiting = [message(ALICE, text="Hi Alice", send_at=at), message(BOB, text="Other", send_at=in_(30, hours=2))]
    past = sent(message(BOB, send_at=in_(days=-1)))
    alice, bob, other = several.lines(people, "Hi {{first_name}}", wanted, [*waiting, past])
    assert (alice.warnings, alice.note) == (
        (texts.DUPLICATE_BOTH.format(what="text", name="Alice"),),
        texts.NOT_WRITTEN_TO,
    )
    (warning,) = bob.warnings
    assert warning == "Another message to Bob is scheduled for that minute: Sun 22 Nov 2026, 14:00:30."
    assert bob.note == ""
    assert other.warnings == (texts.EMPTY_FIELD.format(name="first_name"),)
    (empty,) = several.lines(people[2:], "{{name}}", wanted, [])
    assert empty.problem == texts.EMPTY_TEXT


def test_two_numbers_of_one_person_are_one_message() -> None:
    both = contact(ALICE, phones=(Phone(number=ALICE.number), Phone(number=BOB.number)), tags=("two",))
    found = several.people_of("#two", ContactIndex({both.id: both}), "GB")
    assert [person.number for person in found.people] == [ALICE.number]

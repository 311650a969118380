"""Finding people, and the one person a To field means."""

import pytest

from shared.model.contact import Phone
from shared.model.folding import fold
from tests.builders import contact
from tests.cast import ALICE, BOB, DORA, EVE, EVERYBODY, GROUP, Person
from web.recipients import Unresolved, resolve
from web.search import ContactIndex


def index(*more: Person) -> ContactIndex:
    people = [contact(person) for person in (*EVERYBODY, *more)]
    return ContactIndex({each.id: each for each in people})


def names(typed: str, found: ContactIndex | None = None) -> list[str]:
    return [each.name for each in (found or index()).search(typed)]


@pytest.mark.parametrize("typed", ["dora", "DÓRA", "odegard", "Dóra Øde", "+49 171 3920", "0171 3920", "392 0004"])
def test_a_person_is_found_by_names_without_accents_and_by_digits(typed: str) -> None:
    assert names(typed) == [DORA.name]


def test_favourites_come_first_then_names() -> None:
    people = [contact(ALICE), contact(BOB, favourite=True)]
    assert names("", ContactIndex({each.id: each for each in people})) == ["Bob", "Alice"]


def test_an_alias_finds_too_and_a_deleted_contact_is_gone() -> None:
    people = [contact(ALICE, aliases=("Mum",)), contact(BOB, deleted_at="2026-11-22T12:00:00Z")]
    found = ContactIndex({each.id: each for each in people})
    assert names("mum", found) == ["Alice"]
    assert names("bob", found) == []


def test_the_beginning_of_a_name_ranks_before_its_middle() -> None:
    assert names("li", index(Person("Lina", "447700900010")))[:2] == ["Lina", "Alice"]


def test_invisible_characters_do_not_hide_a_name() -> None:
    assert fold(EVE.name) == 'eve <script>alert("eve")</script>🙂'


@pytest.mark.parametrize("typed", ["07700 900001", "+44 7700 900001", "00447700900001", "447700900001", ALICE.jid])
def test_a_number_is_who_has_it(typed: str) -> None:
    found = resolve(typed, "", index(), "GB")
    assert (str(found.address), found.name) == (ALICE.number, "Alice")


def test_a_group_is_an_address_too() -> None:
    assert str(resolve(GROUP, "", index(), "GB").address) == GROUP


def test_a_name_only_one_person_has_is_that_person() -> None:
    assert str(resolve("alice", "", index(), "GB").address) == ALICE.number


def test_a_name_two_people_have_is_asked_back() -> None:
    with pytest.raises(Unresolved, match="Which one") as asked:
        resolve("Alice", "", index(Person("alice", "447700900077")), "GB")
    assert len(asked.value.candidates) == 2


def test_somebody_with_two_numbers_is_asked_back() -> None:
    both = contact(ALICE, phones=(Phone(number=ALICE.number), Phone(number="447700900078", label="work")))
    with pytest.raises(Unresolved, match="Which one") as asked:
        resolve("Alice", "", ContactIndex({both.id: both}), "GB")
    assert [each.label for each in asked.value.candidates] == [None, "work"]


def test_the_beginning_of_a_name_is_never_a_guess() -> None:
    with pytest.raises(Unresolved, match="Did you mean") as asked:
        resolve("Ali", "", index(), "GB")
    assert asked.value.candidates[0].name == "Alice"
    chosen = asked.value.candidates[0].picked
    assert str(resolve("Ali", chosen, index(), "GB").address) == ALICE.number


def test_what_was_picked_counts_only_for_the_text_it_was_picked_for() -> None:
    picked = f"{ALICE.number}|Alice"
    assert str(resolve("Bob", picked, index(), "GB").address) == BOB.number


@pytest.mark.parametrize(
    "typed", ["", "nobody", "12", "0770", "+44 7700", "9" * 40, "x" * 10_000, "a@b.example", "\u202e"]
)
def test_nobody_is_a_sentence(typed: str) -> None:
    with pytest.raises(Unresolved) as refused:
        resolve(typed, "", index(), "GB")
    assert str(refused.value).strip().endswith((".", "?"))

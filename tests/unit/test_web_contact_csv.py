"""Tables of contacts: the columns are found, nothing is guessed into a number, and nothing runs in a spreadsheet."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.model.contact import Phone
from tests.builders import contact
from tests.cast import ALICE, BOB
from web import contact_csv, contact_import
from web.contact_files import Raw, Refused, Trouble
from web.contact_merge import Person


def people(text: str | bytes) -> tuple[Person, ...]:
    return contact_import.read(text.encode() if isinstance(text, str) else text, "GB").people


GOOGLE = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Nickname,Notes,Labels,E-mail 1 - Value,Phone 1 - Label,"
    "Phone 1 - Value,Phone 2 - Label,Phone 2 - Value\n"
    'Alice,,Smith,,Al,"Tea,\nno milk",* myContacts ::: family ::: * starred,a@b.example,Work,020 7946 0018,* Mobile,'
    "+44 7700 900001\n"
)
OLD_GOOGLE = (
    "Name,Given Name,Family Name,Nickname,Notes,Group Membership,Phone 1 - Type,Phone 1 - Value\n"
    "Alice Smith,Alice,Smith,Al,,* myContacts ::: family,Mobile,07700 900001 ::: 020 7946 0018\n"
)
OUTLOOK = (
    '"Title","First Name","Last Name","Company","Business Fax","Business Phone","Mobile Phone","Categories",'
    '"Nickname"\r\n'
    '"Ms","Alice","Smith","Acme","020 7946 0099","020 7946 0018","07700 900001","family","Al"\r\n'
)
GERMAN = (
    "Vorname;Nachname;Mobil;Telefon geschäftlich;Gruppen;Spitzname\nAlice;Smith;07700 900001;020 7946 0018;family;Al\n"
)
TABS = "Name\tPhone\tHome phone\tTags\tNickname\nAlice Smith\t07700 900001\t020 7946 0018\tfamily\tAl\n"


ROWS = "Alice,07700 900001\nBob,07700 900002\n"
HEADLESS = {
    "no header": ROWS,
    "an unknown header": f"Wer,Wohin\n{ROWS}",
    "sep=": "sep=;\n" + ROWS.replace(",", ";"),
}


@pytest.mark.parametrize("table", HEADLESS.values(), ids=HEADLESS)
def test_without_a_known_header_the_content_says_what_is_what(table: str) -> None:
    assert [(each.name, each.phones[0].number) for each in people(table)] == [
        ("Alice", ALICE.number),
        ("Bob", BOB.number),
    ]


def test_a_table_without_numbers_is_refused_with_its_columns() -> None:
    with pytest.raises(Refused, match="“Name”, “E-mail”"):
        people("Name,E-mail\nAlice,a@b.example\n")


def test_what_cannot_be_read_is_named_by_its_line_and_the_rest_goes_on() -> None:
    table = 'Name,Phone\nAlice,07700 900001\n"Bob" x,07700 900002\nNobody,\nWrong,12\n'
    table += 'Charlie,+1 202 555 0103\nOpen,"07700\n'
    reading = contact_import.read(table.encode(), "GB")
    assert [person.name for person in reading.people] == ["Alice", "Charlie"]
    assert [(each.line, each.who) for each in reading.troubles] == [(3, ""), (4, "Nobody"), (5, "Wrong"), (7, "")]
    assert reading.unread == 4


def test_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_csv, "MOST_PEOPLE", 50)
    with pytest.raises(Refused, match="50 people"):
        people("Name,Phone\n" + "A,07700900001\n" * (55))
    with pytest.raises(Refused, match="8 MB"):
        people("Name,Phone\n" + "x" * 9_000_000)
    with pytest.raises(Refused, match="neither"):
        people(b"PK\x03\x04" + b"\0" * 100)
    rows = list(contact_csv.read(("Phone\n" + "," * 5000 + "\n07700900001\n").encode()).found)
    assert [type(each) for each in rows] in ([Raw], [Trouble, Raw])
    reading = contact_import.read(("Phone\n" + f'"{"07700900001;" * 500}"\n').encode(), "GB")
    assert (reading.people, reading.unread) == ((), 1)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="Phone,;\t\"\n\r'=+0769 \x00\ud7ff🙂-@:|", max_size=120) | st.text(max_size=60))
def test_garbage_is_a_person_a_trouble_or_refused(text: str) -> None:
    with suppress(Refused):
        for person in people(f"Name,Phone\n{text}"):
            assert person.phones
            person.model_dump_json()


RUNS = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", "\t=1", " =1", "'quoted", "＝1"])  # noqa: RUF001
def test_nothing_that_is_exported_runs_as_a_formula(name: str) -> None:
    odd = contact(name=name, notes=name, tags=(name.strip(),), phones=(Phone(number=ALICE.number, label=name),))
    data = b"".join(contact_csv.print_table([odd])).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(data, newline=""))
    for column, cell in zip(head, row, strict=True):
        if column == "Phone 1 - Value":
            assert cell == "+44 7700 900001"  # digits and spaces alone, which compute nothing
        else:
            assert not cell.lstrip(" ").startswith(tuple(RUNS)), column
    (again,) = people(data)
    assert (again.name, again.tags) == (odd.name.strip(), odd.tags)


def test_what_a_person_says_of_a_column_counts_and_the_rest_stays_guessed() -> None:
    data = b"Name,Phone 1 - Type,Phone 1 - Value,Memo,Fax\nAlice,Work,+44 7700 900001,Tea,+44 7700 900002\n"
    guessed = contact_import.read(data, "GB")
    assert [each.kind for each in guessed.table] == ["name", "label", "phone", "", ""]
    assert guessed.table[3].examples == ("Tea",)
    read = contact_import.read(data, "GB", {0: "alias", 3: "name", 4: "phone", 2: "phone", 77: "phone"})
    (person,) = read.people
    assert (person.name, person.aliases) == ("Tea", ("Alice",))
    assert person.phones == (Phone(number=ALICE.number, label="work"), Phone(number=BOB.number))
    assert [each.kind for each in read.table] == ["alias", "label", "phone", "name", "phone"]
    assert contact_import.read(data, "GB", {3: "<script>"}).table[3].kind == ""
    with pytest.raises(Refused, match="Choose the column"):
        contact_import.read(data, "GB", {2: ""})


def test_columns_without_headers_are_numbered_and_can_be_chosen_too() -> None:
    data = b"x,Alice,+44 7700 900001\ny,Bob,+44 7700 900002\n"
    assert [(each.name, each.kind) for each in contact_import.read(data, "GB").table] == [
        ("Column 1", "name"),
        ("Column 2", ""),
        ("Column 3", "phone"),
    ]
    chosen = contact_import.read(data, "GB", {0: "", 1: "name"})
    assert [each.name for each in chosen.people] == ["Alice", "Bob"]

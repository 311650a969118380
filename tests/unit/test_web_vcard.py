"""vCards as phones write them, and as nobody should: what is read of each, and no file costs more than its size."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.model.contact import Phone
from tests.builders import contact
from tests.cast import ALICE, EVE
from web import contact_import, texts, vcard
from web.contact_files import LONGEST_VALUE, Raw, Refused, Trouble


def one(text: str | bytes) -> Raw:
    """The only person in this card's fields."""
    data = text.encode() if isinstance(text, str) else text
    (found,) = vcard.read(b"BEGIN:VCARD\r\n" + data.strip() + b"\r\nEND:VCARD\r\n")
    assert isinstance(found, Raw)
    return found


CARDS = {
    "3.0": "VERSION:3.0\nFN:Alice\nN:Smith;Alice;;;\nTEL;TYPE=CELL:+44 7700 900001",
    "4.0 with a uri": 'VERSION:4.0\nFN:Alice\nTEL;VALUE=uri;TYPE="cell,voice":tel:+44-7700-900001;ext=5',
    "2.1": "VERSION:2.1\nN:;Alice\nTEL;CELL:+447700900001",
    "quoted-printable": "VERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=41=6C=69=\n=63=65\n"
    "TEL;CELL:+447700900001",
    "folded": "VERSION:3.0\nFN:Al\n ice\nTEL;TYPE=CELL:+44 77\n 00 900001",
    "folded by a tab": "VERSION:3.0\nFN:Al\n\tice\nTEL;TYPE=CELL:+447700900001",
    "Apple's groups": "VERSION:3.0\nFN:Alice\nitem1.TEL:+44 7700 900001\nitem1.X-ABLabel:_$!<Mobile>!$_",
    "WhatsApp's own": "VERSION:3.0\nFN:Alice\nitem1.TEL;waid=447700900001:+44 7700 900001\nitem1.X-ABLabel:Mobile",
    "lower case": "version:3.0\nfn:Alice\ntel;type=cell:+447700900001",
    "a colon within quotes": 'VERSION:4.0\nFN;SORT-AS="a:b":Alice\nTEL;TYPE=cell:+447700900001',
    "a photo that is folded": "VERSION:3.0\nFN:Alice\nPHOTO;ENCODING=b:AAAA\n BBBB\n CCCC\nTEL;TYPE=CELL:+447700900001",
    "a photo that is not": "VERSION:2.1\nFN:Alice\nPHOTO;BASE64:AAAA\nBBBBTEL\nCCCC==\n\nTEL;CELL:+447700900001",
    "a card within": "VERSION:2.1\nFN:Alice\nAGENT:\nBEGIN:VCARD\nFN:Bob\nTEL:1\nEND:VCARD\nTEL;CELL:+447700900001",
}


@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"], ids=["crlf", "lf", "cr"])
@pytest.mark.parametrize("case", CARDS)
def test_every_kind_of_card_is_the_same_person(case: str, ends: str) -> None:
    found = one(CARDS[case].replace("\n", ends))
    assert found.name == "Alice"
    ((typed, label),) = found.numbers
    assert ("".join(filter(str.isdigit, typed)), label.lower()) == (ALICE.number, "mobile")


CHARSETS = {
    "utf-8": "Dóra Ødegård".encode(),
    "latin-1 that nobody names": "Dóra Ødegård".encode("latin-1"),
    "a named one": b";CHARSET=KOI8-R:" + "Дора".encode("koi8-r"),
    "one that unpacks": b";CHARSET=zlib:" + "Dóra Ødegård".encode(),
    "one that executes": b";CHARSET=unicode_escape:" + "Dóra Ødegård".encode(),
}


@pytest.mark.parametrize("case", CHARSETS)
def test_names_keep_their_letters(case: str) -> None:
    value = CHARSETS[case]
    line = b"FN" + (value if value.startswith(b";") else b":" + value)
    assert one(line + b"\nTEL:+447700900001").name in ("Dóra Ødegård", "Дора")


def test_a_letter_folded_in_the_middle_is_whole_again() -> None:
    name = "Dóra".encode()
    assert one(b"FN:" + name[:2] + b"\r\n " + name[2:] + b"\nTEL:1").name == "Dóra"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf16_is_read(encoding: str) -> None:
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Дора\r\nTEL:+447700900001\r\nEND:VCARD\r\n"
    (person,) = contact_import.read(card.encode(encoding), "GB").people
    assert (person.name, person.phones[0].number) == ("Дора", ALICE.number)


def test_what_is_kept_and_what_comes_first() -> None:
    found = one(
        "VERSION:3.0\nN:Smith;Alice;B.;Dr;\nNICKNAME:Al,Mum\nTEL;TYPE=HOME,FAX:1\nTEL;TYPE=WORK:2\nTEL;TYPE=CELL:3\n"
        "TEL;TYPE=HOME,PREF:4\nCATEGORIES:family,myContacts,starred\nNOTE:Tea\\, no milk\\nBiscuits\nEMAIL:a@b.example"
    )
    assert (found.name, found.aliases, found.tags, found.favourite) == (
        "Alice B. Smith",
        ("Al", "Mum"),
        ("family",),
        True,
    )
    assert found.numbers == (("4", "home"), ("3", "mobile"), ("2", "work"), ("1", "fax"))
    assert found.notes == "Tea, no milk\nBiscuits"


def card(*lines: str) -> bytes:
    return "\r\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD", ""]).encode()


def test_what_cannot_be_read_is_named_by_its_line_and_the_rest_goes_on() -> None:
    data = card("FN:Cut short", "TEL:1").removesuffix(b"END:VCARD\r\n") + card("FN:Alice", "TEL:2", "no field at all")
    assert list(vcard.read(data)) == [
        Trouble(1, texts.VCARD_NO_END, "Cut short"),
        Trouble(9, texts.NO_VCARD_FIELD, lost=False),
        Raw(5, "Alice", (("2", ""),)),
    ]


def test_a_field_that_is_far_too_long_is_left_out_and_said() -> None:
    data = card("FN:Alice", "TEL:+447700900001", f"NOTE:{'x' * LONGEST_VALUE}", "PHOTO:" + "y" * 1_000_000)
    reading = contact_import.read(data, "GB")
    assert [person.name for person in reading.people] == ["Alice"]
    assert [(each.line, each.who) for each in reading.troubles] == [(5, "Alice")]
    assert reading.unread == 0


def test_bombs_are_refused_or_cost_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vcard, "MOST_PEOPLE", 50)
    with pytest.raises(Refused, match="within cards"):
        list(vcard.read(b"BEGIN:VCARD\n" + b"AGENT:\nBEGIN:VCARD\n" * 10_000))
    with pytest.raises(Refused, match="50 people"):
        list(vcard.read(card("TEL:1") * (51)))
    with pytest.raises(Refused, match="1,000,000 lines"):
        list(vcard.read(b"\n" * 1_000_001))
    (many,) = vcard.read(card(*(f"TEL:{number}" for number in range(400))))
    assert isinstance(many, Trouble)
    assert len(list(vcard.read(b"BEGIN:VCARD\n" + b"stray\n" * 50_000))) == 50_001
    endless = ["NOTE;ENCODING=QUOTED-PRINTABLE:=", *["x="] * 50_000, ""]
    long, alice = vcard.read(card("FN:Alice", *endless, "TEL:1"))
    assert (isinstance(long, Trouble), isinstance(alice, Raw)) == (True, True)


PIECES = (
    b"BEGIN:VCARD|END:VCARD|VERSION:2.1|FN:A|FN;CHARSET=\xff;ENCODING=QUOTED-PRINTABLE:=4|TEL|TEL:|TEL:+447700900001|"
    b'TEL;TYPE="|item1.TEL;waid=\xb2:1|AGENT:| |\t=|=|:|b;;;:|NOTE;ENCODING=B:===|N:;;;;;;;;;;|PHOTO;BASE64:AA|'
    b"\xff\xfe\x00|TEL;VALUE=uri:tel:%zz%|CATEGORIES:\\|X-ABLABEL:_$!<>!$_"
).split(b"|")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=12), max_size=25))
def test_garbage_is_a_person_a_trouble_or_refused(lines: list[bytes]) -> None:
    with suppress(Refused):
        for person in contact_import.read(b"BEGIN:VCARD\n" + b"\n".join(lines), "GB").people:
            assert person.phones
            person.model_dump_json()


def test_what_is_exported_is_read_again() -> None:
    everything = contact(
        EVE, aliases=("Mum; not Dad", "Al"), tags=("family", "a,b"), notes="One\nTwo \\ three", favourite=True,
        phones=(Phone(number=EVE.number, label="mobile"), Phone(number=ALICE.number, label="Her sister")),
    )  # fmt: skip
    data = b"".join(vcard.print_cards([everything]))
    assert max(map(len, data.split(b"\r\n"))) <= 75
    (person,) = contact_import.read(data, "GB").people
    assert person.name == everything.name.replace("\u202e", " ")
    for name in ("phones", "aliases", "tags", "notes", "favourite"):
        assert getattr(person, name) == getattr(everything, name)

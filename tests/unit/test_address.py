"""WhatsApp addresses: one parser, one printer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.address import Address, BadAddress, Kind, masked, parse, pretty


@pytest.mark.parametrize(
    ("typed", "country", "stored"),
    [
        ("+44 7957 189696", None, "447957189696"),
        ("07957 189696", "GB", "447957189696"),
        ("447957189696", None, "447957189696"),
        ("447957189696", "GB", "447957189696"),
        ("0044 7957 189696", "GB", "447957189696"),
        ("0049 1511 2345678", None, "4915112345678"),
        (" (0151) 1234-5678 ", "DE", "4915112345678"),
        ("447957189696@s.whatsapp.net", None, "447957189696"),
        ("447957189696@c.us", None, "447957189696"),
        ("447957189696:12@s.whatsapp.net", None, "447957189696"),
        ("123456789012345@lid", None, "123456789012345@lid"),
        ("120363041234567890@g.us", None, "120363041234567890@g.us"),
    ],
)
def test_what_a_person_types_becomes_what_is_stored(typed: str, country: str | None, stored: str) -> None:
    assert str(parse(typed, country)) == stored
    assert Address.from_stored(stored) == parse(typed, country)


@pytest.mark.parametrize(
    "typed",
    ["", "hello", "12", "+44 1", "9" * 40, "x@y", "٤٤٧٩٥٧١٨٩٦٩٦@s.whatsapp.net", "1@g.us", "<b>", "0770", "+44 7700"],
)
def test_what_is_no_number_is_refused_with_what_to_type(typed: str) -> None:
    with pytest.raises(BadAddress, match="country code"):
        parse(typed, "GB")


@given(st.text(max_size=60), st.sampled_from([None, "GB", "US", "DE"]))
def test_any_text_is_parsed_or_refused_and_a_parsed_one_reads_back(typed: str, country: str | None) -> None:
    try:
        address = parse(typed, country)
    except BadAddress:
        return
    assert Address.from_stored(str(address)) == address


def test_people_read_numbers_in_groups() -> None:
    assert pretty("447957189696") == "+44 7957 189696"
    assert pretty("120363041234567890@g.us") == "120363041234567890@g.us"
    assert pretty("nonsense") == "nonsense"


def test_logs_see_three_digits_only() -> None:
    assert masked("447957189696@s.whatsapp.net") == "…696"


def test_the_jid_names_its_server() -> None:
    assert Address(kind=Kind.PHONE, user="447957189696").jid == "447957189696@s.whatsapp.net"

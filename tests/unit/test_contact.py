"""Contacts, the old system's among them."""

import pytest

from shared.model.contact import Contact
from tests import builders


@pytest.mark.parametrize(
    "record",
    [
        {"id": "447957189696@c.us", "name": "Zoë"},
        {"id": "c1", "name": "Zoë", "phone": "+44 7957 189696"},
        {"id": "c1", "name": "Zoë", "number": "447957189696"},
        {"id": "c1", "name": "Zoë", "jid": "447957189696@s.whatsapp.net"},
    ],
)
def test_an_old_contact_keeps_its_number_wherever_it_stood(record: dict[str, str]) -> None:
    assert [phone.number for phone in Contact.model_validate(record).phones] == ["447957189696"]


def test_a_contact_of_ours_without_a_phone_gets_none_from_its_id() -> None:
    contact = builders.contact(id="20261122T050732-4172fed4ff", phones=())
    assert Contact.model_validate(contact.as_json()).phones == ()


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"name": "Zoë", "aliases": ["Z"]}, "Zoë"),
        ({"aliases": ["Z"]}, "Z"),
        ({"phone": "447957189696"}, "+447957189696"),
        ({}, "c1"),
    ],
)
def test_a_contact_is_called_by_the_best_name_there_is(fields: dict[str, object], shown: str) -> None:
    assert Contact.model_validate({"id": "c1", **fields}).shown_name == shown


@pytest.mark.parametrize(
    ("record", "numbers"),
    [
        ({"phones": {"primary": "447700900001", "secondary": None}}, ["447700900001"]),
        ({"phones": {"primary": "447700900001", "secondary": "12025550103"}}, ["447700900001", "12025550103"]),
        (
            {"phones": {"primary": "447700900001", "secondary": "12025550103"}, "defaultPhone": "secondary"},
            ["12025550103", "447700900001"],
        ),
        ({"numbers": ["447700900001", "447700900001", "+1 202 555 0103"]}, ["447700900001", "12025550103"]),
        ({"phones": {"primary": None}}, ["447700900002"]),
        ({"phones": {}, "phone": "447700900001"}, ["447700900001"]),
        ({"numbers": [None, 7, "x"]}, []),
        ({"phones": None, "numbers": ["447700900001"]}, ["447700900001"]),
    ],
)
def test_an_old_contact_keeps_all_its_numbers_the_first_is_the_one_to_write_to(
    record: dict[str, object], numbers: list[str]
) -> None:
    contact = Contact.model_validate({"id": "447700900002", "name": "Alice", **record})
    assert [phone.number for phone in contact.phones] == numbers


def test_what_else_an_old_contact_says_is_kept() -> None:
    old = {"id": "447700900001", "name": "Alice", "aliases": ["Al"], "favorite": True, "tags": ["family"]}
    contact = Contact.model_validate(old | {"phones": {"primary": "447700900001"}, "timezone": "Europe/London"})
    assert (contact.aliases, contact.tags, contact.favourite) == (("Al",), ("family",), True)
    again = Contact.model_validate(contact.as_json())
    assert again == contact
    assert again.as_json()["timezone"] == "Europe/London"
    assert Contact.model_validate({"id": "1", "aliases": None, "notes": None}).aliases == ()

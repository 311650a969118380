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

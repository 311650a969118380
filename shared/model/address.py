"""WhatsApp addresses: one parser, one printer.

`to` in a record is digits with country code (as the old system wrote it) or a WhatsApp address with its server.
Only `parse` loads `phonenumbers`, so that the tick, which never parses what a person typed, stays small.
"""

import re
from enum import StrEnum
from typing import Any, Self

from shared.model.sentence import said
from shared.model.values import Value


class Kind(StrEnum):
    """Who is behind an address; the value is the server part of the WhatsApp address."""

    PHONE = "s.whatsapp.net"
    LID = "lid"
    GROUP = "g.us"


_SERVERS = {"s.whatsapp.net": Kind.PHONE, "c.us": Kind.PHONE, "lid": Kind.LID, "g.us": Kind.GROUP}
_USER = {Kind.PHONE: r"[1-9]\d{4,14}", Kind.LID: r"\d{5,20}", Kind.GROUP: r"\d{5,20}(-\d{5,20})?"}

_NO_NUMBER = said("'{typed}' is no phone number: write it with its country code, like +44 7957 189696.")
_TOO_LONG = said("'{typed}' is too long for a phone number: write it with its country code, like +44 7957 189696.")
_TOO_SHORT = said("'{typed}' is too short for a phone number: write it with its country code, like +44 7957 189696.")
_NOT_POSSIBLE = said(
    "'{typed}' is not possible for a phone number: write it with its country code, like +44 7957 189696."
)


class BadAddress(ValueError):
    """What was typed is no phone number or WhatsApp address; the message says what to type instead."""


class Address(Value):
    """A person's phone number or LID, or a group."""

    kind: Kind
    user: str

    @property
    def jid(self) -> str:
        """`447957189696@s.whatsapp.net`"""
        return f"{self.user}@{self.kind.value}"

    def __str__(self) -> str:
        """As stored in `to`: bare digits for a phone number, the full address otherwise."""
        return self.user if self.kind is Kind.PHONE else self.jid

    @classmethod
    def from_stored(cls, to: str) -> Self:
        """Read `to` of a record: digits, or user@server (a device part is dropped). Raises BadAddress."""
        user, at, server = to.strip().partition("@")
        kind = _SERVERS.get(server.lower()) if at else Kind.PHONE
        user = user.lstrip("+").split(":")[0].split(".")[0]
        if kind is None or not re.fullmatch(_USER[kind], user, flags=re.ASCII):
            raise BadAddress(
                said(
                    "'{typed}' is no WhatsApp address: use digits with the country code, like 447957189696.",
                    typed=to[:40],
                )
            )
        return cls(kind=kind, user=user)


def parse(typed: str, country: str | None = None) -> Address:
    """What a person typed, as an address: "+44 7957 189696", "07957 189696" with country "GB", or "...@g.us".

    `country` is an ISO 3166 code used for numbers without a country code. Raises BadAddress with a sentence for people.
    """
    typed = typed.strip()
    if "@" in typed:
        return Address.from_stored(typed)
    import phonenumbers  # 48 MB unpacked: never in the Lambda bundle

    international = f"+{typed[2:]}" if typed.startswith("00") else typed
    text = international if international.startswith("+") or country else f"+{international}"
    try:
        number = phonenumbers.parse(text, country)
        if country and not text.startswith("+") and not _possible(number):
            number = phonenumbers.parse(f"+{text}", None)
    except phonenumbers.NumberParseException:
        raise BadAddress(said(_NO_NUMBER, typed=typed[:40])) from None
    if not _possible(number):
        reasons = phonenumbers.ValidationResult
        sentences = {reasons.TOO_LONG: _TOO_LONG, reasons.INVALID_COUNTRY_CODE: _NOT_POSSIBLE}
        reason = phonenumbers.is_possible_number_with_reason(number)
        raise BadAddress(said(sentences.get(reason, _TOO_SHORT), typed=typed[:40]))
    return Address(kind=Kind.PHONE, user=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:])


def _possible(number: Any) -> bool:
    """Whether it can be dialled from anywhere; what works within one town only is no WhatsApp number."""
    import phonenumbers

    result = phonenumbers.is_possible_number_with_reason(number)
    return bool(result == phonenumbers.ValidationResult.IS_POSSIBLE)


def pretty(to: str) -> str:
    """A stored `to` for people: "+44 7957 189696"; groups and LIDs as they are, what is no address unchanged."""
    try:
        address = Address.from_stored(to)
    except BadAddress:
        return to
    if address.kind is not Kind.PHONE:
        return address.jid
    import phonenumbers

    try:
        number = phonenumbers.parse(f"+{address.user}", None)
    except phonenumbers.NumberParseException:
        return f"+{address.user}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def masked(to: str) -> str:
    """For logs: the last three digits only.

    >>> masked("447957189696")
    '…696'
    """
    return f"…{to.split('@', maxsplit=1)[0][-3:]}"

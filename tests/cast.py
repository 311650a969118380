"""The people in the tests. Their numbers come from ranges kept free for fiction, so nobody can be reached on them.

Ofcom: 07700 900000 to 900999. NANP: 555-0100 to 555-0199. Bundesnetzagentur: 0171 3920000 to 3920099.
ACMA: 0491 570 006 and others.
"""

from typing import NamedTuple


class Person(NamedTuple):
    """Somebody one writes to: a name, and a number in digits with its country code."""

    name: str
    number: str

    @property
    def jid(self) -> str:
        """`447700900001@s.whatsapp.net`"""
        return f"{self.number}@s.whatsapp.net"


OWNER = Person("Olive", "447700900000")
"""Whose WhatsApp account it is."""

ALICE = Person("Alice", "447700900001")
BOB = Person("Bob", "447700900002")
CHARLIE = Person("Charlie", "12025550103")
"""Writes from another continent."""

DORA = Person("Dóra Ødegård", "491713920004")
"""Has letters that must be found without them."""

EVE = Person('Eve <script>alert("eve")</script>\u202e\U0001f642', "61491570006")
"""Chose a hostile name: markup, a right-to-left override, an emoji."""

EVERYBODY = (ALICE, BOB, CHARLIE, DORA, EVE)

GROUP = "120363000000000001@g.us"
"""A group's address."""

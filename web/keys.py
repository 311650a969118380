"""The page's one-key shortcuts, in one place: the help lists them, the settings too, and the script goes by them."""

from typing import NamedTuple

KEYS_COOKIE = "keys"
OFF = "off"


class Key(NamedTuple):
    """What is pressed, what it does, and the page it opens (empty: it does something else)."""

    pressed: str
    does: str
    endpoint: str = ""


KEYS = (
    Key("n", "New message", "messages.compose"),
    Key("/", "Find"),
    Key("j", "Next one in a list"),
    Key("k", "The one before"),
    Key("g a", "Agenda", "agenda.home"),
    Key("g m", "Month", "agenda.month"),
    Key("g c", "Chats", "chats.listing"),
    Key("g p", "Contacts (people)", "contacts.people"),
    Key("g i", "Insights", "insights.show"),
    Key("g l", "Link", "link.show"),
    Key("g s", "Settings", "settings.show"),
    Key("?", "This help"),
)

"""The page's one-key shortcuts, in one place: the help lists them, the settings too, and the script goes by them."""

from typing import NamedTuple

from web.language import _

KEYS_COOKIE = "keys"
OFF = "off"


class Key(NamedTuple):
    """What is pressed, what it does, and the page it opens (empty: it does something else)."""

    pressed: str
    does: str
    endpoint: str = ""


KEYS = (
    Key("n", _("New message"), "messages.compose"),
    Key("/", _("Find")),
    Key("j", _("Next one in a list")),
    Key("k", _("The one before")),
    Key("g a", _("Agenda"), "agenda.home"),
    Key("g m", _("Month"), "agenda.month"),
    Key("g c", _("Chats"), "chats.listing"),
    Key("g p", _("Contacts (people)"), "contacts.people"),
    Key("g i", _("Insights"), "insights.show"),
    Key("g l", _("Link"), "link.show"),
    Key("g s", _("Settings"), "settings.show"),
    Key("?", _("This help")),
)

"""What the people and groups of the captured chats are called: as in the contacts, else on the owner's phone, else as
they call themselves."""

from collections.abc import Mapping

from shared.model import address
from shared.model.address import Address, BadAddress, Kind
from shared.model.contact import Contact
from web import texts
from web.search import ContactIndex


class Names:
    """The names of one page. `groups`: a group's address → what it is called."""

    def __init__(self, index: ContactIndex, groups: Mapping[str, str]) -> None:
        self._index, self._groups = index, groups

    def of(self, chat: str, told: str | None = None, *, given: bool = False) -> str:
        """What to call it; `told` is what a person calls itself, which is shown with a ~ before it, or where `given`
        what the owner's phone does."""
        if contact := self.contact(chat):
            return contact.shown_name
        if chat.endswith(f"@{Kind.GROUP.value}"):
            return self._groups.get(chat) or texts.GROUP
        if told and told.strip():
            return told.strip() if given else f"~{told.strip()}"
        if chat.endswith(f"@{Kind.LID.value}"):
            return texts.HIDDEN_NUMBER.format(end=address.masked(chat))
        return address.pretty(chat)

    def contact(self, chat: str) -> Contact | None:
        """The contact with this number, where there is one."""
        try:
            found = Address.from_stored(chat)
        except BadAddress:
            return None
        return self._index.by_number(found.user) if found.kind is Kind.PHONE else None

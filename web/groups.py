"""The WhatsApp groups this account is in: found by their names, and named where only their address is known."""

from collections.abc import Iterable
from functools import cached_property

from shared.clock import Clock
from shared.model.address import Kind
from shared.model.folding import fold
from shared.model.wire import Group
from web.kept_answer import KeptAnswer
from web.language import _, ngettext
from web.telling import Host

LONGEST_NAME = 100
"""Characters; WhatsApp allows as many."""


class Groups:
    """These groups. Pure, and safe to use from several threads."""

    def __init__(self, joined: Iterable[Group] = (), *, told: bool = True) -> None:
        """`told`: whether the host has said which there are, so that one that is not among them is known not to be."""
        self.told = told
        self._by_id = {each.id: each for each in joined}

    def of(self, to: str) -> Group | None:
        """The group with this address, as messages store it."""
        return self._by_id.get(to)

    def name(self, to: str) -> str | None:
        """What that group is called; None where that is not known."""
        found = self._by_id.get(to)
        return (" ".join(found.name.split())[:LONGEST_NAME] or None) if found else None

    @cached_property
    def names(self) -> dict[str, str]:
        """Address → name, of those that have one."""
        return {to: name for to in self._by_id if (name := self.name(to))}

    def named(self, typed: str) -> list[str]:
        """The addresses of those that are called exactly so, whatever case and accents."""
        wanted = fold(typed)
        return [to for to, name in self._folded.items() if wanted and name == wanted]

    def search(self, typed: str) -> list[str]:
        """The addresses of those whose name holds every word typed; whose name begins so come first."""
        wanted = fold(typed)
        found = [to for to, name in self._folded.items() if all(word in name for word in wanted.split())]
        return sorted(found, key=lambda to: not self._folded[to].startswith(wanted))

    def kind(self, to: str) -> str:
        """That it is a group, in words, and of how many."""
        found = self._by_id.get(to)
        if found is None or found.participants < 1:
            return _("Group")
        members = ngettext("%(count)s member", "%(count)s members", found.participants)
        return _("Group, %(members)s") % {"members": members % {"count": f"{found.participants:,}"}}

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {to: fold(name) for to, name in self.names.items()}


NONE = Groups(told=False)
"""Nobody has said which groups there are."""


def is_group(to: str) -> bool:
    """Whether a message with this address goes to a group."""
    return to.endswith(f"@{Kind.GROUP.value}")


class JoinedGroups:
    """The account's groups, as the session host tells of them."""

    def __init__(self, host: Host, clock: Clock) -> None:
        self._kept: KeptAnswer[Groups] = KeptAnswer("groups", lambda: Groups(host.groups()), NONE, clock)

    def known(self) -> Groups:
        """At most some minutes old where the host answers; waits a moment for the first answer."""
        return self._kept.known()

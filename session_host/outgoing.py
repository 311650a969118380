"""What goes to the link in one send: a message's content, and its file where it has one."""

from collections.abc import Callable
from typing import NamedTuple

from shared.model.content import About, Attachment, Media
from shared.model.message import Message

Load = Callable[[Media], bytes]
"""The bytes of a file in the bucket. Raises link.SendFailed, certain: nothing was sent."""


def no_file(_: Media) -> bytes:
    """For what has no file."""
    raise LookupError("there is no file to load")


class Outgoing(NamedTuple):
    """A message's content as the link needs it; `load` is called only where the file has to be uploaded."""

    text: str
    attachment: Attachment | None = None
    about: About | None = None
    load: Load = no_file

    @property
    def media(self) -> Media | None:
        """The file's description, where the attachment is one."""
        return self.attachment if isinstance(self.attachment, Media) else None


def of(content: Message, load: Load) -> Outgoing:
    """What this message sends."""
    return Outgoing(content.text, content.attachment, content.about, load)

"""Files that leave with messages: read back from the bucket, whole or not at all."""

import hashlib

from session_host.link import Reason, SendFailed
from shared.model.content import Media as Description
from shared.store.errors import NotFound, StoreError
from shared.store.media import MediaStore


class LeavingMedia(MediaStore):
    """The bucket's media, as the sender and the uploads need them. Any thread may call."""

    def load(self, media: Description) -> bytes:
        """A file that leaves now. Raises SendFailed: nothing was sent; for good where the file is gone or another."""
        try:
            data = self.get(media.media)
        except NotFound:
            raise _unsendable("The file of this message is not in the storage: attach it again.") from None
        except StoreError as error:
            sentence = f"The file of this message could not be read ({error}): it will be tried again."
            raise SendFailed(sentence, permanent=False, certain=True, reason=Reason.NO_FILE) from None
        if hashlib.sha256(data).hexdigest() != media.media:
            raise _unsendable("The file of this message was damaged in the storage: attach it again.")
        return data


def _unsendable(sentence: str) -> SendFailed:
    return SendFailed(sentence, permanent=True, certain=True, reason=Reason.NO_FILE)

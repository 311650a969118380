"""Files to attach: stored in the bucket under the hash of their bytes, and read back when they leave."""

import hashlib
import threading

from session_host import media_headers
from session_host.link import Reason, SendFailed
from shared.model.content import Media as Description
from shared.model.wire import StoredMedia
from shared.store import keys
from shared.store.bucket import Bucket
from shared.store.errors import NotFound, StoreError


class MediaStore:
    """The bucket's media. Any thread may call; one file at a time is in memory for a store."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self.turn = threading.Lock()
        """Held by whoever has a whole file in memory to store it."""

    def put(self, data: bytes, mime: str, name: str | None) -> StoredMedia:
        """Store a file; the same bytes are one object, however often. Raises StoreError."""
        digest = hashlib.sha256(data).hexdigest()
        if not self.has(digest, len(data)):
            self._bucket.put(keys.media(digest), data)
        return StoredMedia(media=digest, mime=mime, size=len(data), name=name, **media_headers.facts(data)._asdict())

    def has(self, digest: str, size: int) -> bool:
        """Whether this file is there, whole. Raises StoreError."""
        key = keys.media(digest)
        return any(entry.key == key and entry.size == size for entry in self._bucket.list(key))

    def get(self, digest: str) -> bytes:
        """A file. Raises NotFound, StoreError."""
        return self._bucket.get(keys.media(digest)).data

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

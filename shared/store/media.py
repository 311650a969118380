"""Files that messages name: objects of their own under the hash of their bytes, never changed."""

import hashlib
import threading

from shared.model import media_headers
from shared.model.wire import StoredMedia
from shared.store import keys
from shared.store.bucket import Bucket


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

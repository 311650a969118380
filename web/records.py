"""What is scheduled and whom one knows, as this page reads it: anew for each page, sparingly for a poll."""

import hashlib
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.clock import Clock
from shared.model.contact import Contact
from shared.model.message import Message
from shared.store.view import Snapshot, View
from web.listing import Listing
from web.search import ContactIndex


class Records:
    """The view of the bucket with what is worked out from it, kept while nothing changes. Raises StoreError."""

    def __init__(self, view: View, clock: Clock, patience: timedelta) -> None:
        """`patience`: how long a poll may be answered from the last reading when the host reports no newer fold."""
        self._view, self._clock, self._patience = view, clock, patience
        self._lock = threading.Lock()
        self._last: tuple[datetime, datetime | None, Snapshot] | None = None
        self._people: tuple[Mapping[str, Contact], str] | None = None
        self._index: tuple[Mapping[str, Contact], ContactIndex] | None = None
        self._listing: tuple[Mapping[str, Message], Listing] | None = None
        self._stamp: tuple[Mapping[str, Message], str] | None = None

    def now(self) -> Snapshot:
        """Everything as it is at this moment."""
        return self._read(None)

    def recent(self, last_fold: datetime | None) -> Snapshot:
        """Everything as it was a moment ago; read again when the host has folded since, or patience has run out."""
        with self._lock:
            last = self._last
        if last and last[1] == last_fold and self._clock.now() - last[0] < self._patience:
            return last[2]
        return self._read(last_fold)

    def as_shown(self) -> Snapshot | None:
        """What was read last, which is what the page being rendered shows; None before anything was read."""
        with self._lock:
            return self._last[2] if self._last else None

    def _read(self, last_fold: datetime | None) -> Snapshot:
        at = self._clock.now()
        snapshot = self._view.read(at)
        with self._lock:
            self._last = (at, last_fold, snapshot)
        return snapshot

    def index(self, snapshot: Snapshot) -> ContactIndex:
        """The contacts of this snapshot, ready to be searched."""
        with self._lock:
            known = self._index
        if known and known[0] is snapshot.contacts:
            return known[1]
        index = ContactIndex(snapshot.contacts, known[1] if known else None)
        with self._lock:
            self._index = (snapshot.contacts, index)
        return index

    def people_stamp(self, snapshot: Snapshot) -> str:
        """A short text that changes whenever any contact does, and with each start of this page."""
        with self._lock:
            if self._people is None or self._people[0] is not snapshot.contacts:
                self._people = (snapshot.contacts, secrets.token_hex(6))
            return self._people[1]

    def listing(self, snapshot: Snapshot) -> Listing:
        """The messages of this snapshot, in order."""
        with self._lock:
            known = self._listing
        if known and known[0] is snapshot.messages:
            return known[1]
        listing = Listing(snapshot.messages.values(), known[1] if known else None)
        with self._lock:
            self._listing = (snapshot.messages, listing)
        return listing

    def stamp(self, snapshot: Snapshot) -> str:
        """A short text that changes whenever any message or series does."""
        with self._lock:
            known = self._stamp
        if known and known[0] is snapshot.messages:
            return known[1]
        digest = hashlib.blake2s(self.listing(snapshot).stamp.encode("utf-8", "surrogateescape"), digest_size=8)
        for series in snapshot.series.values():
            digest.update(f"{series.id} {series.version} {len(series.conflicts)} {series.reach}\n".encode())
        with self._lock:
            self._stamp = (snapshot.messages, digest.hexdigest())
        return digest.hexdigest()

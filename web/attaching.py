"""Files that a person attaches: stored in the bucket under their hash, which is all that a form then carries of them.

What a file is, is read from its bytes; what the form says of it later is looked up, never believed.
"""

import re
from datetime import timedelta
from enum import StrEnum
from typing import IO, NamedTuple

from pydantic import TypeAdapter, ValidationError

from shared.clock import Clock
from shared.model import media_headers
from shared.model.content import MAX_MEDIA, MIMES, Attachment, FileName, Media, Mime
from shared.store.media import MediaStore
from web import texts
from web.conversation import KINDS, OTHER
from web.local import LocalState

TURN_SECONDS = 20.0
"""How long a request waits while another file is being stored."""

KEPT = timedelta(days=40)
"""How long a file is known here that no message names yet."""

PLAIN = "application/octet-stream"
_CHECKED = frozenset(mime for allowed in MIMES.values() if allowed for mime in allowed)
_MIME: TypeAdapter[str] = TypeAdapter(Mime)
_NAME: TypeAdapter[str] = TypeAdapter(FileName)
_MOST_NAME = 120


class BadFile(ValueError):
    """This file cannot be attached so; the message says why, and what to do."""


class SendAs(StrEnum):
    """As what a file is sent: as what it is, or as the person says."""

    WHAT_IT_IS = ""
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"


class Shown(NamedTuple):
    """An attachment for people. facts: size and the like. media: the file's id, empty where it is none."""

    word: str
    icon: str
    name: str
    facts: str
    media: str = ""
    picture: bool = False
    width: int | None = None
    height: int | None = None


class Attaching:
    """Takes files in, and knows those that were taken in lately. Any thread may call; raises StoreError."""

    def __init__(self, media: MediaStore, state: LocalState, clock: Clock) -> None:
        self._media, self._state, self._clock = media, state, clock

    def take(self, stream: IO[bytes], declared: str, file_name: str, wanted: str) -> Media:
        """Store what comes in this stream. declared: the type that the browser says. Raises BadFile."""
        if not self._media.turn.acquire(timeout=TURN_SECONDS):
            raise BadFile(texts.FILES_BUSY)
        try:
            data = stream.read(MAX_MEDIA + 1)
            name = clean_name(file_name)
            if not data:
                raise BadFile(texts.FILE_EMPTY.format(name=name or texts.FILE_UNNAMED))
            if len(data) > MAX_MEDIA:
                raise BadFile(texts.FILE_LARGE.format(name=name or texts.FILE_UNNAMED, most=MAX_MEDIA // 1_000_000))
            mime = type_of(data, declared, name, as_document=wanted == SendAs.DOCUMENT)
            kind = kind_of(mime, wanted, opus=media_headers.is_opus(data))
            stored = self._media.put(data, mime, name)
        finally:
            self._media.turn.release()
        media = Media.model_validate({"kind": kind, **stored.model_dump(exclude_none=True)})
        now = self._clock.now()
        with self._state.writing() as db:
            db.execute("DELETE FROM uploads WHERE at < ?", ((now - KEPT).isoformat(),))
            row = (media.media, now.isoformat(), media.model_dump_json(by_alias=True))
            db.execute("INSERT OR REPLACE INTO uploads (media, at, described) VALUES (?, ?, ?)", row)
        return media

    def find(self, media_id: str) -> Media | None:
        """A file that was taken in here lately, as it was described then."""
        with self._state.reading() as db:
            found = db.execute("SELECT described FROM uploads WHERE media = ?", (media_id,)).fetchone()
        return None if found is None else Media.model_validate_json(found[0])

    def there(self, media: Media) -> bool:
        """Whether its bytes are still kept, whole."""
        return self._media.has(media.media, media.size)

    def data(self, media_id: str) -> bytes:
        """Its bytes. Raises NotFound."""
        return self._media.get(media_id)


def clean_name(typed: str) -> str | None:
    """A file's name as it may be sent: without a path, control characters and marks; None where nothing is left.

    >>> clean_name("C:\\\\Users\\\\me\\\\tea\\u202egnp.exe"), clean_name("../..")
    ('teagnp.exe', None)
    """
    last = re.split(r"[/\\]", typed)[-1].replace(":", "-")
    kept = "".join(letter for letter in last if letter.isprintable()).strip(" .")
    if len(kept) > _MOST_NAME:
        stem, dot, ending = kept.rpartition(".")
        whole = dot and len(ending) <= 10
        kept = f"{stem[: _MOST_NAME - len(ending) - 1]}.{ending}" if whole else kept[:_MOST_NAME]
    try:
        return _NAME.validate_python(kept)
    except ValidationError:
        return None


def type_of(data: bytes, declared: str, name: str | None, *, as_document: bool) -> str:
    """The file's type. Raises BadFile where it calls itself a picture, a film or a sound and does not look like one."""
    found = media_headers.mime(data)
    claimed = declared.lower()
    if claimed in _CHECKED:
        if media_headers.fits(data, claimed):
            return claimed
        if found is None and not as_document:
            raise BadFile(texts.FILE_LIES.format(name=name or texts.FILE_UNNAMED, mime=claimed))
        claimed = PLAIN
    if found is not None:
        return found
    try:
        return _MIME.validate_python(claimed)
    except ValidationError:
        return PLAIN


def kind_of(mime: str, wanted: str, *, opus: bool) -> str:
    """As what a file of this type is sent. Raises BadFile where it cannot be sent as is wanted."""
    plain = mime.partition(";")[0]
    kinds = [kind for kind, allowed in MIMES.items() if allowed and plain in allowed]
    match wanted:
        case SendAs.DOCUMENT:
            return "document"
        case SendAs.VOICE if not (opus and "voice" in kinds):
            raise BadFile(texts.FILE_NO_VOICE)
        case SendAs.AUDIO if "audio" not in kinds:
            raise BadFile(texts.FILE_NO_SOUND)
        case SendAs.VOICE | SendAs.AUDIO:
            return str(wanted)
        case SendAs.WHAT_IT_IS:
            return "voice" if opus and "voice" in kinds else next(iter(kinds), "document")
    raise BadFile(texts.BAD_CHOICE_OF_LIST)


def sent_as(media: Media, wanted: str) -> Media:
    """The same file, sent as is wanted now. Raises BadFile."""
    opus = media.kind == "voice" or (media.mime.startswith("audio/ogg") and media.seconds is not None)
    return media.evolve(kind=kind_of(media.mime, wanted, opus=opus))


def wanted_for(attachment: Attachment | None) -> str:
    """The form's choice that gives this attachment its kind again."""
    kind = attachment.kind if isinstance(attachment, Media) else ""
    return kind if kind in set(SendAs) else SendAs.WHAT_IT_IS.value


def shown(attachment: Attachment) -> Shown:
    """An attachment as people are told of it."""
    kind = KINDS.get(attachment.kind, OTHER)
    name = str(getattr(attachment, "name", None) or "")
    if not isinstance(attachment, Media):
        return Shown(kind.word, kind.icon, name, _place_of(attachment))
    facts = [size_in_words(attachment.size)]
    if attachment.width and attachment.height:
        facts.append(f"{attachment.width}\u00a0×\u00a0{attachment.height}")
    if attachment.seconds:
        facts.append(f"{attachment.seconds // 60}:{attachment.seconds % 60:02d}")
    return Shown(
        kind.word, kind.icon, name, " · ".join(facts), attachment.media,
        attachment.mime in (MIMES["image"] or ()), attachment.width, attachment.height,
    )  # fmt: skip


def _place_of(attachment: Attachment) -> str:
    latitude, longitude = (getattr(attachment, name, None) for name in ("latitude", "longitude"))
    phones = ", ".join(f"+{each}" for each in getattr(attachment, "phones", ()) or ())
    return (
        f"{latitude:.5f}, {longitude:.5f}" if isinstance(latitude, float) and isinstance(longitude, float) else phones
    )


def size_in_words(size: int) -> str:
    """Bytes for people.

    >>> size_in_words(812), size_in_words(340_000), size_in_words(15_940_000)
    ('812 B', '340 kB', '15.9 MB')
    """
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.0f} kB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"

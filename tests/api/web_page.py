"""A page without a browser: Flask's test client over a memory bucket that can be away, and a host that says things."""

import re
import threading
import weakref
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, Tag
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.test import TestResponse

from shared.host_client import File, HostRefused, HostUnreachable
from shared.model import lifecycle
from shared.model.access import ApiTokens, MadeToken, NewToken
from shared.model.contact import Contact
from shared.model.link import Link, LinkStatus
from shared.model.message import Message
from shared.model.owner_settings import PaceStanding
from shared.model.pace import Forecast, PaceSettings
from shared.model.series import Series
from shared.model.wire import Group, Handover, HandoverAnswer, ItemAnswer, Outcome
from shared.store.bucket import Entry, Stored
from shared.store.errors import Unreachable
from shared.store.fold import Fold
from shared.store.memory import MemoryBucket
from shared.store.oplog import Writer
from shared.store.view import View
from tests.builders import NOW, link_status
from tests.cast import OWNER
from tests.fakes.chats import KeptChats
from tests.fakes.clock import FakeClock
from tests.fakes.tokens import KeptTokens
from web.app import create


class AwayBucket(MemoryBucket):
    """A memory bucket that a test can cut off; `lost` answers: the next so many writes happen without an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.lost = 0

    def _check(self) -> None:
        if self.away:
            raise Unreachable("No network.")

    def get(self, key: str) -> Stored:
        self._check()
        return super().get(key)

    def put(self, key: str, data: bytes) -> str:
        self._check()
        etag = super().put(key, data)
        if self.lost:
            self.lost -= 1
            raise Unreachable("The answer was lost.")
        return etag

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        self._check()
        return super().list(prefix, after)


class PageHost:
    """What the page asks of a host, answered from memory; `down` for one that does not answer."""

    def __init__(self, folder: Path) -> None:
        self.kept = KeptChats(folder / "captured")
        self.access = KeptTokens(folder / "access")
        self.joined: tuple[Group, ...] = ()
        self.down = False
        self.silence = ""
        self.status: LinkStatus = link_status()
        self.svg: str | None = None
        self.code: str | None = None
        self.no_code = ""
        self.phones: list[str | None] = []
        self.backup: dict[str, Any] = {"on": False, "last": None, "trouble": None}
        self.capture: dict[str, Any] | None = None
        self.undecryptable: dict[str, Any] = {"count": 0, "since": None, "newest": []}
        self.standing: str | None = None
        self.other: dict[str, str] | None = None
        self.refusal = ""
        self.problems: list[str] = []
        self.forecast: dict[str, Any] = {}
        self.pace_standing = PaceStanding(holds=PaceSettings(), environment=PaceSettings())
        self.asked: list[tuple[str, datetime | None, str]] = []
        self.handovers: list[Handover] = []

    def _check(self) -> None:
        if self.down:
            raise HostUnreachable("The session host does not answer.")

    def handover(self, handover: Handover) -> HandoverAnswer:
        self._check()
        self.handovers.append(handover)
        outcome = Outcome.REFUSED if self.refusal else Outcome.ACCEPTED
        items = tuple(
            ItemAnswer(id=item["id"], revision=item["revision"], outcome=outcome, reason=self.refusal or None)
            for item in handover.items
        )
        return HandoverAnswer(now=NOW, host="host-1", items=items, link=self.status)

    def health(self) -> dict[str, Any]:
        self._check()
        return {
            "link": self.status.as_json(),
            "lastTick": "2026-11-22T11:59:40Z",
            "lastFold": "2026-11-22T11:59:50Z",
            "standing": self.standing,
            "other": self.other,
            "problems": self.problems,
            "capture": self.kept.stamp(),
            "checks": {"scheduler_activity": not self.silence},
            "watch": {"tick": self.silence or "The tick was heard 20 s ago."},
        }

    def pace(self, to: str, at: datetime | None = None, message_id: str = "") -> Forecast:
        self._check()
        self.asked.append((to, at, message_id))
        return Forecast(begins_at=at or NOW).evolve(**self.forecast)

    def pace_settings(self) -> PaceStanding:
        self._check()
        return self.pace_standing

    def groups(self) -> tuple[Group, ...]:
        self._check()
        return self.joined

    def chats(self, *, before: str = "", limit: int = 50) -> dict[str, Any]:
        self._check()
        return self.kept.chats(before=before, limit=limit)

    def chat(
        self, chat_id: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
    ) -> dict[str, Any]:
        self._check()
        return self.kept.chat(chat_id, before=before, after=after, around=around, limit=limit)

    def search(self, words: str, *, chat_id: str = "", before: str = "", limit: int = 50) -> dict[str, Any]:
        self._check()
        return self.kept.search(words, chat_id=chat_id, before=before, limit=limit)

    def media(self, media_id: str) -> File:
        self._check()
        return self.kept.media(media_id)

    def link(self) -> dict[str, Any]:
        self._check()
        pairing = {"svg": self.svg, "qr": "2@secret", "expiresAt": "2026-11-22T12:00:20Z"} if self.svg else None
        if pairing and self.code:
            pairing["code"] = self.code
        told = {"status": self.status.as_json(), "number": OWNER.number, "pairing": pairing}
        return told | {"backup": self.backup, "undecryptable": self.undecryptable, "capture": self.capture}

    def pair(self, phone: str | None = None) -> dict[str, Any]:
        self._check()
        if self.no_code:
            raise HostRefused(self.no_code, 409, {})
        self.phones.append(phone)
        self.status = link_status(Link.PAIRING)
        return self.link()

    def logout(self) -> dict[str, Any]:
        self._check()
        self.status = link_status(Link.UNLINKED)
        return self.link()

    def tokens(self) -> ApiTokens:
        self._check()
        return self.access.tokens()

    def make_token(self, new: NewToken) -> MadeToken:
        self._check()
        return self.access.make_token(new)

    def revoke_token(self, name: str) -> None:
        self._check()
        self.access.revoke_token(name)


class Compiled(BytecodeCache):
    """Templates that one test has compiled, for all the others."""

    def __init__(self) -> None:
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._codes.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()
SPARE: list[Flask] = []
"""Apps whose clients are gone: to build one, with its hundred addresses, takes longer than most tests."""


class Page:
    """One page with its client; `enter` logs the owner in."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.bucket, self.host, self.clock = AwayBucket(), PageHost(folder), FakeClock()
        self.app = create(
            {"WEB_DATA_DIR": str(folder), **environment},
            bucket=self.bucket,
            host=self.host,
            clock=self.clock,
            app=SPARE.pop() if SPARE and not environment else None,
        )
        self.app.jinja_env.bytecode_cache = COMPILED
        self.client: FlaskClient = self.app.test_client()
        if not environment:
            weakref.finalize(self.client, SPARE.append, self.app)
        self.other = Writer(self.bucket, "host")

    @property
    def password(self) -> str:
        return (self.folder / "first-run-password").read_text().strip()

    def enter(self) -> "Page":
        answer = self.client.post("/login", data={"password": self.password})
        assert answer.status_code == 303
        return self

    def later(self, span: timedelta) -> None:
        """Time passes."""
        self.clock.wait(threading.Event(), span.total_seconds())

    def store(
        self, *, messages: Iterable[Message] = (), contacts: Iterable[Contact] = (), series: Iterable[Series] = ()
    ) -> None:
        """Somebody else writes these records."""
        name = self.other.reserve()
        self.other.append(
            name,
            self.clock.now(),
            messages=[each.evolve(version=name) for each in messages],
            contacts=[each.evolve(version=name) for each in contacts],
            series=[each.evolve(version=name) for each in series],
        )

    @property
    def messages(self) -> dict[str, Message]:
        """What is scheduled, as any reader sees it."""
        return dict(View(self.bucket).read(self.clock.now()).messages)

    @property
    def contacts(self) -> dict[str, Contact]:
        return dict(View(self.bucket).read(self.clock.now()).contacts)

    @property
    def series(self) -> dict[str, Series]:
        return dict(View(self.bucket).read(self.clock.now()).series)

    def fold(self) -> None:
        """The session host folds, and confirms all it reads."""
        host = Fold(self.bucket)
        now = self.clock.now()
        read = host.read(now).messages.values()
        host.write(now, {each.id: lifecycle.confirm(each.delivery, each.revision, each.version) for each in read})

    @property
    def objects(self) -> int:
        return len(list(self.bucket.list("")))

    def compose(self, **fields: str) -> TestResponse:
        """Send the form as the browser would, with good values for what a test does not name."""
        form = {"to": "07700 900001", "text": "Hello", "date": "2026-11-27", "time": "18:00", "zone": "Europe/London"}
        return self.client.post("/messages", data=form | fields)


def words(answer: TestResponse) -> str:
    """What a person reads on it."""
    return re.sub(r"\s+", " ", BeautifulSoup(answer.text, "html.parser").get_text(" "))


def imported(page: Page, address: str) -> str:
    """What the page of an import says once it has come to its end."""
    for _ in range(400):
        shown = words(page.client.get(f"{address}/progress"))
        if "Importing…" not in shown:
            return shown
        threading.Event().wait(0.05)
    raise AssertionError("the import does not end")


def errors(answer: TestResponse) -> dict[str, str]:
    """Field → the sentence beside it."""
    found = BeautifulSoup(answer.text, "html.parser").select("p.error")
    return {str(each["id"]).removesuffix("-error"): each.get_text(" ", strip=True) for each in found}


def typed(answer: TestResponse) -> dict[str, str]:
    """Field → what stands in it."""
    soup = BeautifulSoup(answer.text, "html.parser")
    fields = {str(each["name"]): str(each.get("value", "")) for each in soup.select("main input[name]")}
    return fields | {str(each["name"]): each.get_text().removeprefix("\n") for each in soup.select("textarea[name]")}


def path_of(answer: TestResponse) -> str:
    """Where it redirects to."""
    assert answer.status_code == 303
    return urlsplit(answer.headers["Location"]).path


def one(soup: Tag, selector: str) -> Tag:
    """The first element that this selects; fails where there is none."""
    found = soup.select_one(selector)
    assert found is not None, f"there is no {selector}"
    return found

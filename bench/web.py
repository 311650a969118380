"""How long the page takes for each of its pages, and how many bytes a first visit is, with years of use behind it.

The whole system on the simulated WhatsApp, as `./wa up` runs it: the page under gunicorn over a directory, the session
host with an archive. In it are so many contacts, scheduled and ended messages, repeating ones, and captured ones. Each
page is asked for in turn over one connection as a browser keeps it; of each, the median and the 95th percentile count,
beside the page process's own CPU time, which tells more where others use the machine as well. "after_a_write" is the
agenda that follows one's own change.
"""

import gzip
import http.client
import os
import re
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

import click

from cli.demo import OWNER, ZONE
from cli.page_client import PageClient
from cli.processes import Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder, Stack
from session_host.capture_events import Seen
from session_host.captured import Store
from shared.clock import SYSTEM
from shared.host_client import HostClient
from shared.model.captured import Captured
from shared.model.contact import Contact, Phone
from shared.model.message import Message
from shared.model.recurrence import Freq, Rule
from shared.model.series import Series
from shared.model.wire import Handover
from shared.store.bucket import Bucket
from shared.store.oplog import Writer
from shared.store.view import Projections
from tests import builders
from tests.builders import message, series
from tests.cast import Person

OPTIONS = (
    click.Option(["--contacts"], type=click.IntRange(10, 50_000), default=10_000, show_default=True),
    click.Option(["--messages"], type=click.IntRange(20, 50_000), default=5000, show_default=True),
    click.Option(["--series"], type=click.IntRange(1, 1000), default=40, show_default=True, help="Repeating."),
    click.Option(["--captured"], type=click.IntRange(10, 50_000), default=4000, show_default=True),
    click.Option(["--rounds"], type=click.IntRange(2, 1000), default=40, show_default=True, help="Of each page."),
)
FIRST = "Amara Beatriz Chidi Daisuke Elif Fatima Giorgos Hana Ingrid João Katarzyna Liam Mei Noor Olu Priya"
LAST = "Okafor Ødegård Sørensen Nakamura Yılmaz Haddad Papadopoulos Novák Lindqvist Ferreira Kowalska"  # noqa: RUF001
WORDS = """Good morning, the kettle is on and there is cake. See you at four? Bring the blue folder, the keys to the
hall and, if you can, two chairs. The choir sings at half past seven; the bins go out tonight. Thank you for the
scarf."""
CHATS = 40
LIMIT_SECONDS = 120


class Answer(NamedTuple):
    """A page as it came over the wire."""

    body: bytes
    encoding: str
    seconds: float

    @property
    def text(self) -> str:
        """What it says, unpacked."""
        return (gzip.decompress(self.body) if self.encoding == "gzip" else self.body).decode()


class Browser:
    """One connection that is kept, with the owner's cookie, as a browser asks."""

    def __init__(self, address: str, password: str) -> None:
        """Logged in to the page at this address."""
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._cookie = ""
        entered = urlencode({"password": password})
        answer = self._ask("POST", "/login", entered, {"Content-Type": "application/x-www-form-urlencoded"})
        self._cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        answer.read()

    def close(self) -> None:
        """Leave."""
        self._connection.close()

    def get(self, path: str) -> Answer:
        """This page. Raises RuntimeError for any answer but 200."""
        begun = SYSTEM.monotonic()
        answer = self._ask("GET", path)
        body = answer.read()
        seconds = SYSTEM.monotonic() - begun
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered {answer.status}.")
        return Answer(body, answer.getheader("Content-Encoding") or "", seconds)

    def _ask(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        own = {"Cookie": self._cookie, "Accept-Encoding": "gzip", "Sec-Fetch-Site": "same-origin"}
        self._connection.request(method, path, body, own | (headers or {}))
        try:
            return self._connection.getresponse()
        except http.client.RemoteDisconnected:  # it was idle for longer than it is kept
            self._connection.request(method, path, body, own | (headers or {}))
            return self._connection.getresponse()


def run(
    say: Callable[[str], None],
    *,
    contacts: int = 10_000,
    messages: int = 5000,
    series: int = 40,
    captured: int = 4000,
    rounds: int = 40,
) -> dict[str, object]:
    """Of each page, milliseconds; of a first visit to the agenda, empty and full, kilobytes as they are sent."""
    with ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory(prefix="wa-bench-"))
        supervisor = opened.enter_context(Supervisor())
        stack = SimulatedStack(supervisor, Folder(Path(folder)), {"DEFAULT_ZONE": ZONE})
        now = SYSTEM.now().replace(microsecond=0)
        control = stack.start_simulator()
        stack.host_folder.mkdir(parents=True, exist_ok=True)
        fill_archive(Store(stack.host_folder, now), captured, now)
        host = stack.start_host()
        link(host, control, OWNER, "Bench owner")
        stack.start_web()
        password = stack.first_run_password() or ""
        browser = opened.enter_context(closing(Browser(stack.web_address, password)))
        empty = first_visit(browser)
        say(f"first visit, nothing scheduled: {empty:.1f} kB")
        fill_bucket(stack.bucket(), contacts, messages, series, now)
        _wait_until_folded(host, stack.bucket(), contacts, messages)
        full = first_visit(browser)
        say(f"first visit, a full page of messages: {full:.1f} kB")
        worker = _worker(stack)
        measured = {name: measure(browser, worker, name, path, rounds, say) for name, path in PAGES.items()}
        client = PageClient(stack.web_address)
        client.log_in(password)
        measured["after_a_write"] = _after_writes(client, browser, worker, max(2, rounds // 4), say)
    search = measured.pop("contact_search")
    return {
        "pages": measured,
        "contact_search": search,
        "slowest_p95_ms": max(each["p95_ms"] for each in (*measured.values(), search)),
        "first_visit_kb": round(full, 1),
        "first_visit_empty_kb": round(empty, 1),
    }


PAGES = {
    "agenda": "/",
    "month": "/agenda/month",
    "week": "/agenda/week",
    "agenda_search": "/agenda/list?q=kettle&show=all",
    "compose": "/compose",
    "message": "/messages/ahead-1",
    "contacts": "/contacts",
    "contact": "/contacts/contact-1",
    "contact_search": "/contacts/options?q=okaf",
    "chats": "/chats",
    "thread": "/chats/447400000001@s.whatsapp.net",
    "chat_search": "/chats/search?q=scarf",
    "insights": "/insights",
    "series": "/series",
    "one_series": "/series/series-0",
    "templates": "/templates",
    "link": "/link",
    "settings": "/settings",
}


def first_visit(browser: Browser) -> float:
    """Kilobytes (1000 bytes) of the agenda with its style sheets and scripts, as they are sent to a browser."""
    page = browser.get("/")
    size, seen, asked = len(page.body), set[str](), list(_named_in("/", page.text))
    while asked:
        path = asked.pop()
        if path not in seen:
            seen.add(path)
            answer = browser.get(path)
            size += len(answer.body)
            asked += _imported_by(path, answer.text) if urlsplit(path).path.endswith(".js") else []
    return size / 1000


def _named_in(base: str, html: str) -> Iterator[str]:
    for tag in re.findall(r'<link rel="stylesheet"[^>]*>|<script[^>]*>', html):
        yield from (urljoin(base, each.replace("&amp;", "&")) for each in re.findall(r'(?:href|src)="([^"]+)"', tag))


def _imported_by(path: str, script: str) -> list[str]:
    return [urljoin(path, each) for each in re.findall(r'^import\b[^"]*"(\./[^"]+)"', script, re.MULTILINE)]


def measure(
    browser: Browser, worker: int, name: str, path: str, rounds: int, say: Callable[[str], None]
) -> dict[str, float]:
    """One page so many times, once it was asked for before; `worker`: the process that makes it."""
    browser.get(path)
    before = _cpu_seconds(worker)
    took = [browser.get(path).seconds for _ in range(rounds)]
    return _figures(name, took, (_cpu_seconds(worker) - before) / rounds, say)


def _after_writes(
    client: PageClient, browser: Browser, worker: int, rounds: int, say: Callable[[str], None]
) -> dict[str, float]:
    """The agenda after a message was scheduled on the page, each time."""
    took, cpu = [], 0.0
    for number in range(rounds):
        at = (SYSTEM.now() + timedelta(days=2, minutes=number)).replace(microsecond=0)
        client.schedule(to=f"+{_person(0).number}", text=f"Written just now, {number}", at=at, zone=ZONE)
        before = _cpu_seconds(worker)
        took.append(browser.get("/").seconds)
        cpu += _cpu_seconds(worker) - before
    return _figures("after_a_write", took, cpu / rounds, say)


def _figures(name: str, took: list[float], cpu: float, say: Callable[[str], None]) -> dict[str, float]:
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20, method="inclusive")[18]
    say(f"{name:15} p50 {p50 * 1000:6.1f} ms   p95 {p95 * 1000:6.1f} ms   CPU {cpu * 1000:6.1f} ms")
    return {"p50_ms": round(p50 * 1000, 1), "p95_ms": round(p95 * 1000, 1), "cpu_ms": round(cpu * 1000, 1)}


def _worker(stack: Stack) -> int:
    """The process that makes the pages: gunicorn's one worker."""
    master = next(child for child in stack.supervisor.children if child.name == "web")
    return int(Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text(encoding="ascii").split()[0])


def _cpu_seconds(pid: int) -> float:
    """What all threads of a process have used so far, in its programs and in the kernel; in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _person(number: int) -> Person:
    """Each with a name and a number of their own; of the numbers kept free for fiction there are not enough."""
    first, last = FIRST.split(), LAST.split()
    names = first[number % len(first)], last[number // len(first) % len(last)]
    again = number // (len(first) * len(last))
    return Person(" ".join((*names, *([str(again)] if again else []))), f"4474{number:08d}")


def _text(number: int) -> str:
    words = WORDS.split()
    start = number * 7 % len(words)
    return " ".join((words * 2)[start : start + 6 + number % 23])


def fill_bucket(bucket: Bucket, contacts: int, messages: int, repeating: int, now: datetime) -> None:
    """As the page writes: everybody, and what is scheduled; a fifth of the messages have ended."""
    writer, ended = Writer(bucket, "web"), messages // 5
    people = [_person(number) for number in range(contacts)]
    name = writer.reserve()
    writer.append(
        name,
        now,
        contacts=[_contact(number, each, now).evolve(version=name) for number, each in enumerate(people)],
        messages=[
            *(_ended(number, people, now).evolve(version=name) for number in range(ended)),
            *(_ahead(number, people, now).evolve(version=name) for number in range(messages - ended)),
        ],
        series=[_repeating(number, people, now).evolve(version=name) for number in range(repeating)],
    )


def _wait_until_folded(host: HostClient, bucket: Bucket, contacts: int, messages: int) -> None:
    """Until the host has taken all of it over, as it has while nobody writes."""
    waiting, deadline = Event(), SYSTEM.monotonic() + LIMIT_SECONDS
    found = Projections(bucket)
    while len(found.contacts()) < contacts or len(found.messages()) < messages:
        if SYSTEM.monotonic() > deadline:
            raise click.ClickException(f"The host did not take over what was written within {LIMIT_SECONDS} s.")
        host.handover(Handover(by="web", now=SYSTEM.now(), items=()))
        SYSTEM.wait(waiting, 0.5)


def _contact(number: int, person: Person, now: datetime) -> Contact:
    tags = tuple(tag for every, tag in ((7, "Choir"), (11, "Work"), (400, "Family")) if number % every == 0)
    return builders.contact(
        person, id=f"contact-{number}", phones=(Phone(number=person.number),), tags=tags, created_at=now,
        aliases=(f"{person.name.split()[0]} the {number}th",) if number % 5 == 0 else (), favourite=number % 900 == 5,
    )  # fmt: skip


def _ahead(number: int, people: list[Person], now: datetime) -> Message:
    at = now + timedelta(hours=1, minutes=43 * number)
    return message(people[number * 7 % len(people)], id=f"ahead-{number}", text=_text(number), send_at=at, zone=ZONE)


def _ended(number: int, people: list[Person], now: datetime) -> Message:
    at = now - timedelta(hours=1, minutes=131 * number)
    made = message(people[number * 5 % len(people)], id=f"ended-{number}", text=_text(number), send_at=at, zone=ZONE)
    return builders.failed(made) if number % 40 == 7 else builders.read(made)


def _repeating(number: int, people: list[Person], now: datetime) -> Series:
    rule = (
        Rule(freq=Freq.DAILY),
        Rule(freq=Freq.WEEKLY, weekdays=(number % 7,)),
        Rule(freq=Freq.MONTHLY, month_day=1 + number % 31),
    )[number % 3]
    first = f"{now - timedelta(days=30 + number % 200):%Y-%m-%d}T{7 + number % 12:02d}:30"
    person = people[number * 3 % len(people)]
    return series(person, id=f"series-{number}", text=_text(number), first=first, rule=rule, changed_at=now)


def fill_archive(archive: Store, count: int, now: datetime) -> None:
    """Captured messages with some people, in a host's own file."""
    seen = [Seen(message=_captured(number, now - timedelta(minutes=9 * (count - number)))) for number in range(count)]
    archive.take(seen, archive.position(), now)


def _captured(number: int, at: datetime) -> Captured:
    chat = f"4474{number * number % CHATS:08d}@s.whatsapp.net"
    return Captured(chat=chat, id=f"3EB0{number:08X}", at=at, from_me=number % 3 == 0, kind="text", text=_text(number))

"""`wa demo`: the whole system on this machine, with a simulated WhatsApp, and a message on its way through it."""

import contextlib
import shutil
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import click

from cli.journey import Follower, Journey, Stage, StageMissing
from cli.page_client import PageClient, PageRefused
from cli.processes import ProcessProblem, Supervisor
from cli.simulated import SimulatedStack, link
from cli.stack import Folder, FolderInUse, FolderUnusable
from shared.clock import SYSTEM
from shared.host_client import HostClient, HostError
from shared.store.view import View
from simulator import phone_page
from simulator.control import Control, ControlRefused
from simulator.redirect import NotSimulated

OWNER = "447700900000"
CONTACTS = {"447700900001": "Ada", "447700900002": "Grace", "447700900003": "Alan"}
ZONE = "Europe/London"
ONCE_HANDOVER_SECONDS = 20
"""In `--once` the page hands over what is due within 20 s only, so that the second message is left to the tick."""

SCAN_AFTER_SECONDS = 5
"""How long a QR code is left on the page to be seen before the simulated phone scans it."""

INTERRUPTED = 130
"""The exit code of a program that Ctrl-C has ended."""
FAILED = 1

_LOGS = {
    Stage.STORED: "web",
    Stage.FOLDED: "host",
    Stage.HANDED_OVER: "tick",
    Stage.CLAIMED: "host",
    Stage.SENT: "host",
    Stage.DELIVERED: "simulator",
    Stage.READ: "simulator",
}


@click.command()
@click.option(
    "--once", is_flag=True, help="Send two messages, check every stage, stop everything; exit 1 on a failure."
)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep the data in this folder.")
def command(once: bool, data: Path | None) -> None:
    """Run the whole system here, against a simulated WhatsApp."""
    try:
        with _folder(data) as folder, folder.held():
            _run(folder, once=once)
    except (FolderInUse, FolderUnusable) as error:
        raise click.ClickException(str(error)) from None
    if once:
        click.echo("Everything stopped. The demo works.")


def _run(folder: Folder, *, once: bool) -> None:
    with Supervisor() as supervisor:
        try:
            overrides = {"WEB_HANDOVER_SECONDS": str(ONCE_HANDOVER_SECONDS)} if once else {}
            demo = Demo(SimulatedStack(supervisor, folder, {"DEFAULT_ZONE": ZONE, **overrides}))
            demo.start()
            if once:
                demo.two_messages()
            else:
                demo.stay()
        except KeyboardInterrupt:
            click.echo("\nStopping ...")
            if once:
                sys.exit(INTERRUPTED)
        except StageMissing as missing:
            _fail(f"stage '{missing.stage}': {missing}", folder.log(_LOGS[missing.stage]))
        except (ProcessProblem, NotSimulated) as problem:
            _fail(str(problem), folder.logs)
        except (HostError, PageRefused, ControlRefused) as error:
            _fail(str(error), folder.logs)


class Demo:
    """A started system, what it tells about itself, and the messages it sends."""

    def __init__(self, stack: SimulatedStack) -> None:
        self._stack = stack
        self._control: Control
        self._host: HostClient
        self._tick_address = ""
        self._page = PageClient(stack.web_address)
        self._logged_in = False

    def start(self) -> None:
        """Start every program, link the simulated phone, log in to the page."""
        self._step("simulator", "a WhatsApp server on loopback, with three contacts")
        self._control = self._stack.start_simulator()
        for number, name in CONTACTS.items():
            self._control.put_contact(number, name=name)
        self._step("session host", "gunicorn and the real neonize")
        self._host = self._stack.start_host()
        self._step("phone", "the simulated phone scans the QR code")
        link(self._host, self._control, OWNER, "Demo owner")
        self._step("web page", self._stack.web_address)
        self._stack.start_web()
        self._step("tick", "the Chalice app under `chalice local`")
        self._tick_address = self._stack.start_chalice()
        phone = phone_page.address(self._control.ready.control, self._control.ready.token)
        password = self._stack.first_run_password()
        if password is None:
            click.echo(f"\n  Open      {self._stack.web_address}\n  Password  the one you chose\n  Phone     {phone}\n")
            return
        self._page.log_in(password)
        self._logged_in = True
        self._fill_contacts()
        click.echo(f"\n  Open      {self._stack.web_address}\n  Password  {password}\n  Phone     {phone}\n")

    def two_messages(self) -> None:
        """One message that web hands over itself, one that only the tick hands over. Raises StageMissing."""
        if not self._logged_in:
            raise ProcessProblem(
                "The owner has chosen a password in this folder, so the demo cannot log in: "
                "leave --data out, or choose another folder."
            )
        now = SYSTEM.now()
        by_web = self._schedule("by web", "447700900001", "Handed over by the page", now + timedelta(seconds=8))
        by_tick = self._schedule("by tick", "447700900002", "Handed over by the tick", now + timedelta(seconds=32))
        follower = self._follower()
        follower.follow([by_web, by_tick], Stage.FOLDED, 20)
        if by_tick.message is not None and by_tick.message.delivery.handed_over_by is not None:
            raise StageMissing("by tick: it was handed over before any tick", Stage.HANDED_OVER)
        self._post_tick()
        follower.follow([by_web, by_tick], Stage.READ, 60)
        for journey, handed_over_by in ((by_web, "web"), (by_tick, "tick")):
            delivery = journey.message.delivery if journey.message else None
            if delivery is None or delivery.handed_over_by != handed_over_by:
                raise StageMissing(f"{journey.label}: not handed over by {handed_over_by}", Stage.HANDED_OVER)
        for journey in (by_web, by_tick):
            late = follower.lateness(journey) / timedelta(milliseconds=1)
            click.echo(f"{journey.label}: delivered {late:.0f} ms after its second, decrypted once")

    def stay(self) -> None:
        """Send a welcome message, then keep ticking until Ctrl-C."""
        ticking = threading.Thread(target=self._tick_each_minute, daemon=True)
        ticking.start()
        if self._logged_in:
            at = SYSTEM.now() + timedelta(seconds=10)
            welcome = self._schedule("welcome", "447700900001", "Welcome to WhatsApp-VPSLink!", at)
            self._follower().follow([welcome], Stage.READ, 90)
        click.echo("\nIt works. Schedule your own on the page; Ctrl-C stops everything.")
        stop = threading.Event()
        while not SYSTEM.wait(stop, SCAN_AFTER_SECONDS):
            self._stack.supervisor.check()
            self._scan_what_is_shown()

    def _scan_what_is_shown(self) -> None:
        """After a log-out on the page there is no phone at hand but the simulated one. The next turn is the retry."""
        try:
            if self._host.link().get("pairing"):
                SYSTEM.wait(threading.Event(), SCAN_AFTER_SECONDS)
                click.echo("The simulated phone scans the QR code.")
                link(self._host, self._control, OWNER, "Demo owner")
        except (HostError, ControlRefused, OSError) as error:
            click.echo(f"{error} Trying again in {SCAN_AFTER_SECONDS} s.", err=True)

    def _fill_contacts(self) -> None:
        """The simulated people are contacts of the page, once."""
        contacts = View(self._stack.bucket()).read(SYSTEM.now()).contacts.values()
        known = {phone.number for contact in contacts for phone in contact.phones}
        for number, name in CONTACTS.items():
            if number not in known:
                self._page.add_contact(name, number)

    def _schedule(self, label: str, to: str, text: str, at: datetime) -> Journey:
        at = at.replace(microsecond=0) + timedelta(seconds=1)
        return Journey(self._page.schedule(to=to, text=text, at=at, zone=ZONE), label, to, text)

    def _follower(self) -> Follower:
        return Follower(View(self._stack.bucket()), self._host, self._control, click.echo)

    def _post_tick(self) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._tick_address, data=b"{}", headers=headers)  # noqa: S310  (loopback)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                click.echo(f"{SYSTEM.now():%H:%M:%S}      tick       POST /tick   {answer.status}")
        except OSError as error:
            raise StageMissing(f"POST /tick: {error}", Stage.HANDED_OVER) from error

    def _tick_each_minute(self) -> None:
        stop = threading.Event()
        while True:
            now = SYSTEM.now()
            SYSTEM.wait(stop, 60 - now.second - now.microsecond / 1e6)
            try:
                self._post_tick()
            except StageMissing as missing:
                click.echo(f"The tick failed: {missing}; the next minute is the retry.", err=True)

    def _step(self, name: str, detail: str) -> None:
        click.echo(f"starting {name:<13} {detail}")


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Folder]:
    """The folder given, or one of its own that is kept only when a failure has pointed to the logs in it."""
    if data is not None:
        yield Folder(data.resolve())
        return
    root = Path(tempfile.mkdtemp(prefix="wa-demo-"))
    keep = False
    try:
        yield Folder(root)
    except SystemExit as leaving:
        keep = leaving.code == FAILED
        raise
    finally:
        if not keep:
            shutil.rmtree(root)


def _fail(sentence: str, log: Path) -> None:
    click.echo(f"\nThe demo failed: {sentence}\nLook into {log}", err=True)
    sys.exit(FAILED)

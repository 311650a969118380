"""`wa simulator`: the simulated WhatsApp alone, with the simulated phone's page, until Ctrl-C."""

import contextlib
import errno
import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from cli import ROOT
from cli.demo import CONTACTS
from cli.processes import ProcessProblem, Supervisor, exists
from cli.stack import START_SECONDS, Folder
from shared.clock import SYSTEM
from simulator import phone_page
from simulator.control import Control


@click.command()
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep what it knows in this folder.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where clients come in (default: a free port).")
@click.option("--control-port", type=click.IntRange(0, 65535), default=0, help="Where the page and its API answer.")
def command(data: Path | None, port: int, control_port: int) -> None:
    """Run the simulated WhatsApp alone, with its page.

    It prints the address of the simulated phone's page (chats, typing as a contact, faults at the press of a button)
    and the file with the addresses and the token for programs: see simulator/README.md. Ctrl-C ends it.
    """
    try:
        _check({"--port": port, "--control-port": control_port})
        with _folder(data) as folder, folder.held(), Supervisor() as supervisor:
            try:
                _run(supervisor, folder, port, control_port)
            except KeyboardInterrupt:
                click.echo("\nStopping ...")
    except ProcessProblem as problem:
        raise click.ClickException(str(problem)) from None


def _run(supervisor: Supervisor, folder: Folder, port: int, control_port: int) -> None:
    ready = folder.root / "simulator.json"
    ready.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "simulator", "--data", str(folder.root / "simulator"), "--ready-file", str(ready)]
    argv += ["--port", str(port), "--control-port", str(control_port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    child = supervisor.start("simulator", argv, env=environment, log=folder.log("simulator"))
    supervisor.wait_ready(child, exists(ready), START_SECONDS)
    control = Control.from_ready_file(ready)
    if not control.contacts():
        for number, name in CONTACTS.items():
            control.put_contact(number, name=name)
    click.echo(f"  Page      {phone_page.address(control.ready.control, control.ready.token)}")
    click.echo(f"  Clients   {control.ready.websocket}")
    click.echo(f"  Token     in {ready}")
    click.echo(f"  Log       {folder.log('simulator')}\n\nCtrl-C ends it.")
    never = threading.Event()
    while not SYSTEM.wait(never, 1):
        supervisor.check()


def _check(ports: Mapping[str, int]) -> None:
    """Raises ProcessProblem for the option whose port cannot be used; 0 is any free one."""
    with contextlib.ExitStack() as held:
        for option, port in ports.items():
            listener = held.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
                listener.listen(1)
            except OSError as error:
                why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
                raise ProcessProblem(
                    f"Port {port} of {option} {why}: end what uses it, give another, or leave {option} out."
                ) from None


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Folder]:
    """The folder given, or one that is gone afterwards, unless a failure has pointed to the log in it."""
    if data is not None:
        yield Folder(data.resolve())
        return
    root = Path(tempfile.mkdtemp(prefix="wa-simulator-"))
    keep = False
    try:
        yield Folder(root)
    except ProcessProblem:
        keep = True
        raise
    finally:
        if not keep:
            shutil.rmtree(root)

"""`wa up`: the session host, the page and the tick on this machine, for real use."""

import os
import socket
import threading
from collections import defaultdict
from pathlib import Path

import click
from click.core import ParameterSource

from cli import ROOT
from cli.log_files import Rotation
from cli.processes import ChildDied, ProcessProblem, Supervisor
from cli.stack import OWN_NAMES, Folder, Stack, host_url
from session_host.restarts import Restarts
from session_host.tokens import TokenError
from shared.clock import SYSTEM
from shared.host_client import HostError
from shared.settings import ALL, HostSettings, SettingsError, WebSettings

FOLDERS = {"STORAGE_DIR", "HOST_DATA_DIR", "WEB_DATA_DIR"}


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "data",
    show_default=True,
    help="The folder for everything this installation keeps.",
)
@click.option("--no-tick", is_flag=True, help="Do not run the tick here: a cloud function does it.")
@click.pass_context
def command(context: click.Context, data: Path, no_tick: bool) -> None:
    """Run host, page and tick here, linked to the real WhatsApp."""
    given = context.get_parameter_source("data") is ParameterSource.COMMANDLINE
    try:
        settings = _settings(refuse_folders=given)
        for kind in ALL:
            kind.read()
        host_url(HostSettings.read().bind)
        ports = {
            "host_port": _port(HostSettings.read().bind, "HOST_BIND"),
            "web_port": _port(WebSettings.read().bind, "WEB_BIND"),
        }
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    try:
        folder = Folder(data.resolve())
        with folder.held(), Supervisor() as supervisor:
            _run(Stack(supervisor, folder, settings=settings, **ports), with_tick=not no_tick)
    except KeyboardInterrupt:
        click.echo("\nStopped.")
    except (ProcessProblem, HostError, TokenError) as problem:
        raise click.ClickException(str(problem)) from None


def _run(stack: Stack, *, with_tick: bool) -> None:
    """Start everything, then stay until Ctrl-C; what ends by itself is started again, unless it does so too often."""
    _start(stack, with_tick=with_tick)
    watch(stack, threading.Event())


def watch(stack: Stack, end: threading.Event) -> None:
    """Start again what ends by itself, until `end` is set. Raises ChildDied for what has ended too often, NotReady."""
    starts = {"host": stack.start_host, "web": stack.start_web, "tick": stack.start_tick}
    restarts: dict[str, Restarts] = defaultdict(Restarts)
    down: list[str] = []
    rotation = Rotation(lambda sentence: click.echo(sentence, err=True))
    while not SYSTEM.wait(end, 0.5):
        rotation.step((child.log for child in stack.supervisor.children), SYSTEM.monotonic())
        try:
            while down:
                starts[down[0]]()
                click.echo(f"{down.pop(0)} runs again")
            stack.supervisor.check()
        except ChildDied as died:
            pause = restarts[died.child.name].pause(SYSTEM.monotonic())
            if pause is None:
                raise
            click.echo(f"{died}\nStarting it again{f' in {pause:.0f} s' if pause else ''}.", err=True)
            stack.supervisor.crash(died.child)
            if died.child.name not in down:
                down.append(died.child.name)
            SYSTEM.wait(end, pause)


def _start(stack: Stack, *, with_tick: bool) -> None:
    click.echo("starting session host")
    stack.start_host().link()  # also the proof that the token is good
    click.echo("starting web page")
    stack.start_web()
    if with_tick:
        click.echo("starting tick, each minute")
        stack.start_tick()
    click.echo(f"\n  Open  {stack.web_address}")
    if stack.first_run_password() is not None:
        click.echo(f"  The password for the first time is in {stack.web_folder / 'first-run-password'}")
    click.echo("  Then open Link on the page and scan the QR code with your phone. Ctrl-C stops everything.\n")


def _settings(*, refuse_folders: bool) -> dict[str, str]:
    """Every setting of this project that the environment or .env names, for the programs to be started.

    What the stack would else set by itself is read out of its file here; a secret stays in its file. HOST_URL is left
    out: what is started here talks to the host that is started here. Raises SettingsError where folders are named
    beside --data.
    """
    found: dict[str, str] = {}
    for kind in ALL:
        for name, value in kind.given(os.environ).items():
            plain = name in OWN_NAMES or os.environ.get(name)
            found |= {name: value} if plain else {f"{name}_FILE": os.environ[f"{name}_FILE"]}
    found.pop("HOST_URL", None)
    found.pop("HOST_URL_FILE", None)
    folders = [name if os.environ.get(name) else f"{name}_FILE" for name in sorted(FOLDERS & found.keys())]
    if refuse_folders and folders:
        raise SettingsError(f"Both --data and {', '.join(folders)} say where things are kept: leave one of them out.")
    return found


def _port(bind: str, name: str) -> int:
    """The port of a host:port setting. Raises SettingsError where something listens there already."""
    host, _, port = bind.rpartition(":")
    with socket.socket(socket.AF_INET6 if host.startswith("[") else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host.strip("[]"), int(port)))
        except (OSError, OverflowError):
            raise SettingsError(f"{bind} is taken or not this machine's: end what uses it, or set {name}.") from None
    return int(port)

"""`wa takeover`: lets this machine's session host lead in place of another one that is gone for good."""

import os
from collections.abc import Mapping
from datetime import timedelta

import click

from cli import ROOT
from shared.clock import SYSTEM
from shared.model.values import Instant, print_instant

RISK = """Only one session host may send for an account. Before you go on, make sure that the other one is stopped and
stays stopped: its machine is gone, or its service is disabled there.

  - A host that runs notices within half a minute and stops; this one waits three and a half minutes before it sends.
  - A machine that is only asleep, or restored from a snapshot later, may still finish what it was sending: that
    message could arrive twice. Two hosts made to run together are outside what this project promises.
  - What the other host had taken over and did not report is shown as not certain, and is never sent again by itself."""


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask: the other host is stopped.")
def command(yes: bool) -> None:
    """Let this machine's session host lead in place of a lost one."""
    from shared.host_client import HostClient, HostError
    from shared.settings import HostAddress, SettingsError, StorageSettings
    from shared.store import pulse
    from shared.store.errors import StoreError, Unreadable
    from shared.store.opening import open_bucket

    os.chdir(ROOT)  # where a relative STORAGE_DIR is meant from
    try:
        host = HostClient(HostAddress.read(with_token(os.environ)))
        health = host.health()
        try:
            found = pulse.read_host(open_bucket(StorageSettings.read(os.environ)))
            other, at = (found.host, found.at) if found else ("", None)
        except Unreadable:
            other, at = pulse.UNREADABLE, None
        if not other or other == health.get("host"):
            click.echo(f"Nothing to take over: {health.get('standing') or 'this session host leads already.'}")
            return
        click.echo(f"Other host   {other}\nLast pulse   {last_pulse(at, SYSTEM.now())}\nThis host    {health['host']}")
        click.echo(f"\n{RISK}\n")
        if not yes:
            click.confirm(f"Is {other} stopped for good, and should this host take over?", abort=True)
        told = host.takeover(other)
    except (HostError, StoreError, SettingsError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(told.get("standing") or "This session host leads now.")


def with_token(environment: Mapping[str, str]) -> dict[str, str]:
    """These settings; where they name no token, with the one that `wa up` made for this machine's programs."""
    made = ROOT / "data" / "token"
    named = any(environment.get(name) for name in ("HOST_TOKEN", "HOST_TOKEN_FILE"))
    readable = os.access(made, os.R_OK)  # another user may not even look whether it is there
    return {**environment} if named or not readable else {**environment, "HOST_TOKEN_FILE": str(made)}


def last_pulse(at: Instant | None, now: Instant) -> str:
    """When the other host was last heard of, with what that means."""
    if at is None:
        return "cannot be read"
    ago = max(timedelta(0), now - at)
    minutes = round(ago.total_seconds() / 60)
    age = f"{round(ago.total_seconds())} seconds" if minutes < 2 else f"{minutes:,} minutes"
    alive = " (it seems to run: stop it first)" if ago < timedelta(minutes=2) else ""
    return f"{print_instant(at.replace(microsecond=0))}, {age} ago{alive}"

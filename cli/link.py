"""`wa link`: links the WhatsApp account from a terminal, and backs the link up, so that a lost server costs no scan."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import ROOT
from shared.clock import SYSTEM
from shared.model.values import print_instant

if TYPE_CHECKING:
    from session_host.link_backups import Backup
    from session_host.link_restore import Restored
    from shared.store.bucket import Bucket
    from shared.store.pulse import HostPulse

KEY_FILE = "link-backup.key"

NEXT = """What happens next:
  - Start the session host here (./wa up). It connects to WhatsApp once it leads this account: at once where the old
    host has left in good order, else when that one's pulse has stood still for ten minutes, or sooner with
    ./wa takeover.
  - The old host must never run again with its copy of the link."""

FRESH = """  - The backup is older than what was sent and received since. So each conversation begins anew with its next
    message, and the senders' phones are asked to send again what cannot be read. What nobody sends again is counted
    on the page's Link and in /health; you can read it on your phone."""


@click.group(invoke_without_command=True)
@click.option("--code", "phone", metavar="PHONE", help="Pair by a code that is typed into the phone of this number.")
@click.pass_context
def command(context: click.Context, phone: str | None) -> None:
    """Link the WhatsApp account, back the link up, restore it.

    Alone it shows how the running session host stands with WhatsApp. Where no account is linked it draws the QR code,
    and waits until the phone has scanned it; Ctrl-C leaves things as they are.

    A backup is as good as the linked device itself, so it is encrypted to a key whose secret part is not on the server.
    With LINK_BACKUP_RECIPIENT set the session host takes one after pairing and each day.
    """
    if context.invoked_subcommand is None:
        from cli import linking

        linking.link(phone)
    elif phone is not None:
        raise click.UsageError("--code goes with no other command.")


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def logout(yes: bool) -> None:
    """Unlink the account from this host; messages wait until it is linked again."""
    from cli import linking

    linking.logout(ask=not yes)


@command.command()
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=KEY_FILE, show_default=True,
    help="The file for the secret part, encrypted with a passphrase.",
)  # fmt: skip
def key(out: Path) -> None:
    """Make the key that backups are encrypted to.

    The file is an age identity, encrypted with the passphrase: any age program can read it.
    """
    from session_host import link_seal

    try:
        there = out.exists()
    except OSError as error:
        raise click.ClickException(f"{out} cannot be looked for ({error.strerror}): choose another --out.") from None
    if there:
        raise click.ClickException(f"{out} exists, and a key of earlier backups must not be lost: choose --out.")
    passphrase = click.prompt(
        f"Passphrase, at least {link_seal.SHORTEST_PASSPHRASE} characters", hide_input=True, confirmation_prompt=True
    )
    if len(passphrase) < link_seal.SHORTEST_PASSPHRASE:
        raise click.ClickException(f"The passphrase needs at least {link_seal.SHORTEST_PASSPHRASE} characters.")
    file, recipient = link_seal.new_identity(passphrase)
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as secret:
            secret.write(file)
    except OSError as error:
        raise click.ClickException(f"{out} could not be written: {error.strerror}.") from None
    click.echo(recipient)
    click.echo(
        f"Put it into .env as LINK_BACKUP_RECIPIENT={recipient} and restart the session host.\n"
        f"Keep {out} and its passphrase somewhere that is not this server: without both no backup can be restored, and "
        "together they open every one.",
        err=True,
    )


@command.command()
def backup() -> None:
    """Take a backup now, whether the session host runs or not."""
    done = subprocess.run(
        [sys.executable, "-m", "session_host.link_backup"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"The backup ended with code {done.returncode}."]
        raise click.ClickException(said[-1])
    taken = json.loads(done.stdout)
    click.echo(f"{taken['key']}  {taken['size']:,} bytes  taken {taken['at']}")


@command.command()
def backups() -> None:
    """List the backups in the bucket, the newest first."""
    from session_host import link_backups

    with _sentences():
        known = link_backups.stored(_bucket())
    for each in known:
        click.echo(f"{each.key.rpartition('/')[2]:56} {each.size:>12,} bytes  {_age(each)} old")
    if not known:
        click.echo("There is no backup of the link: ./wa link key makes a key, ./wa link backup takes one.", err=True)


@command.command()
@click.option(
    "--identity", type=click.Path(path_type=Path, dir_okay=False, exists=True), default=KEY_FILE, show_default=True,
    help="The file that ./wa link key made.",
)  # fmt: skip
@click.option("--name", metavar="BACKUP", help="Which one, as ./wa link backups lists it; the newest if left out.")
@click.option("--replace", is_flag=True, help="Put a session that is there already aside.")
@click.option(
    "--old-host-is-gone", is_flag=True,
    help="Do not watch whether the old host lives; asks, unless its last pulse is an hour old.",
)  # fmt: skip
def restore(identity: Path, name: str | None, replace: bool, old_host_is_gone: bool) -> None:
    """Put a backup into this machine's data folder, for a session host that is not running.

    Two hosts must not use one link. So it is first watched for a minute whether the old host still lives; and the new
    one connects only once it leads the account.
    """
    from session_host import link_restore, link_seal
    from session_host.folder_lock import FolderLock
    from shared.settings import HostSettings

    with _sentences():
        secret = identity.read_bytes()
        bucket, folder = _bucket(), ROOT / HostSettings.read(os.environ).data_dir
        with FolderLock(folder, SYSTEM, 0):
            chosen = link_restore.chosen(bucket, name)
            sealed = link_restore.sealed(bucket, chosen)
            click.echo(f"Backup   {chosen.key.rpartition('/')[2]}, {_age(chosen)} old")
            needed = link_seal.needs_passphrase(secret)
            passphrase = click.prompt("Passphrase of the identity file", hide_input=True) if needed else None
            manifest, database = link_seal.unseal(sealed, link_seal.identity(secret, passphrase), chosen.key)
            pulse = _gone(bucket) if old_host_is_gone else link_restore.watch(bucket, SYSTEM, _countdown)
            done = link_restore.place(folder, manifest, database, pulse, SYSTEM, replace=replace)
    _tell(done)


def _gone(bucket: "Bucket") -> "HostPulse | None":
    """The last pulse, of a host that a person says is gone; they are asked where it looks alive."""
    from session_host import link_restore

    pulse = link_restore.last_pulse(bucket)
    if pulse and not link_restore.has_left(pulse) and SYSTEM.now() - pulse.at < link_restore.LONG_AGO:
        click.echo(f"The last pulse of {pulse.host} is from {print_instant(pulse.at.replace(microsecond=0))}.")
        click.confirm(f"Is {pulse.host} stopped for good?", abort=True)
    return pulse


def _countdown(seconds: int) -> None:
    click.echo(f"Watching whether the old host still lives: {seconds} s to go.", err=True)


def _tell(done: "Restored") -> None:
    from session_host import link_restore

    taken = print_instant(done.manifest.taken_at)
    click.echo(f"Restored the link of {link_restore.masked(done.manifest.number)} as of {taken} to {done.database}.")
    if done.aside:
        click.echo(f"The session that was there is now {done.aside}.")
    click.echo(f"\n{NEXT}")
    if done.fresh:
        click.echo(FRESH)


def _age(backup: "Backup") -> str:
    old = max(timedelta(0), SYSTEM.now() - backup.at)
    hours = old // timedelta(hours=1)
    return f"{old // timedelta(minutes=1)} min" if hours < 2 else f"{hours} h" if hours < 72 else f"{old.days} days"


def _bucket() -> "Bucket":
    from shared.settings import StorageSettings
    from shared.store import opening

    settings = StorageSettings.read(os.environ)  # a relative folder is meant from the checkout
    return opening.open_bucket(settings.model_copy(update={"directory": ROOT / settings.directory}))


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """Turns what is refused or fails into the command's one sentence."""
    from session_host.folder_lock import FolderInUse
    from session_host.link_backup import BackupFailed
    from session_host.link_copy import LinkDamaged, NotLinked
    from session_host.link_restore import RestoreRefused
    from session_host.link_seal import SealError
    from shared.settings import SettingsError
    from shared.store.errors import StoreError

    expected = (FolderInUse, BackupFailed, LinkDamaged, NotLinked, RestoreRefused, SealError, SettingsError, StoreError)
    try:
        yield
    except (*expected, OSError) as error:
        raise click.ClickException(str(error)) from None

"""`wa token`: the tokens with which programs use the send API of this machine's session host."""

import os
from pathlib import Path

import click

from cli import ROOT

SCOPES = ("send", "read", "manage")


@click.group()
def command() -> None:
    """Make, list and revoke tokens of the send API.

    A token is a password for one program. Only a hash of it is kept, in HOST_DATA_DIR; a running host knows of each
    change at once.
    """


@command.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, required=True,
    help="What it allows; may be given several times. send: schedule, change, cancel. read: look at messages, listen "
    "to events. manage: the WhatsApp link, takeovers and tokens.",
)  # fmt: skip
@click.option("--replace", is_flag=True, help="Put it in place of the token that has this name; that one ends.")
def create(name: str, scopes: tuple[str, ...], replace: bool) -> None:
    """Make a token, and print it this once."""
    from session_host import tokens

    folder = data_folder()
    try:
        text = tokens.create(folder, name, scopes, replace=replace)
    except tokens.NameTaken:
        raise click.ClickException(
            f"There is a token '{name}' already: choose another name, or give --replace."
        ) from None
    except tokens.TokenError as error:
        raise click.ClickException(str(error)) from None
    click.echo(text)
    click.echo("Keep it now: it is stored nowhere and cannot be shown again.", err=True)


@command.command("list")
def list_() -> None:
    """Show each token's name and scopes."""
    from session_host import tokens

    try:
        known = tokens.stored(data_folder())
    except tokens.TokenError as error:
        raise click.ClickException(str(error)) from None
    for each in sorted(known, key=lambda token: token.name):
        click.echo(f"{each.name:24} {', '.join(each.scopes)}")
    if not known:
        click.echo("There is no token yet: ./wa token create NAME --scope send", err=True)


@command.command()
@click.argument("name")
def revoke(name: str) -> None:
    """End a token: whoever uses it is refused at once."""
    from session_host import tokens

    try:
        found = tokens.revoke(data_folder(), name)
    except tokens.TokenError as error:
        raise click.ClickException(str(error)) from None
    if not found:
        raise click.ClickException(f"There is no token '{name}': ./wa token list shows those there are.")
    click.echo(f"The token '{name}' is worth nothing any more.")


def data_folder() -> Path:
    """The session host's data folder; a relative one is meant from the checkout."""
    from shared.settings import HostSettings, SettingsError

    try:
        return ROOT / HostSettings.read(os.environ).data_dir
    except SettingsError as error:
        raise click.ClickException(str(error)) from None

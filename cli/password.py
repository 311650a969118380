"""`wa password`: the way back in for whoever has lost the page's password, for those who can log in to the server."""

import os
import sqlite3

import click

from cli import ROOT


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(yes: bool) -> None:
    """Reset the page's password to a new one for the first time.

    The present password ends and every browser is logged out. The page asks for a password of your own after you have
    logged in with the new one.
    """
    from shared.settings import SettingsError, WebSettings
    from web.local import LocalState
    from web.owner import FIRST_RUN, Owner
    from web.sessions import Sessions

    try:
        folder = ROOT / WebSettings.read(os.environ).data_dir
        if not yes:
            click.confirm("Forget the page's password and log every browser out?", abort=True)
        password = Owner(folder).reset()
        Sessions(LocalState(folder)).end_all()
    except (SettingsError, OSError, sqlite3.Error) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"The password for the first time, also in {folder / FIRST_RUN}:", err=True)
    click.echo(password)

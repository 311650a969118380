"""Pairing from a terminal: the QR code drawn in it, or a code to type, until the account is linked."""

import io
import os
import sys
from collections.abc import Callable
from threading import Event
from typing import Any

import click
from pydantic import ValidationError

from cli.takeover import with_token
from shared.clock import SYSTEM, Clock
from shared.host_client import HostClient, HostError
from shared.model.address import pretty
from shared.model.link import Link, LinkStatus
from shared.model.values import Told
from shared.settings import HostAddress, SettingsError

EACH = 1.0
"""Seconds between two looks: it is the looking that keeps codes coming."""

MOMENT = 10
"""Looks within which the host has begun what it was asked for."""

STEPS = "On your phone: WhatsApp, Settings, Linked devices, Link a device"
_MAY_PAIR = (Link.UNLINKED, Link.LOGGED_OUT, Link.NEEDS_PASSKEY)
_ON_THE_WAY = (Link.STARTING, Link.CONNECTING, Link.PAIRING)
_LINKED = (Link.CONNECTED, Link.CATCHING_UP, Link.PHONE_SILENT, Link.RECONNECTING)


class Code(Told):
    """A code as the session host tells it."""

    qr: str
    code: str | None = None
    seconds_left: int


class Stand(Told):
    """How the session host stands with WhatsApp."""

    status: LinkStatus
    number: str | None = None
    pairing: Code | None = None


def link(phone: str | None) -> None:
    """Show how it stands, and where no account is linked, pair. Raises ClickException."""
    host = _host()
    try:
        Terminal(host, SYSTEM).link(phone)
    except HostError as error:
        raise click.ClickException(str(error)) from None
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nLeft as it is: ./wa link goes on.")
        raise SystemExit(130) from None
    finally:
        host.close()


def logout(*, ask: bool) -> None:
    """Unlink the account. Raises ClickException."""
    host = _host()
    try:
        stand = read(host.link())
        if stand.number is None and stand.status.state not in _LINKED:
            click.echo(f"Nothing to unlink. {said(stand.status)}")
            return
        if ask:
            click.confirm(
                f"Unlink {_shown(stand.number)} from this host? Messages wait until you link again", abort=True
            )
        click.echo(said(read(host.logout()).status))
    except HostError as error:
        raise click.ClickException(str(error)) from None
    finally:
        host.close()


class Terminal:
    """One person before a terminal."""

    def __init__(self, host: HostClient, clock: Clock, wait: Callable[[float], object] | None = None) -> None:
        self._host = host
        self._clock = clock
        self._wait = wait or (lambda seconds: clock.wait(Event(), seconds))
        self._drawn: str | None = None
        self._counted = False

    def link(self, phone: str | None) -> None:
        """Until the account is linked. Raises HostError, ClickException where it cannot be."""
        stand = read(self._host.link())
        before = stand.status
        click.echo(f"State    {said(before)}")
        if stand.status.state in _LINKED:
            click.echo(f"Account  {_shown(stand.number)}")
            if phone is not None:
                raise click.ClickException("An account is linked already: ./wa link logout unlinks it.")
            return
        if phone is not None:
            click.echo("Asking WhatsApp for a code …")
            stand = read(self._host.pair(phone))
        elif stand.status.state in _MAY_PAIR or (stand.pairing and stand.pairing.code):
            stand = read(self._host.pair())
        self._follow(stand, before, typed=phone is not None)

    def _follow(self, stand: Stand, before: LinkStatus, *, typed: bool) -> None:
        """What was so `before` may be so for a moment after the host was asked to pair."""
        looks = MOMENT if before.state in _MAY_PAIR else 0
        while stand.status.state not in _LINKED:
            looks -= 1
            begins = stand.status.state in _MAY_PAIR and (stand.status.detail is None or stand.status == before)
            if stand.status.state not in _ON_THE_WAY and not (begins and looks > 0):
                self._end_line()
                raise click.ClickException(said(stand.status))
            if stand.pairing is not None:
                self._show(stand.pairing, typed=typed)
            self._wait(EACH)
            stand = read(self._host.link())
        self._end_line()
        click.echo(f"Linked as {_shown(stand.number)}. {stand.status.sentence}")

    def _show(self, pairing: Code, *, typed: bool) -> None:
        text = pairing.code if typed else pairing.qr
        if text is None:
            self._end_line()
            raise click.ClickException("The code was not typed in time: ./wa link --code PHONE asks for a new one.")
        if text != self._drawn:
            self._end_line()
            click.echo(_to_type(text) if typed else _to_scan(text))
            self._drawn = text
        if sys.stdout.isatty():
            click.echo(f"\r{pairing.seconds_left:>4} s left, Ctrl-C to leave ", nl=False)
            self._counted = True

    def _end_line(self) -> None:
        if self._counted:
            click.echo()
            self._counted = False


def read(answer: dict[str, Any]) -> Stand:
    """The host's answer. Raises ClickException where this version does not understand it."""
    try:
        return Stand.model_validate(answer)
    except ValidationError:
        raise click.ClickException("The session host answered what this version does not understand.") from None


def said(status: LinkStatus) -> str:
    """The state with what to do."""
    detail = f" {status.detail}" if status.detail else ""
    action = "" if status.action == "Nothing." else f" {status.action}"
    return f"{status.sentence}{detail}{action}"


def _to_scan(text: str) -> str:
    import segno

    drawn = io.StringIO()
    segno.make(text, error="l").terminal(out=drawn, border=2, compact=True)
    return f"{drawn.getvalue()}\n{STEPS}, and scan this."


def _to_type(code: str) -> str:
    return f"\n    {code}\n\n{STEPS},\nLink with phone number instead, and type this code."


def _shown(number: str | None) -> str:
    return pretty(number) if number else "the account"


def _host() -> HostClient:
    try:
        return HostClient(HostAddress.read(with_token(os.environ)))
    except (SettingsError, HostError) as error:
        raise click.ClickException(str(error)) from None

"""`wa tick`: the cloud function's tick, run here; for people without AWS, once under a timer or on with --every."""

import logging
import os
import signal
import threading
from datetime import datetime
from types import FrameType
from typing import TYPE_CHECKING

import click

from cli import ROOT
from shared.clock import SYSTEM, Clock

if TYPE_CHECKING:
    from chalice_app.chalicelib.tick import Report, Tick

log = logging.getLogger("tick")


@click.command()
@click.option(
    "--every",
    metavar="SECONDS",
    type=click.IntRange(1, 3600),
    help="Go on with a tick at each multiple of so many seconds (60: each full minute) until told to end.",
)
def command(every: int | None) -> None:
    """Hand over what is due, once or at each interval."""
    from chalice_app.chalicelib.tick import Tick
    from shared.host_client import HostError
    from shared.settings import SettingsError
    from shared.store.errors import StoreError

    os.chdir(ROOT)  # where a relative STORAGE_DIR is meant from
    try:
        tick = Tick(os.environ)
    except (SettingsError, HostError, StoreError) as error:
        raise click.ClickException(str(error)) from None
    if every is None:
        if not tick_once(tick, SYSTEM.now()):
            raise SystemExit(1)
        return
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    while wait_for_next(every, SYSTEM, ended):
        try:
            tick_once(tick, SYSTEM.now())
        except Exception:  # the next minute is the retry: whatever went wrong with one must not end them all
            log.exception("This tick failed; the next one comes as usual.")


def tick_once(tick: "Tick", now: datetime) -> bool:
    """One tick, said in a line; False, with the reason on stderr, where something is wrong."""
    from chalice_app.chalicelib.tick import TickFailed

    at = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    try:
        report = tick.run(now)
    except TickFailed as error:
        done = f" All the same: {sentence(error.report)}." if error.report else ""
        click.echo(f"{at}  failed: {error}{done}", err=True)
        return False
    click.echo(f"{at}  {sentence(report)}")
    return True


def sentence(report: "Report") -> str:
    """What a tick did, for people; message ids stand only beside a refusal and its reason."""
    parts = [f"{report.picked} due"]
    parts += [f"{count} {outcome.value}" for outcome, count in report.outcomes.items()]
    parts.append(f"{report.overdue} overdue")
    if report.link is not None:
        parts.append(f"link {report.link.state.value}")
    return ", ".join(parts) + "".join(f"; {ident} refused: {reason}" for ident, reason in report.refused.items())


def wait_for_next(seconds: int, clock: Clock, ended: threading.Event) -> bool:
    """Sleep until the wall clock enters its next period of so many seconds; False as soon as `ended` is set."""
    period = clock.now().timestamp() // seconds
    while (now := clock.now().timestamp()) // seconds == period:
        if clock.wait(ended, seconds - now % seconds):
            return False
    return not ended.is_set()

"""gunicorn's configuration for the crash tests: a simulated session host that kills itself at a named step.

KILL_AT_STEP names the step and the how-manieth time, like `begun:3`: then the whole process group gets SIGKILL, master
and worker, as when the machine loses power between two lines of code. The session host has no switch for this; its
parts are wrapped from outside, after they have been made.
"""

import os
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

from simulator import gunicorn_redirect

globals().update({name: value for name, value in vars(gunicorn_redirect).items() if not name.startswith("_")})


class Place(NamedTuple):
    """A method of one of the host's parts (a path of attributes), and whether death comes before or after it.

    most: how often a host that runs for a few seconds comes there at least.
    """

    path: str
    before: bool = False
    most: int = 4


STEPS = {
    "accepted": Place("ledger.accept"),  # nobody has the answer yet
    "claimed": Place("ledger.reconcile", most=2),  # in the ledger, not yet in the bucket
    "folded": Place("folder._fold.write", most=2),  # in the bucket, the ledger does not know
    "stored": Place("ledger.stored", most=2),  # folds: one to catch up, one for what was handed over
    "looked": Place("look.take", most=1),
    "begun": Place("link.send", before=True),  # committed, WhatsApp not yet asked
    "answered": Place("link.send"),  # WhatsApp has it, nothing written
    "settled": Place("ledger.turn"),  # and, in the same commit, the next begun
    "beaten": Place("pulse._beat", most=1),
}
"""Where the host dies, by the name of what has just happened."""


def post_worker_init(worker: Any) -> None:
    """Arm the host where it is to die, then do what the simulated host's own hook does."""
    from session_host.app import host_of

    step, _, times = os.environ.get("KILL_AT_STEP", "").partition(":")
    if step:
        arm(host_of(worker.wsgi), STEPS[step], int(times or 1))
    vars(gunicorn_redirect)["post_worker_init"](worker)


def arm(host: Any, place: Place, times: int) -> None:
    """Let the process group die at this place, the how-manieth time it is passed."""
    *owners, name = place.path.split(".")
    owner = host
    for each in owners:
        owner = getattr(owner, each)
    setattr(owner, name, _deadly(getattr(owner, name), times, before=place.before))


def _deadly(real: Callable[..., Any], times: int, *, before: bool) -> Callable[..., Any]:
    left = times

    def wrapped(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left <= 0 and before:
            _die()
        result = real(*arguments, **named)
        if left <= 0:
            _die()
        return result

    return wrapped


def _die() -> None:
    os.killpg(os.getpgrp(), signal.SIGKILL)

"""How gunicorn serves the session host: one process with threads, for link, ledger and lock are one process's."""

import os
import signal
from types import FrameType
from typing import Any

from gunicorn.errors import HaltServer

from session_host import safety
from session_host.host import THREADS
from session_host.restarts import MOST, WITHIN, Restarts
from shared.clock import SYSTEM
from shared.settings import HostSettings

bind = HostSettings.read().bind
worker_class = "gthread"
workers = 1
threads = THREADS
preload_app = False  # the link's library must not be loaded before the fork
timeout = 120  # a worker may wait 30 s for the one that is leaving
graceful_timeout = 10
keepalive = 2
worker_tmp_dir = None
control_socket_disable = True
forwarded_allow_ips = ""
accesslog = None  # addresses carry ids; what matters is in the host's own log
errorlog = "-"
loglevel = "warning"

STOP_SECONDS = 7.0
"""Of the ten after which gunicorn kills the worker."""


WORN_OUT = 4
"""The exit code where the worker has ended too often; systemd, or `wa up`, then decides."""

_restarts = Restarts()


def child_exit(server: Any, _: Any) -> None:
    """A worker has ended, by itself or with us; one that ends again and again is not started for ever."""
    if _restarts.pause(SYSTEM.monotonic()) is None:
        sentence = f"The session host has ended more than {MOST} times within {WITHIN / 60:.0f} minutes"
        server.log.error("%s: it is not started again here. Look at the log before this line.", sentence)
        raise HaltServer(sentence, WORN_OUT)


def on_starting(_: Any) -> None:
    """Before anything is bound: the link's library reads the environment as the process was started with."""
    safety.enter_environment()


def post_worker_init(worker: Any) -> None:
    """Start the host's threads; stop them at the first signal, not only when the last request is answered."""
    from session_host.app import host_of, refuse_to_start
    from session_host.database import LedgerError
    from session_host.link import Refused

    host = host_of(worker.wsgi)
    gunicorns = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: FrameType | None) -> None:
        host.begin_stop()
        if callable(gunicorns):
            gunicorns(number, frame)

    signal.signal(signal.SIGTERM, stop)
    host.on_stuck = lambda: os.kill(os.getpid(), signal.SIGTERM)
    try:
        host.start()
    except (LedgerError, Refused, OSError) as error:
        refuse_to_start(error)


def worker_exit(_: Any, worker: Any) -> None:
    """Finish what is in hand, disconnect, let go of the folder."""
    from session_host.app import EXTENSION

    extensions = getattr(getattr(worker, "wsgi", None), "extensions", {})
    if host := extensions.get(EXTENSION):
        host.stop(STOP_SECONDS)

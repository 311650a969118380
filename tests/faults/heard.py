"""gunicorn's configuration for the soak: a simulated session host that writes down which messages its link heard.

Each readable arrival is a line with its id in HOST_DATA_DIR/heard, twice where the link told of it twice. The session
host has no switch for this; its link is wrapped from outside, before it connects.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from session_host.link import Arrival
from simulator import gunicorn_redirect

globals().update({name: value for name, value in vars(gunicorn_redirect).items() if not name.startswith("_")})


def file_of(data_dir: Path) -> Path:
    """Where a host with this data folder writes what it heard."""
    return data_dir / "heard"


def post_worker_init(worker: Any) -> None:
    """Listen in, then do what the simulated host's own hook does: it connects."""
    from session_host.app import host_of

    link: Any = host_of(worker.wsgi).link
    link._on_arrival = _noted(link._on_arrival, file_of(Path(os.environ["HOST_DATA_DIR"])))
    vars(gunicorn_redirect)["post_worker_init"](worker)


def _noted(real: Callable[[Arrival], None], file: Path) -> Callable[[Arrival], None]:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def arrival(heard: Arrival) -> None:
        real(heard)
        if heard.readable:
            os.write(handle, f"{heard.message_id}\n".encode())

    return arrival

"""gunicorn's configuration for the demo and the tests: the session host's own, and each worker turned to the simulator.

`gunicorn -c python:simulator.gunicorn_redirect session_host.app:app`, with SIMULATOR_READY_FILE (the simulator's ready
file) and HOST_DATA_DIR (a folder marked by simulator.redirect.mark) in the environment. The client library must not be
loaded before the fork, so the redirect happens after it, in the worker.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from simulator import redirect
from simulator.models import ReadyFile

_HOST_CONFIGURATION = "session_host.gunicorn_conf"


def _host_settings() -> dict[str, Any]:
    try:
        settings = vars(import_module(_HOST_CONFIGURATION))
    except ModuleNotFoundError as error:
        if error.name not in (_HOST_CONFIGURATION, _HOST_CONFIGURATION.partition(".")[0]):
            raise
        return {}
    return {name: value for name, value in settings.items() if not name.startswith("_")}


_host = _host_settings()
globals().update(_host)
preload_app = False


def post_fork(server: Any, worker: Any) -> None:
    """Turns the new worker's client to the simulator, then does what the session host's own hook does."""
    if "neonize" in sys.modules:
        raise redirect.CannotRedirect("The client library was loaded before the fork: gunicorn must not preload.")
    ready = ReadyFile.model_validate_json(Path(_needed("SIMULATOR_READY_FILE")).read_bytes())
    redirect.install(ready.websocket, bytes.fromhex(ready.root_key), Path(_needed("HOST_DATA_DIR")), ready.media_ca)
    if "post_fork" in _host:
        _host["post_fork"](server, worker)


def _needed(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise redirect.CannotRedirect(f"Set {name}: without it the worker cannot find the simulator.")
    return value

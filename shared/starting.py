"""How a part that cannot start says why, and ends for good."""

import sys
from typing import NoReturn

import structlog

CANNOT_START = 4
"""gunicorn ends, and does not try again for ever, when a worker leaves with this code (its APP_LOAD_ERROR)."""

log = structlog.get_logger(__name__)


def refuse_to_start(part: str, error: Exception) -> NoReturn:
    """Say in one sentence why, where a person looks and where machines look, and end; `part` like "The web page"."""
    log.error("cannot start", reason=str(error))
    sys.stderr.write(f"{part} cannot start: {error}\n")
    sys.stderr.flush()
    sys.exit(CANNOT_START)

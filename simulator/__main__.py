"""`python -m simulator --data DIR`: a WhatsApp server on loopback, until SIGTERM, SIGINT or the end of its parent."""

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

import structlog

from simulator.process import Options, die_with_parent, run


def main() -> int:
    """Reads the command line and serves; the process's exit status."""
    parser = argparse.ArgumentParser(prog="simulator", description="A WhatsApp server on loopback, for demo and tests.")
    parser.add_argument(
        "--data", type=Path, required=True, help="the folder that keeps keys, messages and linked devices"
    )
    parser.add_argument("--port", type=int, default=0, help="the WebSocket port (default: a free one)")
    parser.add_argument("--control-port", type=int, default=0, help="the control port (default: a free one)")
    parser.add_argument("--media-port", type=int, default=0, help="the port for files, HTTPS (default: a free one)")
    parser.add_argument("--ready-file", type=Path, help="written with addresses and token once it listens")
    parser.add_argument("--with-parent", action="store_true", help="end when the starting process ends (Linux)")
    given = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # plain: the usual renderer prints the values of variables too, and with them texts and keys
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    if given.with_parent:
        die_with_parent(os.getppid())
    try:
        asyncio.run(run(Options(given.data, given.port, given.control_port, given.ready_file, given.media_port)))
    except OSError as error:
        print(f"The simulator cannot start: {error}", file=sys.stderr)
        return 1
    finally:
        if given.ready_file:
            given.ready_file.unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

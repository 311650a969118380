"""One running simulator: its ports, its ready file, and an end that comes within two seconds of being asked for."""

import asyncio
import ctypes
import logging
import os
import secrets
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog
from werkzeug.serving import make_server

from simulator import api, server, store, tls, tokens
from simulator.clock import utc_now
from simulator.files import Files
from simulator.media_server import MediaServer
from simulator.models import ReadyFile
from simulator.network import MediaAddress, Network
from simulator.private import write_privately

log = structlog.get_logger()

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Options:
    """How to start: the data folder, the three ports (0 takes a free one) and where to say that it is ready."""

    data: Path
    port: int = 0
    control_port: int = 0
    ready_file: Path | None = None
    media_port: int = 0


def die_with_parent(parent: int) -> None:
    """Has the kernel send SIGTERM when the thread that started this process ends; `parent` is that process's id."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("The process that started the simulator has ended already.")


async def run(options: Options) -> None:
    """Serves until SIGTERM or SIGINT; raises OSError when a port is taken or the folder cannot be written."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = store.open_database(options.data)
    authority = store.authority(database)
    network = Network(database, authority, Files(options.data / "media"))
    signer = tls.authority(options.data, utc_now())
    token = secrets.token_urlsafe(32)
    media = MediaServer(network, loop, tls.context(signer, options.data, utc_now()), options.media_port)
    network.media = MediaAddress(media.host, media.auth)
    door = server.Door(network, tokens.read(tokens.library()), options.port)
    await door.open()
    application = api.application(network, loop, token)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # one line for each request says nothing here
    control = make_server("127.0.0.1", options.control_port, application, threaded=True)
    threading.Thread(target=control.serve_forever, kwargs={"poll_interval": 0.1}, name="control", daemon=True).start()
    ready = ReadyFile(
        websocket=f"ws://127.0.0.1:{door.port}{server.PATH}",
        control=f"http://127.0.0.1:{control.server_port}",
        token=token,
        root_key=authority.root.public.hex(),
        media_ca=signer.file.resolve(),
        pid=os.getpid(),
    )
    if options.ready_file:
        write_privately(options.ready_file, ready.model_dump_json(by_alias=True, indent=2))
    log.info("listening", websocket=ready.websocket, control=ready.control)
    print("ready", flush=True)  # whoever started the simulator can wait for this line
    receipts = asyncio.create_task(server.send_receipts(network))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({receipts, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if receipts.done():
            receipts.result()
    finally:
        receipts.cancel()
        await asyncio.to_thread(media.close)
        await asyncio.to_thread(control.shutdown)
        control.server_close()
        await _close(network, door)
        database.close()


async def _close(network: Network, door: server.Door) -> None:
    for connection in list(network.connected.values()):
        connection.abort()
    try:
        async with asyncio.timeout(1):
            await door.close()
    except TimeoutError:
        log.warning("clients-still-connected")
    log.info("stopped")

"""The WebSocket side of the simulator: accepts clients, leads each through its handshake, sends receipts in time."""

import asyncio
from http import HTTPStatus

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from simulator import delivery
from simulator.clock import utc_now
from simulator.connection import Connection, HandshakeFailed
from simulator.network import Network
from simulator.tokens import Tokens

log = structlog.get_logger()

PATH = "/ws/chat"
_MAX_FRAME = 1 << 24


async def listen(network: Network, tokens: Tokens, port: int) -> Server:
    """Listens on loopback (port 0 takes a free one); raises OSError when the port is taken."""

    def check(connection: ServerConnection, request: Request) -> Response | None:
        if request.path.rstrip("/") != PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"The simulated server is at {PATH}.\n")
        if network.faults.play("connect"):
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "A fault rule refuses connections.\n")
        return None

    async def accept(websocket: ServerConnection) -> None:
        await _attend(network, Connection(websocket, tokens, network.authority))

    return await serve(
        accept, "127.0.0.1", port, process_request=check, compression=None, max_size=_MAX_FRAME, ping_interval=None
    )


async def _attend(network: Network, connection: Connection) -> None:
    try:
        noise, payload = await connection.handshake()
    except HandshakeFailed as error:
        log.error("handshake-failed", reason=str(error))
        network.happenings.add("handshake-failed", reason=str(error))
        return
    if payload.HasField("devicePairingData"):
        network.links.offer(connection, payload, noise)
    else:
        network.links.login(connection, payload, noise)
    try:
        await connection.run(lambda stanza: network.handle(connection, stanza))
    finally:
        network.leave(connection)


async def send_receipts(network: Network) -> None:
    """Sends each receipt when it is due, for ever; what was due while the simulator was down goes out at once."""
    while True:
        network.receipts_changed.clear()
        delivery.send_due_receipts(network, utc_now())
        moment = network.mailbox.next_due()
        try:
            async with asyncio.timeout(None if moment is None else max(0.0, moment - utc_now().timestamp())):
                await network.receipts_changed.wait()
        except TimeoutError:
            continue

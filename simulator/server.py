"""The WebSocket side of the simulator: accepts clients, leads each through its handshake, sends receipts in time."""

import asyncio
import socket
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


class Door:
    """Where clients come in: open, or shut as if no server were there; the port stays its own."""

    def __init__(self, network: Network, tokens: Tokens, port: int) -> None:
        """On loopback; port 0 takes a free one."""
        self._network, self._tokens = network, tokens
        self.port = port
        self._server: Server | None = None
        self._placeholder: socket.socket | None = None
        self._moving = asyncio.Lock()
        network.faults_changed = self._obey

    async def open(self) -> None:
        """Listens; raises OSError when the port is taken."""
        self._server = await serve(
            self._accept,
            "127.0.0.1" if self._placeholder is None else None,
            self.port if self._placeholder is None else None,
            sock=self._placeholder,
            process_request=self._check,
            compression=None,
            max_size=_MAX_FRAME,
            ping_interval=None,
            open_timeout=None,  # a rule may have a client wait for the answer
        )
        self._placeholder = None
        self.port = next(iter(self._server.sockets)).getsockname()[1]

    async def close(self) -> None:
        """Ends every connection, and returns once that is done."""
        if self._placeholder:
            self._placeholder.close()
        if self._server:
            self._server.close(close_connections=True)
            await self._server.wait_closed()

    async def _obey(self) -> None:
        async with self._moving:
            if self._network.faults.refusing and self._placeholder is None and self._server:
                self._server.server.close()  # only the listening: who is connected stays
                self._placeholder = socket.socket()  # bound and not listening: whoever dials is refused
                self._placeholder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._placeholder.bind(("127.0.0.1", self.port))
            elif self._placeholder and not self._network.faults.refusing:
                await self.open()

    async def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path.rstrip("/") != PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, f"The simulated server is at {PATH}.\n")
        fault = self._network.fault("connect")
        if fault is None:
            return None
        if fault.action != "nack":
            if fault.action != "hang":
                connection.transport.abort()
            await asyncio.wait([connection.connection_lost_waiter])
        return connection.respond(HTTPStatus(fault.code), "A fault rule refuses connections.\n")

    async def _accept(self, websocket: ServerConnection) -> None:
        await _attend(self._network, Connection(websocket, self._tokens, self._network.authority))


async def _attend(network: Network, connection: Connection) -> None:
    fault = network.fault("handshake")
    if fault and fault.action == "close":
        connection.abort()
        return
    if fault and fault.action == "hang":
        await connection.wait_closed()
        return
    try:
        noise, payload = await connection.handshake(damaged=fault is not None)
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

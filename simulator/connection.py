"""One client's connection: WebSocket frames, the Noise handshake, and stanzas in both directions in their order."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from cryptography.exceptions import InvalidTag
from google.protobuf.message import DecodeError
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from simulator import certificates, nodes
from simulator.certificates import Authority
from simulator.clock import utc_now
from simulator.devices import Device, Registration
from simulator.nodes import MalformedNode, Node
from simulator.noise import PROLOGUE, Cipher, Responder
from simulator.people import Person
from simulator.protobufs import wa6
from simulator.tokens import Tokens

log = structlog.get_logger()

_HANDSHAKE_SECONDS = 20
_DISMISSAL_SECONDS = 0.5
_MOST_FRAMES = 100  # in one WebSocket message
_FIRST_STANZA_DELAY = 0.03  # some clients switch to the transport keys a moment after their last handshake frame


class Frames:
    """Cuts WebSocket messages into frames: three bytes of length, then the payload."""

    def __init__(self, websocket: ServerConnection) -> None:
        self._websocket, self._buffer = websocket, bytearray()

    async def take(self, size: int) -> bytes:
        """So many bytes, across messages; raises ConnectionClosed."""
        while len(self._buffer) < size:
            message = await self._websocket.recv()
            self._buffer += message if isinstance(message, bytes) else message.encode()
        piece = bytes(self._buffer[:size])
        del self._buffer[:size]
        return piece

    async def next(self) -> bytes:
        """The next frame's payload; raises ConnectionClosed."""
        return await self.take(int.from_bytes(await self.take(3), "big"))


class HandshakeFailed(Exception):
    """The client did not complete the handshake."""


class Connection:
    """A connection after its handshake. `send` keeps the order; `owner` and `device` are set once it has logged in."""

    def __init__(self, websocket: ServerConnection, tokens: Tokens, authority: Authority) -> None:
        self._websocket, self._tokens, self._authority = websocket, tokens, authority
        self._frames = Frames(websocket)
        self._outgoing: list[Node | bytes] = []
        self._changed, self._ending = asyncio.Event(), False
        self._reading = self._writing = Cipher(bytes(32))
        self.owner: Person | None = None
        self.device: Device | None = None
        self.registration: Registration | None = None
        self.active = False
        self.silent = False

    async def handshake(self, *, damaged: bool = False) -> tuple[bytes, Any]:
        """Answers the Noise handshake: (the client's static key, its ClientPayload); raises HandshakeFailed.

        `damaged`: with a proof of the server's identity that no client can open.
        """
        try:
            async with asyncio.timeout(_HANDSHAKE_SECONDS):
                return await self._handshake(damaged=damaged)
        except (InvalidTag, DecodeError, ConnectionClosed, TimeoutError, ValueError) as error:
            raise HandshakeFailed(f"{type(error).__name__}: {error}") from error

    async def _handshake(self, *, damaged: bool) -> tuple[bytes, Any]:
        if await self._frames.take(len(PROLOGUE)) != PROLOGUE:
            raise HandshakeFailed("The first bytes are not WhatsApp's header.")
        hello = wa6.HandshakeMessage.FromString(await self._frames.next()).clientHello
        responder = Responder(self._authority.static)
        chain = certificates.chain(self._authority, utc_now())
        ephemeral, static, payload = responder.hello(hello.ephemeral, chain)
        if damaged:
            payload = bytes(len(payload))
        answer = wa6.HandshakeMessage(serverHello={"ephemeral": ephemeral, "static": static, "payload": payload})
        await self._websocket.send(_framed(answer.SerializeToString()))
        finish = wa6.HandshakeMessage.FromString(await self._frames.next()).clientFinish
        client, sealed, self._reading, self._writing = responder.finish(finish.static, finish.payload)
        return client, wa6.ClientPayload.FromString(sealed)

    async def run(self, handle: Callable[[Node], None]) -> None:
        """Feeds each stanza to `handle` until the connection ends, while a task of its own writes."""
        writer = asyncio.create_task(self._write())
        try:
            while True:
                frame = self._reading.decrypt(await self._frames.next())
                handle(nodes.decode(frame, self._tokens))
        except ConnectionClosed:
            pass
        except (InvalidTag, MalformedNode) as error:
            log.error("frame-unreadable", reason=str(error) or type(error).__name__)
        finally:
            self.close()
            await writer

    async def wait_closed(self) -> None:
        """Returns once the client has gone."""
        await self._websocket.wait_closed()

    def send(self, stanza: Node) -> None:
        """Puts a stanza on its way; never blocks, and does nothing once the connection has ended or is silent."""
        if not self.silent:
            self._outgoing.append(stanza)
            self._changed.set()

    def send_unreadable(self, payload: bytes) -> None:
        """Puts a frame on its way that is sealed with no key; a client that counts frames can read none after it."""
        self._outgoing.append(payload)
        self._changed.set()

    def silence(self) -> None:
        """From here on nothing is answered and nothing is sent, and the connection stays open."""
        self.silent = True

    def close(self) -> None:
        """Ends the connection after what has been sent before."""
        self._ending = True
        self._changed.set()

    def dismiss(self, reason: Node) -> None:
        """Sends a last stanza and ends the connection a little later, so that a busy client still reads it."""
        self.send(reason)
        asyncio.get_running_loop().call_later(_DISMISSAL_SECONDS, self.close)

    def abort(self) -> None:
        """Breaks the connection at once, as a lost network does."""
        self._websocket.transport.abort()

    async def _write(self) -> None:
        await asyncio.sleep(_FIRST_STANZA_DELAY)
        try:
            while self._outgoing or not self._ending:
                await self._changed.wait()
                self._changed.clear()
                stanzas, self._outgoing = self._outgoing, []
                for first in range(0, len(stanzas), _MOST_FRAMES):
                    frames = [self._frame(stanza) for stanza in stanzas[first : first + _MOST_FRAMES]]
                    await self._websocket.send(b"".join(frames))
            await self._websocket.close()
        except ConnectionClosed:
            log.debug("send-after-close")

    def _frame(self, stanza: Node | bytes) -> bytes:
        if isinstance(stanza, bytes):
            return _framed(stanza)
        return _framed(self._writing.encrypt(nodes.encode(stanza, self._tokens)))


def _framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + payload

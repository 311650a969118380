"""The guard of the tests themselves: what would leave this machine is refused before it does."""

import socket
from collections.abc import Callable

import pytest

ELSEWHERE = ("192.0.2.1", 9)
"""An address that is nobody's (RFC 5737)."""


@pytest.mark.parametrize(
    "reach",
    [
        lambda: socket.create_connection(ELSEWHERE, timeout=0.1),
        lambda: socket.socket().connect(ELSEWHERE),
        lambda: socket.socket().connect_ex(ELSEWHERE),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"?", ELSEWHERE),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"?", 0, ELSEWHERE),
        lambda: socket.socket(type=socket.SOCK_DGRAM).sendmsg([b"?"], [], 0, ELSEWHERE),
        lambda: socket.getaddrinfo("example.org", 80),
        lambda: socket.gethostbyname("example.org"),
    ],
    ids=["create_connection", "connect", "connect_ex", "sendto", "sendto with flags", "sendmsg", "getaddrinfo", "name"],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_another_machine_is_out_of_reach(reach: Callable[[], object]) -> None:
    with pytest.raises(RuntimeError, match="a test reached for another machine"):
        reach()


def test_this_machine_is_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        with socket.create_connection(("localhost", server.getsockname()[1])) as client:
            other, _ = server.accept()
            with other:
                client.sendall(b"here")
                assert other.recv(4) == b"here"

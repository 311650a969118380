"""What holds for every test: nothing leaves this machine, nothing of its owner's settings comes in."""

import functools
import os
import socket
from collections.abc import Callable, Generator
from ipaddress import ip_address
from typing import Any

import hypothesis
import pytest
from coverage import Coverage

from shared.settings import ALL

for setting in (name for kind in ALL for name in kind.names()):  # a test names the settings it means
    os.environ.pop(setting, None)
    os.environ.pop(f"{setting}_FILE", None)

hypothesis.settings.register_profile("default", deadline=None, derandomize=False)
hypothesis.settings.register_profile("thorough", deadline=None, derandomize=False, max_examples=2000)
hypothesis.settings.load_profile("default")


LONG = frozenset({"bundle", "faults", "flow", "ui"})


class OutsideNetwork(RuntimeError):
    """A test reached for another machine; only one marked `registry` may."""


class _Guard:
    """Sees where this process's sockets go and what they look up, and refuses what leaves the machine.

    No audit hook: Python would call it for each import, file and frame, too, and a thread that begins to be measured
    just then could fail to.
    """

    def __init__(self) -> None:
        self.open = False
        for verb in ("connect", "connect_ex", "sendto", "sendmsg"):
            self._stand_before(socket.socket, verb, _address_of[verb])
        for look_up in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            self._stand_before(socket, look_up, lambda arguments: (arguments[0],))

    def _stand_before(self, owner: object, name: str, whither: Callable[[tuple[Any, ...]], Any]) -> None:
        passed_on = getattr(owner, name)

        @functools.wraps(passed_on)
        def guarded(*arguments: Any, **more: Any) -> Any:
            to = whither(arguments)
            if not self.open and isinstance(to, tuple) and not _is_here(to[0]):
                raise OutsideNetwork(f"{name} {to[0]}: a test reached for another machine")
            return passed_on(*arguments, **more)

        setattr(owner, name, guarded)


_address_of: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "connect": lambda arguments: arguments[1],
    "connect_ex": lambda arguments: arguments[1],
    "sendto": lambda arguments: arguments[-1],
    "sendmsg": lambda arguments: arguments[4] if len(arguments) > 4 else None,
}
"""The address among a socket's and its call's arguments; one that is no tuple is a path on this machine."""


def _is_here(host: str | bytes | None) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        address = ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


GUARD = _Guard()


@pytest.fixture(autouse=True)
def _stay_here(request: pytest.FixtureRequest) -> Generator[None]:
    """Refuse connections to other machines, except in a test marked `registry`."""
    GUARD.open = request.node.get_closest_marker("registry") is not None
    yield
    GUARD.open = False


def pytest_addoption(parser: pytest.Parser) -> None:
    """`./wa test --nightly`: with the tests that wait for minutes."""
    parser.addoption("--nightly", action="store_true", help="Play the tests that wait for minutes, too.")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the folders whose files take long, so that no worker is left with one of them at the end."""
    if not config.getoption("--nightly"):  # left out, not skipped: with CI=true nothing may be skipped
        items[:] = [item for item in items if item.get_closest_marker("nightly") is None]
    items.sort(key=lambda item: item.path.parent.name not in LONG)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """In a worker, too, `no_cover` means that nothing is measured: there pytest-cov 7.1 pauses what it began with the
    session, and so wakes what it had begun before that and forgotten."""
    forgotten = Coverage.current() if item.get_closest_marker("no_cover") else None
    if forgotten is not None:
        forgotten.stop()
    yield
    if forgotten is not None:
        forgotten.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI=true a skipped test is a failed one: there nothing may be missing."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and CI=true allows no skip: {call.excinfo}"
    return report

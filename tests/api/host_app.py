"""The session host's app around a real host over a bucket in memory: steps are taken by hand, no thread runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from session_host import app, tokens
from session_host.host import Host
from shared.clock import Clock
from shared.model.pace import OFF, PaceSettings
from shared.settings import HostSettings
from tests.fakes.host import Failing, HandClock, ScriptedLink


class Api:
    """A client with a token, and the parts behind the app."""

    def __init__(self, folder: Path, clock: Clock, pace: PaceSettings) -> None:
        self.clock = clock
        self.bucket = Failing()
        self.link = ScriptedLink()
        self.host = Host(HostSettings(data_dir=folder), self.bucket, self.link, clock, pace)
        self.folder = folder
        self.flask = app.build(self.host)
        self.client = self.flask.test_client()
        self.token = tokens.create(folder, "tests", ("send", "read", "manage"))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """One request as the holder of the token with every scope."""
        sent = {"Authorization": f"Bearer {self.token}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.client.open(path, method=method, json=body, headers=sent)

    def lead(self) -> None:
        """It takes its place and catches up, in no time."""
        now = self.clock.now()
        self.host.pulse.step(now)
        self.set(now)
        self.host.fold_soon()
        self.host.folder.step(now)

    def work(self) -> None:
        """What the threads do: pulse, fold, send, and fold what was sent; a second passes after each."""
        self.host.pulse.step(self.clock.now())
        for _ in range(3):
            self.host.fold_soon()
            self.pass_second()
            self.host.folder.step(self.clock.now())
            for _ in range(5):
                self.host.sender.step(self.clock.now())

    def pass_second(self) -> None:
        """A second later."""
        self.set(self.clock.now() + timedelta(seconds=1))

    def set(self, now: datetime) -> None:
        """It is that late now."""
        assert isinstance(self.clock, HandClock)
        self.clock.set(now)


@contextmanager
def an_api(folder: Path, clock: Clock | None = None, *, pace: PaceSettings = OFF, leads: bool = True) -> Iterator[Api]:
    """An app over this folder, by hand unless a clock is given; closed afterwards. `leads`: it has come to."""
    api = Api(folder, clock or HandClock(), pace)
    if leads and clock is None:
        api.lead()
    yield api
    api.host.stop(5)

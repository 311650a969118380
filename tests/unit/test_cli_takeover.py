"""`wa takeover`: what it shows and asks before a host may lead in place of another one."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

import cli.takeover
from cli.main import wa
from cli.takeover import last_pulse, with_token
from shared.store import keys, opening
from shared.store import pulse as pulses
from shared.store.pulse import HostPulse
from tests.api.host_app import Api, an_api
from tests.builders import NOW, in_


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A session host that answers over HTTP and finds another one's pulse; the settings lead to both."""
    with an_api(tmp_path / "host", leads=False) as running:
        pulses.write_host(running.bucket, HostPulse(host="london-1", epoch=3, counter=7, at=in_(hours=-2)))
        running.host.pulse.step(NOW)
        server = make_server("127.0.0.1", 0, running.flask)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("HOST_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("HOST_TOKEN", running.token)
        monkeypatch.setattr(opening, "open_bucket", lambda _: running.bucket)
        monkeypatch.setattr(cli.takeover, "ROOT", tmp_path)
        monkeypatch.chdir(tmp_path)
        yield running
        server.shutdown()
        thread.join()
        server.server_close()


def takeover(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(wa, ["takeover", *arguments], input=answer)


def test_it_names_the_other_host_says_what_it_risks_and_asks(api: Api) -> None:
    done = takeover(answer="n\n")
    assert done.exit_code == 1
    assert "Other host   london-1" in done.output
    assert "Last pulse   2026-11-22T10:00:00Z" in done.output
    assert "could arrive twice" in done.output
    assert "Is london-1 stopped for good" in done.output
    api.host.pulse.step(in_(30))
    assert api.host.pulse.other is not None, "nothing was taken over"


@pytest.mark.parametrize(("arguments", "answer"), [(("--yes",), ""), ((), "y\n")])
def test_this_host_takes_over_once_a_person_says_so(api: Api, arguments: tuple[str, ...], answer: str) -> None:
    done = takeover(*arguments, answer=answer)
    assert done.exit_code == 0
    assert "messages wait until" in done.output
    found = pulses.read_host(api.bucket)
    assert found is not None
    assert (found.host, found.epoch) == (api.host.pulse.host, 4)
    again = takeover("--yes")
    assert (again.exit_code, again.output.startswith("Nothing to take over: ")) == (0, True)


def test_a_pulse_nobody_can_read_can_be_taken_over_too(api: Api) -> None:
    api.bucket.put(keys.HOST_PULSE, b"{")
    done = takeover("--yes")
    assert done.exit_code == 0
    assert "Last pulse   cannot be read" in done.output
    assert pulses.read_host(api.bucket) is not None


def test_a_host_that_does_not_answer_is_said(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST_URL", "http://127.0.0.1:9")
    done = takeover("--yes")
    assert done.exit_code == 1
    assert "does not answer" in done.output


def test_a_token_without_the_scope_is_said(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST_TOKEN", "wrong")
    done = takeover("--yes")
    assert done.exit_code == 1
    assert "./wa token" in done.output


def test_the_token_that_up_made_is_used_where_none_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.takeover, "ROOT", tmp_path)
    assert with_token({}) == {}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "token").touch()
    assert with_token({"LOG_LEVEL": "INFO"})["HOST_TOKEN_FILE"] == str(tmp_path / "data" / "token")
    assert with_token({"HOST_TOKEN": "mine"}) == {"HOST_TOKEN": "mine"}


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=40), "40 seconds ago (it seems to run: stop it first)"),
        (timedelta(seconds=-5), "0 seconds ago (it seems to run: stop it first)"),
        (timedelta(minutes=9), "9 minutes ago"),
        (timedelta(days=2), "2,880 minutes ago"),
    ],
)
def test_a_pulse_that_is_young_is_said_to_be_alive(ago: timedelta, words: str) -> None:
    assert last_pulse(NOW - ago, NOW).endswith(words)

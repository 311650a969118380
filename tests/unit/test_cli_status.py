"""`wa status`: what it says of a host that is well, of one that is not, and of none."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from werkzeug.serving import make_server

from cli.main import wa
from cli.status import lines
from tests.api.host_app import Api, an_api


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A session host that answers over HTTP, to which the settings lead."""
    with an_api(tmp_path / "host") as running:
        server = make_server("127.0.0.1", 0, running.flask)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("HOST_URL", f"http://127.0.0.1:{server.server_port}")
        yield running
        server.shutdown()
        thread.join()
        server.server_close()


def status(*arguments: str) -> Result:
    return CliRunner().invoke(wa, ["status", *arguments])


def test_it_says_how_the_link_is_and_when_the_tick_came(api: Api) -> None:
    done = status()
    said = dict(line.split(maxsplit=1) for line in done.output.splitlines())
    assert said["link"] == "Connected to WhatsApp."
    assert "tick" in said["tick"].lower()
    assert said["messages"] == "none here; 0 overdue"


def test_json_is_the_health_document_and_the_exit_code_says_whether_messages_leave(api: Api) -> None:
    done = status("--json")
    health = json.loads(done.output)
    assert set(health["checks"]) >= {"scheduler", "whatsapp_session", "scheduler_activity"}
    assert done.exit_code == (0 if health["healthy"] else 1)


def test_no_host_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST_URL", "http://127.0.0.1:9")
    done = status()
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")
    assert "Traceback" not in done.output


def test_what_is_wrong_is_said_and_what_is_not_told_is_left_out() -> None:
    said = list(
        lines({"healthy": False, "trouble": {"storage": "It is away."}, "problems": ["a record"], "overdue": 2})
    )
    assert said == [
        ("health", "Something is wrong: messages may wait."),
        ("messages", "none here; 2 overdue"),
        ("trouble", "storage: It is away."),
        ("problem", "a record"),
    ]

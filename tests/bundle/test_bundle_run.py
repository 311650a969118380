"""The zip itself, run as Lambda runs it, between a store that behaves like Backblaze B2 and a real session host linked
to the simulator: what is due goes out exactly once, though its event is delivered again and again.
"""

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli import ROOT, bundle
from shared.model.message import Message, Status
from simulator.control import Control
from tests.builders import message
from tests.bundle import lambda_like
from tests.bundle.lambda_like import Answered, InitFailed, scheduled_event
from tests.bundle.workshop import HERE
from tests.cast import BOB
from tests.contract.b2_like import BUCKET, KEY_ID, SECRET, B2Like
from tests.fakes.amazon import PARAMETER, amazon_here
from tests.flow.host_process import HostProcess, running_host
from tests.flow.simulated import running_simulator

pytestmark = [pytest.mark.registry, pytest.mark.slow]

NOWHERE = "http://127.0.0.1:9"
SOON = 40
"""Seconds until the message is due: within the tick's 75, and room for all that must be over by then, two cold starts
of the function among it, on a machine that is busy."""


class Installation(NamedTuple):
    """A host that sends, where it keeps its bucket, and the settings that the stack gives the function."""

    control: Control
    host: HostProcess
    settings: dict[str, str]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    with ExitStack() as running:
        store = running.enter_context(B2Like())
        control = running.enter_context(running_simulator(folder))
        control.put_contact(BOB.number, name=BOB.name, delivered_after_ms=50, read_after_ms=None)
        where = {"STORAGE_MODE": "s3", "B2_BUCKET": BUCKET, "B2_S3_ENDPOINT": store.endpoint, "B2_PREFIX": "run/"}
        keys = {"B2_ACCESS_KEY_ID": KEY_ID, "B2_SECRET_ACCESS_KEY": SECRET}
        host = running.enter_context(running_host(folder, control, store.bucket("run/"), **where, **keys))
        amazon = running.enter_context(amazon_here())
        amazon.keep({**keys, "HOST_TOKEN": host.token})
        named = {"HOST_URL": f"http://127.0.0.1:{host.port}", "SECRETS_NAME": "", "SECRETS_PARAMETER": PARAMETER}
        yield Installation(control, host, {**where, **named, **amazon.variables})


def due_in(host: HostProcess, seconds: float, text: str) -> Message:
    """A message as the page stores it; returns once it is in scheduled.json, where the tick reads."""
    one = host.schedule(message(BOB, text=text, send_at=datetime.now(UTC) + timedelta(seconds=seconds)))
    host.hand_over()
    host.until(lambda: host.projected(one.id) is not None)
    return one


def picked(answer: Answered) -> dict[str, Any]:
    assert answer.error is None
    return {"picked": answer.value["picked"], **answer.value.get("outcomes", {})}


def test_a_message_goes_out_exactly_once_though_its_event_is_delivered_again_and_again(
    task: Path, runtime: Path, tmp_path: Path, installation: Installation
) -> None:
    control, host, settings = installation
    with (
        lambda_like.running(task, runtime, tmp_path / "one", settings) as one,
        lambda_like.running(task, runtime, tmp_path / "two", settings) as two,
        ThreadPoolExecutor(2) as threads,
    ):
        one.wait_until_loaded()
        two.wait_until_loaded()
        sent = due_in(host, SOON, "The ferry leaves at ten.")
        event = scheduled_event()
        together = threading.Barrier(2)

        def deliver(environment: lambda_like.Environment) -> Answered:
            together.wait()
            return environment.invoke(event)

        answers = [picked(each) for each in threads.map(deliver, [one, two])]
        assert all(answer["picked"] == 1 for answer in answers)
        assert sum(answer.get("accepted", 0) for answer in answers) == 1
        assert sum(answer.get("known", 0) for answer in answers) == 1
        assert picked(one.invoke(event)) == {"picked": 1, "known": 1}
        [received] = [
            each for each in control.wait_for_inbox(BOB.number, 1, seconds=SOON + 40) if each.text == sent.text
        ]
        host.until(lambda: (found := host.projected(sent.id)) is not None and found.status is Status.SENT)
        assert picked(two.invoke(event))["picked"] == 0
    time.sleep(2)  # nothing is awaited: it is the absence of a second one that is looked at
    assert [each.text for each in control.inbox(BOB.number)].count(received.text) == 1
    stored = host.projected(sent.id)
    assert stored is not None
    assert stored.delivery.handed_over_by == "tick"
    assert '"event": "tick"' in one.log()


def test_what_is_wrong_is_an_error_that_is_counted_and_the_next_minute_is_the_retry(
    task: Path, runtime: Path, tmp_path: Path, installation: Installation
) -> None:
    away = {**installation.settings, "HOST_URL": NOWHERE}
    with lambda_like.running(task, runtime, tmp_path / "away", away) as function:
        function.wait_until_loaded()
        for _ in range(2):
            failed = function.invoke(scheduled_event())
            assert failed.error is not None
            assert failed.error["errorType"] == "TickFailed"
            assert f"The session host at {NOWHERE} does not answer" in failed.error["errorMessage"]


def test_it_can_be_called_by_hand_as_the_documentation_says(
    task: Path, runtime: Path, tmp_path: Path, installation: Installation
) -> None:
    page = (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8")
    [payload] = re.findall(r"--payload '(.*)'", page)
    with lambda_like.running(task, runtime, tmp_path / "by-hand", installation.settings) as function:
        function.wait_until_loaded()
        assert picked(function.invoke(json.loads(payload)))["picked"] == 0


def test_no_secret_is_in_the_functions_log_or_errors(
    task: Path, runtime: Path, tmp_path: Path, installation: Installation
) -> None:
    wrong = {**installation.settings, "SECRETS_PARAMETER": "/whatsapp/other"}
    with lambda_like.running(task, runtime, tmp_path / "right", installation.settings) as right:
        right.wait_until_loaded()
        assert right.invoke(scheduled_event()).error is None
    with lambda_like.running(task, runtime, tmp_path / "wrong", wrong) as function:
        function.wait_until_loaded()
        failed = function.invoke(scheduled_event())
        assert failed.error is not None
        assert failed.error["errorType"] == "SecretsUnavailable"
        assert "/whatsapp/other" in failed.error["errorMessage"]
    for said in (right.log(), function.log(), json.dumps(failed.error)):
        assert not [each for each in (installation.host.token, SECRET, KEY_ID) if each in said]


def test_without_the_shared_code_it_does_not_load_and_is_not_offered_for_deployment(
    runtime: Path, tmp_path: Path
) -> None:
    """Chalice ends well with such a project: only opening and running what it made tells."""
    project = tmp_path / "broken"
    shutil.copytree(bundle.PROJECT, project, symlinks=True)
    (project / "vendor" / "shared").unlink()
    (project / "vendor" / "shared").symlink_to("../../no-such-folder")
    with pytest.raises(bundle.BundleRefused, match="does not lead to the shared code"):
        bundle.check_project(project)
    made = bundle.build(project, tmp_path, stage="prod", architecture=HERE)
    assert any("modules of shared/ are not in the bundle" in each for each in bundle.faults(made, {}))
    shutil.unpack_archive(made.zip, tmp_path / "task")
    loading = lambda_like.running(tmp_path / "task", runtime, tmp_path / "function", {})
    with loading as function, pytest.raises(InitFailed) as failed:
        function.wait_until_loaded()
    assert failed.value.problem["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'shared'" in failed.value.problem["errorMessage"]

"""Logs: one line an event, and no secret or text in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import redirect_stderr

import pytest
import structlog
from pydantic import ValidationError

from shared import logs
from shared.model.message import Message
from shared.settings import LogSettings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, known = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:], root.level = handlers, level
    structlog.configure(**known)


def lines(settings: LogSettings) -> list[str]:
    told = io.StringIO()
    with redirect_stderr(told):
        logs.configure(settings)
        log = structlog.get_logger("session_host.test")
        log.info("paired", qr="2@secret", link={"token": "secret"}, tried=[{"text": "secret"}], id="m1")
        log.debug("not worth it")
        logging.getLogger("some.library").warning("it said %s", "so")
    return told.getvalue().splitlines()


def test_each_event_is_a_line_of_json_without_secrets() -> None:
    first, second = (json.loads(line) for line in lines(LogSettings()))
    assert (first["event"], first["id"], first["level"], first["qr"]) == ("paired", "m1", "info", logs.DROPPED)
    assert "secret" not in json.dumps(first)
    assert (second["event"], second["logger"]) == ("it said so", "some.library")


def test_people_may_have_it_as_text() -> None:
    told = lines(LogSettings(format="text"))
    assert "paired" in told[0]
    assert "secret" not in told[0]


def test_a_traceback_does_not_carry_what_somebody_wrote() -> None:
    told = io.StringIO()
    with redirect_stderr(told):
        logs.configure(LogSettings())
        log = structlog.get_logger("session_host.test")
        try:
            Message.model_validate(
                {"id": "m1", "to": "447700900001", "message": ["a secret"], "scheduledTime": "secret"}
            )
        except ValidationError:
            log.exception("step failed")
    assert "scheduledTime" in told.getvalue()
    assert "secret" not in told.getvalue()

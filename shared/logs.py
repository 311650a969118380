"""How every part logs: a line for each event, JSON for machines or text for people, known secrets dropped."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from shared.settings import LogSettings

SECRET = frozenset(
    {
        "authorization",
        "cookie",
        "identity",
        "key",
        "message",
        "pairing",
        "password",
        "qr",
        "secret",
        "svg",
        "text",
        "token",
        "tokens",
    }
)
"""Field names whose values are never logged."""

DROPPED = "(not logged)"

Event = MutableMapping[str, Any]


def drop_secrets(_: Any, __: str, event: Event) -> Event:
    """The event without the values of fields that may hold a secret or what somebody wrote, also inside of others."""
    for name, value in event.items():
        event[name] = DROPPED if _is_secret(name) else _without_secrets(value)
    return event


def configure(settings: LogSettings) -> None:
    """Log to standard error from now on, also what libraries log."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        drop_secrets,
        structlog.processors.format_exc_info,
    ]
    text = settings.format == "text"
    last = structlog.dev.ConsoleRenderer(colors=False) if text else structlog.processors.JSONRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _is_secret(name: str) -> bool:
    return name.lower() in SECRET


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: DROPPED if _is_secret(str(name)) else _without_secrets(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(each) for each in value]
    return value

"""Server-sent events: what changed, as it changes, with a comment each 15 s so that both ends notice a dead line."""

import json
from collections.abc import Iterator

from flask import Response

from session_host.contract import Refusal
from session_host.events import Event, Events, Subscription, TooMany

HEARTBEAT_SECONDS = 15.0


def stream(events: Events) -> Response:
    """An endless answer; 503 where as many listen as this host has room for."""
    subscribed = events.subscribed()
    try:
        subscription = subscribed.__enter__()
    except TooMany as error:
        raise Refusal(503, "Too many listeners", f"{error} Close one.", headers={"Retry-After": "30"}) from None
    answer = Response(_lines(events, subscription), mimetype="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(lambda: subscribed.__exit__(None, None, None))
    return answer


def _lines(events: Events, subscription: Subscription) -> Iterator[str]:
    yield ": listening\n\n"
    while not events.closed:
        event = subscription.next(HEARTBEAT_SECONDS)
        if not events.closed:
            yield ": still here\n\n" if event is None else print_event(event)


def print_event(event: Event) -> str:
    """As the standard says: the event's name and one line of JSON."""
    return f"event: {event.name}\ndata: {json.dumps(event.data, ensure_ascii=False)}\n\n"

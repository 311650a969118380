"""What keeps an open page true: a poll that says what has changed, and the header's own fragment."""

from flask import Blueprint, Response, jsonify

from shared.store.view import Snapshot
from web.host_watch import Reading
from web.parts import parts
from web.rendering import page as rendered

page = Blueprint("live", __name__)


@page.get("/ping")
def ping() -> Response:
    """For supervisors: the page answers. Says nothing about storage or host."""
    return Response("ok\n", mimetype="text/plain")


@page.get("/live")
def stamps() -> Response:
    """{"records": "…", "people": "…", "status": "…", "chats": "…"}: texts that change when an open page's parts are
    out of date."""
    reading = parts().watch.reading()
    snapshot = parts().records.recent(reading.last_fold if reading else None)
    return jsonify(**_records_stamps(snapshot), status=_status_stamp(reading), **_chats_stamp(reading))


@page.app_template_global("stamps_as_shown")
def stamps_as_shown() -> dict[str, str]:
    """The stamps of the page being rendered: what changes from here on is news to it, however soon it comes."""
    snapshot, reading = parts().records.as_shown(), parts().watch.reading()
    status = {"status": _status_stamp(reading), **_chats_stamp(reading)}
    return status if snapshot is None else {**_records_stamps(snapshot), **status}


def _records_stamps(snapshot: Snapshot) -> dict[str, str]:
    records = f"{parts().records.stamp(snapshot)}-{parts().clock.now():%H%M}"
    return {"records": records, "people": parts().records.people_stamp(snapshot)}


def _chats_stamp(reading: Reading | None) -> dict[str, str]:
    """Nothing while the host does not answer: an open chat stays as it is, and is read again once it does."""
    return {} if reading is None or reading.problem else {"chats": reading.captured}


@page.get("/status")
def status() -> Response:
    """The header's words on link and tick."""
    return rendered("parts/status.html")


def _status_stamp(reading: Reading | None) -> str:
    if reading is None:
        return "unknown"
    link = f"{reading.link.state}{reading.link.since:%H%M%S}" if reading.link else "none"
    tick = f"{reading.last_tick:%H%M%S}" if reading.last_tick else "never"
    flags = "".join(str(int(bool(each))) for each in (reading.problem, reading.standing, reading.silence))
    return f"{link}-{tick}-{flags}{len(reading.problems)}-{parts().clock.now():%H%M}"

"""What the page says once a message was written: when it leaves, what the host said, and whether it has to wait."""

from flask import url_for

from shared.model.message import Message
from shared.model.wire import Outcome
from web import asking, dates, texts
from web.draft import wall_meant
from web.parts import parts
from web.rendering import tell
from web.scheduling import Saved


def meaning(message: Message) -> str:
    """When it leaves, as a sentence's end, and what the clocks have changed about that."""
    place = message.zone or parts().settings.zone
    echo = dates.echo(message.send_at, place, parts().clock.now())
    wall = wall_meant(message)
    note = dates.clock_change(wall, place) if wall else None
    return f"{echo}. {note}" if note else f"{echo}."


def undo_of_edit(message: Message) -> str:
    """Where the edit that made this version is taken back."""
    return url_for("undo_edit.undo", message_id=message.id, version=message.version)


def say(saved: Saved, notice: str, undo: str | None = None) -> None:
    """The notice with what the host said; a refusal in its own words. undo: what takes it back, else a cancel."""
    refused = next((item for item in saved.told.items if item.outcome is Outcome.REFUSED), None)
    if refused:
        tell(f"{notice} {texts.REFUSED_BY_HOST.format(reason=refused.reason or '')}", tone="bad")
    elif saved.again:
        tell(notice, tone="quiet")
    else:
        undo = undo or url_for("messages.cancel", message_id=saved.message.id)
        tell(f"{notice} {_handed(saved)}{_held(saved)}", undo=undo)


def _handed(saved: Saved) -> str:
    if not saved.told.answered:
        return texts.NOT_ANSWERED
    return texts.HANDED_OVER if saved.told.items else texts.TOLD


def _held(saved: Saved) -> str:
    """Where pace lets it wait, until when and why: a form without scripts has not said so before."""
    message = saved.message
    forecast = parts().asking.pace(message.to, message.send_at, message.id) if saved.told.answered else None
    if forecast is None or forecast.reason is None:
        return ""
    return f" {asking.in_words(forecast, message.zone or parts().settings.zone)}"

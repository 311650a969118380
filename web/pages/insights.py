"""How it went: what was sent each day, how punctual, who it was for, and why some of it was not."""

from flask import Blueprint, Response, request

from web import charts
from web.insights import SPANS, USUAL, insights
from web.parts import parts
from web.rendering import page as rendered

page = Blueprint("insights", __name__)


@page.get("/insights")
def show() -> Response:
    """Query: `days`, 7, 30 or 90."""
    asked = request.args.get("days", "")
    span = int(asked) if asked in {str(each) for each in SPANS} else USUAL
    snapshot = parts().records.now()
    found = insights(snapshot.messages.values(), parts().clock.now(), parts().settings.zone, span)
    return rendered(
        "insights.html",
        found=found,
        chart=charts.day_chart(found.days),
        charts=charts,
        span=span,
        spans=SPANS,
        unreadable=snapshot.unreadable,
    )

"""What makes the page an app of its own: manifest, service worker, the agenda to read offline, and its keys."""

from datetime import timedelta

from flask import Blueprint, Response, g, json, request, url_for

from shared.store.errors import StoreError
from web import language, texts
from web.agenda import Agenda, agenda
from web.keys import KEYS_COOKIE, OFF
from web.listing import Show
from web.parts import parts
from web.rendering import STATIC, asset, see_other
from web.rendering import page as rendered

page = Blueprint("shell", __name__)
_LISTED = 50
_YEAR = timedelta(days=365)


@page.get("/manifest.webmanifest")
def manifest() -> Response:
    """What an installed page is called and looks like; open to everybody, for browsers ask for it without cookies."""
    icons = [
        {"src": asset("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
        {"src": asset("icons/icon-192.png"), "sizes": "192x192", "type": "image/png"},
        {"src": asset("icons/icon-512.png"), "sizes": "512x512", "type": "image/png"},
        {"src": asset("icons/icon-maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    document = {
        "id": "/",
        "name": texts.APP_NAME,
        "short_name": texts.APP_SHORT,
        "description": texts.APP_DESCRIPTION,
        "lang": language.TAG,
        "start_url": url_for("agenda.home"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#0b141a",
        "theme_color": "#111b21",
        "icons": icons,
        "shortcuts": [{"name": texts.NEW_MESSAGE, "url": url_for("messages.compose")}],
    }
    return Response(json.dumps(document), mimetype="application/manifest+json")


@page.get("/service-worker.js")
def service_worker() -> Response:
    """The service worker, at the root so that it may look after every page."""
    return Response((STATIC / "js" / "service-worker.js").read_bytes(), mimetype="text/javascript")


@page.get("/offline")
def offline() -> Response:
    """What the browser shows while this page cannot be reached: the agenda of the owner as it is now, with nothing to
    press; to anybody else only that it cannot be reached."""
    shown = _agenda() if g.get("session") else None
    return rendered("offline.html", agenda=shown, inside=False, take_notices=list)


@page.post("/settings/keys")
def choose_keys() -> Response:
    """Field: `keys`, on or off; kept in a cookie of this browser."""
    answer = see_other(url_for("settings.show"))
    chosen = request.form.get("keys", "")
    if chosen in ("on", OFF):
        answer.set_cookie(KEYS_COOKIE, chosen, max_age=_YEAR, samesite="Lax", httponly=True, secure=request.is_secure)
    return answer


def _agenda() -> Agenda | None:
    now, zone = parts().clock.now(), parts().settings.zone
    try:
        listing = parts().records.listing(parts().records.now())
        return agenda(listing, Show.UPCOMING, "", now, zone, _LISTED)
    except StoreError:
        return None

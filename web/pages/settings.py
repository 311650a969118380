"""What the owner may choose: the theme, the password; and what the environment has set."""

from flask import Blueprint, Response, request, url_for

from web.parts import parts
from web.rendering import THEME_COOKIE, THEMES, see_other
from web.rendering import page as rendered

page = Blueprint("settings", __name__)


@page.get("/settings")
def show() -> Response:
    """The settings."""
    return rendered("settings.html", themes=THEMES, settings=parts().settings)


@page.post("/settings/theme")
def choose_theme() -> Response:
    """Field: `theme`, dark, light or system; kept in a cookie, so the first byte of each page is right."""
    theme = request.form.get("theme", "")
    answer = see_other(url_for("settings.show"))
    if theme in THEMES:
        answer.set_cookie(
            THEME_COOKIE, theme, max_age=31536000, samesite="Lax", httponly=True, secure=request.is_secure
        )
    return answer

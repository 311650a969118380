"""What the owner may choose: place, quiet hours and pace; the theme of this browser; the password."""

from flask import Blueprint, Response, abort, request, url_for

from shared.model.owner_settings import OwnerSettings
from shared.store.errors import StoreError
from web import countries, dates, settings_form, texts
from web.parts import parts
from web.rendering import THEME_COOKIE, THEMES, see_other, tell
from web.rendering import page as rendered
from web.settings_book import FIELDS, SettingsChanged
from web.settings_form import FilledSettings

page = Blueprint("settings", __name__)


@page.get("/settings")
def show() -> Response:
    """The settings; where they were changed in two places at once, with the other version."""
    owner = parts().settings_book.now().owner
    return _form(FilledSettings(settings_form.of(owner), {}), owner, other=next(iter(owner.conflicts), None))


@page.post("/settings")
def save() -> Response:
    """Save the form. `version`: 409 with both where it is no longer the newest; 422 with what was typed."""
    filled, seen = settings_form.read(request.form), request.form.get("version", "")[:200]
    book = parts().settings_book
    if filled.content is None:
        return _form(filled, book.now().owner, 422, seen=seen)
    try:
        saved = book.save(seen, filled.content)
    except SettingsChanged as changed:
        return _form(filled, changed.newest, 409, texts.SETTINGS_CHANGED_MEANWHILE, other=changed.newest)
    except StoreError as error:
        return _form(filled, book.now().owner, 503, texts.STORAGE_DOWN.format(reason=error), seen=seen)
    return _saved(saved, seen, texts.SETTINGS_SAVED)


@page.post("/settings/reset")
def reset() -> Response:
    """Let the server's environment say again what `field` is; `version` as above."""
    field = request.form.get("field", "")
    if field not in FIELDS:
        abort(404, description=texts.NOT_FOUND)
    seen = request.form.get("version", "")[:200]
    try:
        saved = parts().settings_book.save(seen, {field: None})
    except SettingsChanged as changed:
        return _both(changed)
    return _saved(saved, seen, texts.SETTING_RESET)


@page.post("/settings/undo")
def undo() -> Response:
    """Take a change back. Query: `version`, the one that the change made; 409 with both where it was changed since."""
    seen = request.args.get("version", "")[:200]
    try:
        saved = parts().settings_book.undo(seen)
    except KeyError:
        abort(404, description=texts.SETTINGS_UNDO_GONE)
    except SettingsChanged as changed:
        return _both(changed)
    return _saved(saved, seen, texts.SETTINGS_UNDONE)


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


def _saved(saved: OwnerSettings, seen: str, sentence: str) -> Response:
    changed = saved.version not in ("", seen)
    tell(sentence, undo=url_for("settings.undo", version=saved.version) if changed else None)
    return see_other(url_for("settings.show"))


def _both(changed: SettingsChanged) -> Response:
    filled = FilledSettings(settings_form.of(changed.wanted), {})
    return _form(filled, changed.newest, 409, texts.SETTINGS_CHANGED_MEANWHILE, other=changed.newest)


def _form(
    filled: FilledSettings,
    owner: OwnerSettings,
    status: int = 200,
    problem: str = "",
    *,
    other: OwnerSettings | None = None,
    seen: str | None = None,
) -> Response:
    """The page. `owner`: what is set now; `other`: a version beside it; `seen`: the one the form was made from."""
    book = parts().settings_book
    return rendered(
        "settings.html",
        status,
        typed=filled.typed,
        errors=filled.errors,
        problem=problem,
        owner=owner,
        other=other and settings_form.in_words(other),
        version=owner.version if seen is None else seen,
        troubles=book.now().troubles,
        environment=book.environment,
        standing=parts().asking.pace_settings(),
        quiet_words=settings_form.hours,
        zones=dates.zones(),
        countries=countries.names(),
        themes=THEMES,
    )

"""The form of the owner's settings: what was typed, what is wrong with it, and what it means."""

from collections.abc import Mapping
from datetime import time
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from shared.model.owner_settings import OWNER, OwnerSettings
from web import countries, dates, texts
from web.dates import BadTime

NUMBERS = ("gap_seconds", "hourly", "daily", "strangers_daily")
QUIET_AS = ("server", "off", "hours")
MOST_TYPED = 100


class FilledSettings(NamedTuple):
    """The form as it was filled in: what to save where everything is right, else a sentence for each field."""

    typed: dict[str, str]
    errors: dict[str, str]
    content: dict[str, Any] | None = None


def of(owner: OwnerSettings) -> dict[str, str]:
    """The form's fields for this record; empty is what the server's environment says."""
    start, _, end = (owner.quiet or "").partition("-")
    return {
        "zone": owner.zone or "",
        "country": owner.country or "",
        "quiet": "server" if owner.quiet is None else "off" if owner.quiet == "off" else "hours",
        "quiet_from": start if end else "",
        "quiet_until": end,
        **{name: "" if (value := getattr(owner, name)) is None else f"{value:g}" for name in NUMBERS},
    }


def hours(quiet: tuple[time, time] | None) -> str:
    """Quiet hours in words."""
    return texts.QUIET_HOURS.format(start=f"{quiet[0]:%H:%M}", end=f"{quiet[1]:%H:%M}") if quiet else texts.QUIET_NONE


def in_words(owner: OwnerSettings) -> dict[str, str]:
    """What this record sets, by what it is called; the rest is as the server's environment says."""
    said = of(owner)
    said["country"] = countries.names().get(said["country"], said["country"])
    said["quiet"] = {"server": "", "off": texts.QUIET_NONE}.get(
        said["quiet"], texts.QUIET_HOURS.format(start=said["quiet_from"], end=said["quiet_until"])
    )
    return {label: said[name] or texts.AS_THE_SERVER for name, label in texts.SETTING_LABELS.items()}


def read(form: Mapping[str, str]) -> FilledSettings:
    """The form's fields, as `of` names them."""
    typed = {name: form.get(name, "").strip()[:MOST_TYPED] for name in of(OwnerSettings(id=OWNER))}
    typed["quiet"] = typed["quiet"] or "server"
    errors: dict[str, str] = {}
    content: dict[str, Any] = {name: typed[name] or None for name in ("country", *NUMBERS)}
    content |= {"zone": None, "quiet": None}
    if typed["zone"]:
        try:
            content["zone"] = dates.zone_named(typed["zone"])
        except BadTime as error:
            errors["zone"] = str(error)
    if content["country"] and content["country"] not in countries.names():
        errors["country"] = texts.SETTING_WRONG["country"]
    if typed["quiet"] not in QUIET_AS:
        errors["quiet"] = texts.SETTING_WRONG["quiet"]
    elif typed["quiet"] == "hours":
        content["quiet"] = f"{typed['quiet_from'][:5]}-{typed['quiet_until'][:5]}"
    elif typed["quiet"] == "off":
        content["quiet"] = "off"
    checked = None
    try:
        checked = OwnerSettings(id=OWNER, **{name: value for name, value in content.items() if name not in errors})
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False):
            name = str(each["loc"][0])
            name = next((known for known in content if name in (known, to_camel(known))), name)
            whole = name == "quiet" and each["type"] == "value_error"
            errors.setdefault(name, texts.QUIET_WHOLE_DAY if whole else texts.SETTING_WRONG[name])
    if errors or checked is None:
        return FilledSettings(typed, {name: errors[name] for name in typed if name in errors})
    return FilledSettings(typed, {}, {name: getattr(checked, name) for name in content})

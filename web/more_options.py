"""The rarely used fields of the form, folded: a line says what they are set to, and whether they open. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.model.message import IfLate, LatePolicy
from web import repeat_form, texts
from web.repeat_form import FilledRepeat

FIELDS = frozenset({*repeat_form.FIELDS, "if_late", "late_hours", "unless_they_write"})
_USUAL_HOURS = f"{IfLate().hours:g}"


class MoreOptions(NamedTuple):
    """says: what is set, in a few words each. opens: something is not as usual, or not right."""

    says: tuple[str, ...]
    opens: bool


def more_options(typed: Mapping[str, str], repeat: FilledRepeat | None, errors: Mapping[str, str]) -> MoreOptions:
    """Of a form as it is filled in; `repeat`: None where it cannot become a series."""
    hours = typed.get("late_hours") or _USUAL_HOURS
    policy = typed.get("if_late") or LatePolicy.WITHIN.value
    conditional = bool(typed.get("unless_they_write"))
    says = [] if repeat is None else [_how_often(repeat.typed["repeat"])]
    says.append(texts.MORE_LATE.get(policy, texts.MORE_LATE["within"]).format(hours=hours))
    says.append(texts.MORE_UNLESS if conditional else texts.MORE_ANYWAY)
    unusual = (policy, hours) != (LatePolicy.WITHIN.value, _USUAL_HOURS) or conditional
    repeats = repeat is not None and repeat.wanted
    return MoreOptions(tuple(says), unusual or repeats or not FIELDS.isdisjoint(errors))


def _how_often(chosen: str) -> str:
    return (chosen and repeat_form.CHOICES.get(chosen)) or texts.MORE_ONCE

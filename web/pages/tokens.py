"""Programs that may send: the session host's tokens, listed, made and revoked; a new one is shown once and not kept."""

from typing import NamedTuple

from flask import Blueprint, Response, request, url_for
from pydantic import ValidationError

from shared.host_client import HostError, HostRefused, HostUnreachable
from shared.model.access import ApiTokens, MadeToken, NewToken, Scope
from web import texts, told
from web.parts import parts
from web.rendering import page as rendered
from web.rendering import see_other, tell

page = Blueprint("tokens", __name__)
LONGEST_NAME = 40


class Typed(NamedTuple):
    """The form as it was filled in."""

    name: str = ""
    scopes: tuple[str, ...] = (Scope.SEND,)


class Known(NamedTuple):
    """What the host says of its tokens, or why it says nothing."""

    tokens: ApiTokens | None = None
    may_not: bool = False
    problem: str = ""


@page.get("/settings/tokens")
def listing() -> Response:
    """The tokens, and the form for another."""
    return _shown(Typed())


@page.post("/settings/tokens")
def make() -> Response:
    """Fields: name, scope (several). 200 with the new token, this once: a redirect would have to keep it somewhere."""
    typed = Typed(request.form.get("name", ""), tuple(request.form.getlist("scope")))
    try:
        new = NewToken.model_validate({"name": typed.name, "scopes": tuple(dict.fromkeys(typed.scopes))})
    except ValidationError as error:
        return _shown(typed, errors=_sentences(error), status=422)
    try:
        made = parts().host.make_token(new)
    except HostRefused as refused:
        if refused.status == 409:
            return _shown(typed, errors={"name": texts.PROGRAM_NAME_TAKEN}, status=409)
        return _shown(typed, problem=told.of(refused), status=503)
    except HostUnreachable as error:
        return _shown(typed, problem=f"{told.of(error)} {texts.PROGRAM_MAYBE_MADE}", status=503)
    except HostError as error:
        return _shown(typed, problem=told.of(error), status=503)
    return _shown(Typed(), made=made)


@page.post("/settings/tokens/revoke")
def revoke() -> Response:
    """Field: name."""
    said, tone = _revoked(request.form.get("name", ""))
    tell(said, tone=tone)
    return see_other(url_for("tokens.listing"))


def _revoked(name: str) -> tuple[str, str]:
    """What came of it, and in which tone that is said."""
    if len(name) > LONGEST_NAME or not name.strip("."):
        return texts.PROGRAM_GONE, "bad"
    try:
        parts().host.revoke_token(name)
    except HostRefused as refused:
        return {404: texts.PROGRAM_GONE, 409: texts.PROGRAM_IS_OWN}.get(refused.status, told.of(refused)), "bad"
    except HostError as error:
        return told.of(error), "bad"
    return texts.PROGRAM_REVOKED.format(name=name), "good"


def _sentences(error: ValidationError) -> dict[str, str]:
    wrong = {str(each["loc"][0]) for each in error.errors(include_input=False)}
    said = {"name": ("name", texts.PROGRAM_BAD_NAME), "scopes": ("scope", texts.PROGRAM_NO_SCOPE)}
    return dict(sentence for field, sentence in said.items() if field in wrong)


def _shown(
    typed: Typed,
    *,
    made: MadeToken | None = None,
    errors: dict[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    known = _known()
    return rendered(
        "tokens.html", status, typed=typed, made=made, errors=errors or {}, known=known.tokens,
        may_not=known.may_not, problem=("" if known.may_not else problem or known.problem),
    )  # fmt: skip


def _known() -> Known:
    try:
        return Known(parts().host.tokens())
    except HostRefused as refused:
        return Known(may_not=True) if refused.status == 403 else Known(problem=told.of(refused))
    except HostError as error:
        return Known(problem=f"{told.of(error)} {texts.PROGRAMS_AWAY}")

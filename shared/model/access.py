"""Tokens of the send API as its answers tell them: names and scopes, and a secret only in the answer that makes one."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from shared.model.values import Instant, Told, Value


class Scope(StrEnum):
    """What a token allows."""

    SEND = "send"
    READ = "read"
    MANAGE = "manage"


TokenName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
"""It stands in addresses, so it is no dot segment."""


class ApiToken(Told):
    """One token, without its secret."""

    name: str = Field(description="also its id: no two tokens have the same")
    scopes: tuple[Scope, ...]
    made_at: Instant | None = Field(default=None, description="absent where an older version made it")
    last_used: Instant | None = Field(default=None, description="absent where it was not used since `watchedSince`")
    own: bool = Field(default=False, description="whether it is the one with which you ask")


class ApiTokens(Told):
    """GET /api/v1/tokens: all of them, by name."""

    tokens: tuple[ApiToken, ...]
    watched_since: Instant = Field(description="since when this host has seen which tokens are used: its start")


class NewToken(Value):
    """POST /api/v1/tokens: the name is free, or it is a 409."""

    name: TokenName
    scopes: tuple[Scope, ...] = Field(min_length=1, max_length=len(Scope))


class MadeToken(ApiToken):
    """Answer to POST /api/v1/tokens, the only one with the token itself: it is stored nowhere."""

    token: str = Field(repr=False)

"""The send API's own tokens: listed, made and revoked by whoever may manage; a secret is in one answer only."""

import structlog

from session_host.contract import Answer, Call, Contract, Refusal
from session_host.tokens import NameTaken, Tokens
from shared.model.access import ApiToken, ApiTokens, MadeToken, NewToken, Scope

log = structlog.get_logger(__name__)


class TokenApi:
    """The views; they are added to the contract's blueprint."""

    def __init__(self, tokens: Tokens, contract: Contract) -> None:
        self._tokens = tokens
        contract.add(
            "GET", "/api/v1/tokens", self.listed, scope=Scope.MANAGE, answers={200: ApiTokens},
            summary="The tokens there are, without their secrets.",
        )  # fmt: skip
        contract.add(
            "POST", "/api/v1/tokens", self.make, scope=Scope.MANAGE, body=NewToken, answers={201: MadeToken},
            summary="Make a token; its secret is in this answer and never again.",
        )  # fmt: skip
        contract.add(
            "DELETE", "/api/v1/tokens/<name>", self.revoke, scope=Scope.MANAGE, answers={200: ApiToken},
            summary="Revoke a token: whoever uses it is refused at once. Not the one with which you ask (409).",
        )  # fmt: skip

    def listed(self, call: Call) -> Answer:
        return Answer(
            ApiTokens(
                tokens=tuple(each.evolve(own=each.name == call.bearer.name) for each in self._tokens.listed()),
                watched_since=self._tokens.watched_since,
            )
        )

    def make(self, call: Call) -> Answer:
        try:
            made = self._tokens.make(call.body)
        except NameTaken as error:
            raise Refusal(409, "Name taken", str(error)) from None
        log.info("token made", name=made.name, scopes=[str(each) for each in made.scopes], by=call.bearer.name)
        return Answer(made, 201)

    def revoke(self, call: Call, name: str) -> Answer:
        if name == call.bearer.name:
            sentence = "This is the token with which you ask: revoke it with another one, or with `./wa token revoke`."
            raise Refusal(409, "Your own token", sentence)
        revoked = self._tokens.revoke(name)
        if revoked is None:
            raise Refusal(404, "No such token", "There is no token of this name: /api/v1/tokens lists those there are.")
        log.info("token revoked", name=revoked.name, by=call.bearer.name)
        return Answer(revoked)

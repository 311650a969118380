"""A host's tokens for the page: its own API over a folder of its own, asked as its client asks."""

import json
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from session_host import contract, tokens
from session_host.contract import Contract
from session_host.token_api import TokenApi
from session_host.tokens import Tokens
from shared.clock import Clock
from shared.host_client import HostRefused
from shared.model.access import ApiTokens, MadeToken, NewToken
from tests.fakes.clock import FakeClock


class KeptTokens:
    """The page's own token is "page"; the app behind is made when somebody asks."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder, self._clock = folder, clock or FakeClock()
        self._client: FlaskClient | None = None
        self._own = ""

    def own(self, *scopes: str) -> None:
        """The page's token has these scopes from now on."""
        self._own = tokens.create(self._folder, "page", scopes, clock=self._clock)

    def answer(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status and body, as the host answers the page's token."""
        if self._client is None:
            app, routes = Flask("tokens"), Contract("api", Tokens(self._folder, self._clock))
            contract.install(app)
            TokenApi(routes.tokens, routes)
            app.register_blueprint(routes.blueprint)
            self._client = app.test_client()
            if not self._own:
                self.own("send", "read", "manage")
        answer = self._client.open(path, method=method, json=body, headers={"Authorization": f"Bearer {self._own}"})
        return answer.status_code, answer.data

    def tokens(self) -> ApiTokens:
        return ApiTokens.model_validate(self._document("GET", "/api/v1/tokens"))

    def make_token(self, new: NewToken) -> MadeToken:
        return MadeToken.model_validate(self._document("POST", "/api/v1/tokens", new.as_json()))

    def revoke_token(self, name: str) -> None:
        self._document("DELETE", f"/api/v1/tokens/{name}")

    def _document(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        status, data = self.answer(method, path, body)
        document: dict[str, Any] = json.loads(data)
        if status >= 400:
            raise HostRefused(document["detail"], status, document)
        return document

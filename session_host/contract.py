"""Each route's promises in one place: who may call, what it takes and answers; checked, and told in /openapi.json."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, Self

import structlog
from flask import Blueprint, Flask, Response, json, request
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.exceptions import HTTPException

from session_host import VERSION
from session_host.database import LedgerError
from session_host.tokens import Bearer, TokenError, Tokens
from shared.model.access import Scope
from shared.model.values import Record, Value
from shared.model.wire import Problem
from shared.store.errors import StoreError

log = structlog.get_logger(__name__)

MOST_BYTES = 2_000_000
PROBLEM = "application/problem+json"
_REF = "#/components/schemas/{model}"


class Refusal(Exception):
    """What was asked is not done; told as a problem document."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        errors: tuple[dict[str, str], ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.problem = Problem(title=title, status=status, detail=detail, errors=errors)
        self.headers = dict(headers or {})

    @classmethod
    def invalid(cls, error: ValidationError) -> Self:
        """A body that is not what it should be: each field with what is wrong, never with what was sent."""
        found = tuple(
            {
                "field": ".".join(str(part) for part in each["loc"]) or "body",
                "message": each["msg"].removeprefix("Value error, "),
            }
            for each in error.errors(include_input=False, include_url=False, include_context=False)
        )
        first = found[0]
        return cls(422, "Not understood", f"{first['field']}: {first['message']}.", errors=found)


class Call(NamedTuple):
    """One request that may be answered: who asks, and the body, read and raw."""

    bearer: Bearer
    body: Any
    raw: bytes


class Answer(NamedTuple):
    """A JSON answer."""

    document: Value | dict[str, Any]
    status: int = 200
    headers: Mapping[str, str] = {}


class Operation(NamedTuple):
    """What a route promises. `scope` None: open to anybody. answers: status → model, None for a free document.

    query: each parameter of the query → whether it must be there. optional_body: a request may come without one.
    file: the body is a file's bytes, which the view reads.
    """

    method: str
    path: str
    summary: str
    scope: Scope | None
    body: type[Value] | None
    answers: Mapping[int, type[Value] | None]
    query: Mapping[str, bool] = {}
    optional_body: bool = False
    file: bool = False


class Contract:
    """Registers routes on a blueprint."""

    def __init__(self, name: str, tokens: Tokens) -> None:
        self.blueprint = Blueprint(name, __name__)
        self.operations: list[Operation] = []
        self.tokens = tokens

    def add(
        self,
        method: str,
        path: str,
        view: Callable[..., Answer | Response],
        *,
        summary: str,
        scope: Scope | None = None,
        body: type[Value] | None = None,
        answers: Mapping[int, type[Value] | None] | None = None,
        query: Mapping[str, bool] | None = None,
        optional_body: bool = False,
        file: bool = False,
    ) -> None:
        """Answer this route with `view(call, **path parameters)`, after the caller and the body were checked."""
        answers, query = answers or {200: None}, query or {}
        operation = Operation(method, path, summary, scope, body, answers, query, optional_body, file)
        self.operations.append(operation)

        def answered(**parameters: str) -> Response:
            bearer = self._bearer(operation.scope)
            without = operation.optional_body and not request.get_data(cache=True)
            raw, parsed = (b"", None) if without else _body(operation.body)
            answer = view(Call(bearer, parsed, raw), **parameters)
            return answer if isinstance(answer, Response) else print_answer(answer)

        endpoint = f"{method} {path}".replace(".", "_")
        self.blueprint.add_url_rule(path, endpoint, answered, methods=[method], provide_automatic_options=False)

    def _bearer(self, scope: Scope | None) -> Bearer:
        if scope is None:
            return Bearer("anybody", frozenset())
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        bearer = self.tokens.bearer(text.strip()) if kind.lower() == "bearer" and text.strip() else None
        if bearer is None:
            raise Refusal(
                401,
                "Who are you?",
                "This needs a token: send 'Authorization: Bearer …' (`./wa token` makes one).",
                headers={"WWW-Authenticate": 'Bearer realm="session host"'},
            )
        if scope not in bearer.scopes:
            raise Refusal(
                403,
                "Not with this token",
                f"This needs a token with the scope '{scope}': make one with `./wa token`.",
                headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            )
        return bearer


def print_answer(answer: Answer) -> Response:
    """As JSON, never to be stored by anybody on the way."""
    document = answer.document
    if isinstance(document, Record):
        document = document.as_json()
    elif isinstance(document, Value):
        document = document.model_dump(mode="json", by_alias=True, exclude_none=True)
    headers = {"Cache-Control": "no-store", **answer.headers}
    return Response(json.dumps(document, ensure_ascii=False), answer.status, headers, mimetype="application/json")


def print_refusal(refusal: Refusal) -> Response:
    """As RFC 9457 says."""
    headers = {"Cache-Control": "no-store", **refusal.headers}
    body = json.dumps(refusal.problem.as_json(), ensure_ascii=False)
    return Response(body, refusal.problem.status, headers, content_type=PROBLEM)


def install(app: Flask) -> None:
    """Every error of this app becomes a problem document with a sentence."""
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    app.register_error_handler(Refusal, print_refusal)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(StoreError, _store_error)
    app.register_error_handler(LedgerError, _ledger_error)
    app.register_error_handler(TokenError, lambda error: print_refusal(Refusal(503, "Tokens in trouble", str(error))))
    app.register_error_handler(Exception, _bug)


def _body(model: type[Value] | None) -> tuple[bytes, Any]:
    if model is None:
        return b"", None
    if request.mimetype != "application/json":
        raise Refusal(415, "Not JSON", "Send the body as JSON, with 'Content-Type: application/json'.")
    raw = request.get_data(cache=False)
    try:
        return raw, model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise Refusal.invalid(error) from None


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    sentences = {
        404: "There is nothing at this address: /openapi.json lists what there is.",
        405: "This address does not take that method: see the Allow header.",
        413: f"The body is larger than {request.max_content_length or MOST_BYTES:,} bytes: send less at once.",
    }
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    sentence = sentences.get(status, error.description or "This could not be answered.")
    return print_refusal(Refusal(status, HTTPStatus(status).phrase, sentence, headers=headers))


def _store_error(error: StoreError) -> Response:
    certain = "Nothing was stored." if error.certain else "It may have been stored: repeat it with the same key or id."
    return print_refusal(Refusal(503, "Storage trouble", f"{error} {certain}", headers={"Retry-After": "10"}))


def _ledger_error(error: LedgerError) -> Response:
    return print_refusal(Refusal(503, "Ledger trouble", str(error), headers={"Retry-After": "10"}))


def _bug(error: Exception) -> Response:
    log.error("request broke", route=str(request.url_rule), exc_info=error)
    return print_refusal(Refusal(500, "An error of this program", "It is in the log; the request was not answered."))


def openapi(operations: list[Operation]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these operations."""
    bodies = {each.body for each in operations if each.body}
    answers = {model for each in operations for model in each.answers.values() if model} | {Problem}
    modes: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((model, "validation") for model in bodies),
        *((model, "serialization") for model in answers - bodies),
    ]
    names, schemas = models_json_schema(sorted(modes, key=lambda each: each[0].__name__), ref_template=_REF)
    refs = {model: schema for (model, _), schema in names.items()}
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        path = each.path.replace("<path:", "{").replace("<", "{").replace(">", "}")
        paths.setdefault(path, {})[each.method.lower()] = _operation(each, path, refs)
    return {
        "openapi": "3.1.0",
        "info": {"title": "WhatsApp-VPSLink session host", "version": VERSION},
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation, path: str, refs: Mapping[Any, Any]) -> dict[str, Any]:
    problem = {"description": "A problem, in words", "content": {PROBLEM: {"schema": refs[Problem]}}}
    document: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {
            str(status): {
                "description": HTTPStatus(status).phrase,
                "content": {"application/json": {"schema": refs[model] if model else {"type": "object"}}},
            }
            for status, model in operation.answers.items()
        }
        | {"default": problem},
    }
    if operation.scope:
        document["security"] = [{"token": []}]
        document["description"] = f"Needs a token with the scope '{operation.scope}'."
    if operation.body:
        content = {"application/json": {"schema": refs[operation.body]}}
        document["requestBody"] = {"required": not operation.optional_body, "content": content}
    if operation.file:
        bytes_ = {"schema": {"type": "string", "format": "binary"}}
        document["requestBody"] = {"required": True, "content": {"application/octet-stream": bytes_}}
    if "{" in path:
        name = path.partition("{")[2].partition("}")[0]
        document["parameters"] = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}]
    if operation.query:
        document.setdefault("parameters", []).extend(
            {"name": name, "in": "query", "required": required, "schema": {"type": "string"}}
            for name, required in operation.query.items()
        )
    return document

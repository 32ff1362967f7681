"""The OpenAPI document, made of what the calls of an application declare."""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from bot.handlers.answers import Problem
from bot.handlers.calls import Call, Gives, Source, call_of
from bot.handlers.problems import Handler

Json = dict[str, Any]
Route = tuple[str, str, Handler]  # method, path and handler

_Model = type[BaseModel]

_ABOUT = """People make an avatar and talk with it, here and on WhatsApp.

Every call takes and gives JSON. Whatever is refused is answered with a problem (RFC 9457), whose
`detail` is a sentence for people."""
_BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_ELSEWHERE = 300  # from this status on the answer is at another address
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_REF = "#/components/schemas/{model}"
_IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "1 to 255 printable ASCII characters without spaces. For a day the same key gets"
    " the first answer, and nothing happens again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
}
_WITH_A_PROBLEM = {  # headers, by status
    401: {"WWW-Authenticate": "How to prove who asks."},
    429: {"Retry-After": "Seconds."},
    503: {"Retry-After": "Seconds."},
}


def routes_of(app: web.Application) -> tuple[Route, ...]:
    """Return every route; the HEAD that comes with a GET is none of its own."""
    return tuple(
        (route.method, route.resource.canonical, route.handler)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    )


@functools.cache  # the routes of an application never change
def document(routes: tuple[Route, ...]) -> Json:
    """Return what there is to know about the calls behind *routes*. Do not change it."""
    calls = [(method, path, call) for method, path, h in routes if (call := call_of(h))]
    schemas = _Schemas(call for _, _, call in calls)
    paths: dict[str, Json] = {}
    for method, path, call in calls:
        paths.setdefault(path, {})[method.lower()] = _operation(
            _operation_id(method, path), call, schemas
        )
    sections = dict.fromkeys(call.section for _, _, call in calls)
    return {
        "openapi": "3.1.1",
        "info": {"title": "Ava", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": section.name, "description": section.about} for section in sections],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": _BEARER},
            "schemas": schemas.components,
        },
    }


class _Schemas:
    """The schemas of all models, by model."""

    def __init__(self, calls: Iterable[Call]) -> None:
        every = list(calls)
        takes = {m for call in every for m in (call.body, call.form, call.query) if m}
        gives = {model for call in every for model in call.gives.values() if _is_model(model)}
        wanted: list[tuple[_Model, JsonSchemaMode]] = [(Problem, "serialization")]
        wanted += [(model, "validation") for model in takes]
        wanted += [(model, "serialization") for model in gives]  # type: ignore[misc]
        wanted.sort(key=lambda pair: pair[0].__name__)
        found, defined = models_json_schema(
            wanted, ref_template=_REF, schema_generator=_WithoutFieldTitles
        )
        self._refs = {model: ref for (model, _), ref in found.items()}
        self._all: Json = defined["$defs"]
        self._queries = {call.query.__name__ for call in every if call.query}

    @property
    def components(self) -> Json:
        return {name: s for name, s in sorted(self._all.items()) if name not in self._queries}

    def of(self, model: _Model) -> Json:
        return self._refs[model]

    def fields(self, query: _Model) -> Json:
        fields: Json = self._all[query.__name__]["properties"]
        return fields


class _WithoutFieldTitles(GenerateJsonSchema):
    def field_title_should_be_set(self, _schema: object) -> bool:
        return False


def _is_model(given: Gives) -> bool:
    return isinstance(given, type)


def _operation_id(method: str, path: str) -> str:
    """Return a name for clients that stays as long as the address: ``post_auth_signup``."""
    return "_".join([method.lower(), *(re.findall(r"\w+", path) or ["root"])])


def _operation(name: str, call: Call, schemas: _Schemas) -> Json:
    summary, _, description = call.about.partition("\n\n")
    operation: Json = {
        "operationId": name,
        "tags": [call.section.name],
        "summary": " ".join(summary.split()),
    }
    if description:
        operation["description"] = description
    if call.signed_in:
        operation["security"] = [{"bearer": []}, *([{}] if call.is_open else [])]
    if parameters := [*_parameters(call, schemas)]:
        operation["parameters"] = parameters
    for media_type, model in (_JSON, call.body), (_FORM, call.form):
        if model:
            content = {media_type: {"schema": schemas.of(model)}}
            operation["requestBody"] = {"required": True, "content": content}
    return operation | {"responses": _responses(call, schemas)}


def _parameters(call: Call, schemas: _Schemas) -> Iterator[Json]:
    for argument in call.arguments:
        if argument.source is Source.PATH:
            schema = TypeAdapter(argument.type).json_schema()
            yield _parameter(argument.name, "path", schema, required=True)
    for name, schema in (schemas.fields(call.query) if call.query else {}).items():
        yield _parameter(name, "query", schema)
    for name, about in call.request_headers.items():
        schema = {"type": "string", "description": about}
        yield _parameter(name, "header", schema, required=True)
    if call.creates:
        yield _IDEMPOTENCY_KEY


def _parameter(name: str, where: str, schema: Json, *, required: bool = False) -> Json:
    about = {"description": schema["description"]} if "description" in schema else {}
    kept = {key: value for key, value in schema.items() if key != "description"}
    return {"name": name, "in": where, "required": required, "schema": kept} | about


def _responses(call: Call, schemas: _Schemas) -> Json:
    good = {status: _answer(call, status, schemas) for status in call.gives}
    bad = {status: _problem(status, why, schemas) for status, why in call.refuses.items()}
    return {str(status): answer for status, answer in sorted((bad | good).items())}


def _answer(call: Call, status: int, schemas: _Schemas) -> Json:
    match call.gives[status]:
        case None:
            about = "Done; there is nothing to say." if status < _ELSEWHERE else "See `Location`."
            return {"description": about} | _headers(call.response_headers)
        case str(media_type):
            content: Json = {media_type: {"schema": {"type": "string"}}}
            about = "A page." if media_type == "text/html" else "As text."
            return {"description": about} | _headers(call.response_headers) | {"content": content}
        case given:
            content = {_JSON: {"schema": schemas.of(given)}}
            about = (given.__doc__ or "").partition("\n\n")[0]
            return {"description": about} | _headers(call.response_headers) | {"content": content}


def _problem(status: int, why: str, schemas: _Schemas) -> Json:
    content = {"application/problem+json": {"schema": schemas.of(Problem)}}
    headers = _headers(_WITH_A_PROBLEM.get(status, {}))
    return {"description": why} | headers | {"content": content}


def _headers(sent: Mapping[str, str]) -> Json:
    if not sent:
        return {}
    return {
        "headers": {
            name: {"required": True, "description": about, "schema": {"type": "string"}}
            for name, about in sent.items()
        }
    }

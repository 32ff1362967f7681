"""Every answer that a test gets from Ava has to fit the document that Ava publishes.

``holding()`` is a trace for the ``ClientSession`` of the tests: it fails the test that saw an
answer which is not declared, or is other than declared.
"""

import functools
import json
import re
from collections.abc import Mapping
from types import SimpleNamespace

import aiohttp
from aiohttp import web
from jsonschema_rs import Draft202012Validator

from bot.handlers.openapi import Json, Route, document, routes_of

_PROBLEM = "application/problem+json"
_STREAM = "text/event-stream"  # its end may be far away
_OURS = 500  # always a problem; whether there may be one is for the test to say
_ANYWHERE = (404, 405, _OURS)  # of paths and methods that there are not


class Contract:
    """What a document says about single answers."""

    def __init__(self, document: Json) -> None:
        by_template = sorted(document["paths"].items(), key=lambda found: "{" in found[0])
        self._paths = [(_pattern(path), operations) for path, operations in by_template]
        self._schemas = {n: _closed(s) for n, s in document["components"]["schemas"].items()}
        self._validators: dict[str, Draft202012Validator] = {}

    def check(
        self, asked: tuple[str, str], status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Raise AssertionError where the answer to method and path is other than declared."""
        declared = self._declared(*asked, status)
        for name, header in declared.get("headers", {}).items():
            assert name in headers or not header["required"], f"{asked} {status} without {name}"
        if asked[0] == "HEAD":
            return
        content = declared.get("content", {})
        media_type = headers.get("Content-Type", "").partition(";")[0]
        assert media_type in content or not (content or body), f"{asked} {status}: {media_type}"
        if media_type.endswith("json"):
            self._check_body(asked, status, content[media_type]["schema"], body)

    def _declared(self, method: str, path: str, status: int) -> Json:
        operation = self._operation("GET" if method == "HEAD" else method, path)
        if operation and str(status) in operation["responses"]:
            found: Json = operation["responses"][str(status)]
            return found
        known = status in _ANYWHERE and (operation is None or status == _OURS)
        assert known, f"{method} {path}: {status} is not declared"
        return {"content": {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}

    def _operation(self, method: str, path: str) -> Json | None:
        for known, operations in self._paths:
            if method.lower() in operations and known.fullmatch(path):
                operation: Json = operations[method.lower()]
                return operation
        return None

    def _check_body(self, asked: object, status: int, schema: Json, body: bytes) -> None:
        key = str(schema)
        if key not in self._validators:
            whole = {"components": {"schemas": self._schemas}} | schema
            self._validators[key] = Draft202012Validator(whole, validate_formats=True)
        wrong = [str(error) for error in self._validators[key].iter_errors(json.loads(body))]
        assert wrong == [], f"{asked} {status}: {wrong}"


def holding(app: web.Application) -> aiohttp.TraceConfig:
    """Return a trace that holds every answer against the document of *app*."""
    contract = _contract(routes_of(app))

    async def check(
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        ended: aiohttp.TraceRequestEndParams,
    ) -> None:
        answer = ended.response
        preflight = "Access-Control-Request-Method" in ended.headers
        if not preflight and answer.content_type != _STREAM:
            asked = ended.method, ended.url.raw_path
            contract.check(asked, answer.status, answer.headers, await answer.read())

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(check)
    return trace


@functools.cache  # the validators are compiled once for all tests
def _contract(routes: tuple[Route, ...]) -> Contract:
    return Contract(document(routes))


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)), re.DOTALL)


def _closed(schema: Json) -> Json:
    """Nothing may be in an answer that is not in its schema; callers must be more patient."""
    return {"additionalProperties": False} | schema if "properties" in schema else schema

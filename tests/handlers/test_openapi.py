"""The OpenAPI document says everything about the calls, and nothing that is not so."""

import re
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from bot.app import create_app
from bot.handlers.health import section
from bot.handlers.openapi import document, routes_of
from bot.handlers.reference import page
from tests.ava import Ava
from tests.contract import Contract, holding

pytestmark = pytest.mark.asyncio(loop_scope="package")

HEALTHY = b'{"status": "ok"}'
JSON = {"Content-Type": "application/json; charset=utf-8"}


@pytest.fixture(scope="module")
def app(ava: Ava) -> web.Application:
    return create_app(ava.settings, ())


@pytest.fixture(scope="module")
def described(app: web.Application) -> dict[str, Any]:
    return document(routes_of(app))


@pytest.fixture(scope="module")
def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, found in described["paths"].items()
        for method, operation in found.items()
    }


def inside(node: object) -> Iterator[dict[str, Any]]:
    """Every object within *node*, itself first."""
    if isinstance(node, dict):
        yield node
        yield from inside([*node.values()])
    if isinstance(node, list):
        for child in node:
            yield from inside(child)


async def test_the_document_is_openapi_3_1_and_served(ava: Ava, described: dict[str, Any]) -> None:
    async with ava.client.get("/openapi.json") as answer:
        served = await answer.json()

    assert served == described
    assert served["openapi"].startswith("3.1.")
    OPENAPI_31_VALIDATOR.validate(served)


async def test_every_route_is_in_the_document_and_the_other_way_round(
    app: web.Application, operations: dict[str, dict[str, Any]]
) -> None:
    routes = {f"{method} {path}" for method, path, _ in routes_of(app)}

    assert routes == operations.keys()


async def test_every_reference_leads_somewhere_and_every_schema_is_used(
    described: dict[str, Any],
) -> None:
    schemas = described["components"]["schemas"]
    referred = {node["$ref"].rpartition("/")[2] for node in inside(described) if "$ref" in node}

    assert referred == schemas.keys()


async def test_every_call_has_a_name_of_its_own_and_says_what_it_does(
    operations: dict[str, dict[str, Any]],
) -> None:
    names = {operation["operationId"] for operation in operations.values()}

    assert len(names) == len(operations)
    assert {"post_auth_signup", "post_auth_magic_link_token", "delete_avatars_me"} <= names
    assert [call for call, operation in operations.items() if not operation["summary"]] == []


async def test_what_only_code_can_check_is_said_in_words(described: dict[str, Any]) -> None:
    silent = [
        node
        for node in inside(described["components"])
        if "pattern" in node and "description" not in node
    ]

    assert silent == []


async def test_the_calls_that_need_a_token_say_so(operations: dict[str, dict[str, Any]]) -> None:
    private = {call for call, operation in operations.items() if "security" in operation}

    assert {call for call in private if "401" not in operations[call]["responses"]} == set()
    assert {"GET /messages", "POST /avatars", "DELETE /preferences/whatsapp"} <= private
    assert {"POST /auth/signup", "GET /webhook", "GET /docs"} & private == set()


async def test_where_a_token_is_optional_it_says_so(operations: dict[str, dict[str, Any]]) -> None:
    optional = [call for call, o in operations.items() if {} in o.get("security", ())]

    assert optional == ["POST /auth/password"]


async def test_a_page_that_is_limited_says_so(operations: dict[str, dict[str, Any]]) -> None:
    responses = operations["POST /auth/password/forgotten"]["responses"]

    assert {"413", "415", "429"} <= responses.keys()


async def test_an_answer_that_is_other_than_declared_fails_the_test_that_sees_it(
    described: dict[str, Any],
) -> None:
    contract = Contract(described)
    asked = ("GET", "/health")

    contract.check(asked, 200, JSON, HEALTHY)
    for status, headers, body in (
        (201, JSON, HEALTHY),
        (404, JSON, b"{}"),
        (200, {"Content-Type": "text/plain"}, HEALTHY),
        (200, JSON, b'{"status": "well"}'),
        (200, JSON, b'{"status": "ok", "more": 1}'),
        (200, JSON, b"{}"),
    ):
        with pytest.raises(AssertionError):
            contract.check(asked, status, headers, body)
    with pytest.raises(AssertionError, match="Location"):
        contract.check(("POST", "/avatars"), 201, JSON, b"{}")


@section.call(gives={201: "text/plain"})
async def not_as_declared(_: web.Request) -> web.Response:
    """Answer with another status than declared."""
    return web.Response(text="")


async def test_the_client_of_the_tests_holds_every_answer_to_the_contract() -> None:
    app = web.Application()
    app.router.add_get("/", not_as_declared)

    client = aiohttp.ClientSession(trace_configs=[holding(app)])
    async with client, TestServer(app) as server:
        with pytest.raises(AssertionError, match="GET /: 200 is not declared"):
            await client.get(server.make_url("/"))


async def test_people_read_the_same_on_a_page_without_anything_from_elsewhere(
    ava: Ava, operations: dict[str, dict[str, Any]]
) -> None:
    async with ava.client.get("/docs") as answer:
        text = await answer.text()

    assert (answer.status, answer.content_type) == (200, "text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in text
    assert re.findall(r'(?:src|url\()="?', text) == []
    for operation in operations.values():
        assert f'id="{operation["operationId"]}"' in text


async def test_every_link_within_the_page_leads_somewhere(described: dict[str, Any]) -> None:
    text = page(described)

    ids = re.findall(r' id="([^"]+)"', text)
    assert set(re.findall(r'href="#([^"]+)"', text)) - set(ids) == set()
    assert len(ids) == len(set(ids))

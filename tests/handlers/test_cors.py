"""Pages on localhost may call a development Ava; no other page may call any."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bot.app import create_app
from bot.settings import Environment, Settings

PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x"}
Client = TestClient[web.Request, web.Application]
PAGE = "http://localhost:5173"


def settings(environment: Environment) -> Settings:
    return Settings(
        _env_file=None,
        app_env=environment,
        whatsapp_access_token=SecretStr("the-access-token"),
        whatsapp_phone_number_id="900100200300",
        whatsapp_verify_token=SecretStr("the-verify-token"),
        whatsapp_app_secret=SecretStr("the-app-secret"),
    )


@pytest.fixture
async def development() -> AsyncIterator["Client"]:
    async with TestClient(TestServer(create_app(settings(Environment.DEVELOPMENT), ()))) as client:
        yield client


@pytest.mark.parametrize(
    "origin", [PAGE, "http://127.0.0.1", "https://localhost", "http://[::1]:3000"]
)
async def test_a_page_on_localhost_may_ask(development: "Client", origin: str) -> None:
    preflight = await development.options("/messages", headers=PREFLIGHT | {"Origin": origin})
    answer = await development.get("/health", headers={"Origin": origin})
    problem = await development.get("/nothing", headers={"Origin": origin})

    assert [preflight.status, answer.status, problem.status] == [204, 200, 404]
    assert "PUT" in preflight.headers["Access-Control-Allow-Methods"]
    for name in ("Authorization", "Idempotency-Key"):
        assert name in preflight.headers["Access-Control-Allow-Headers"]
    for response in preflight, answer, problem:
        assert response.headers["Access-Control-Allow-Origin"] == origin
        assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]
        assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "http://localhost.evil.example", "http://evil.localhost"),
        *("http://localhost:80:80", "http://localhost@evil.example", "file://localhost", "*"),
    ],
)
async def test_any_other_page_may_not(development: "Client", origin: str) -> None:
    preflight = await development.options("/messages", headers=PREFLIGHT | {"Origin": origin})
    answer = await development.get("/health", headers={"Origin": origin})

    assert preflight.status == 405
    for response in preflight, answer:
        assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("environment", [Environment.PRODUCTION, Environment.TEST])
async def test_outside_development_no_page_may(environment: Environment) -> None:
    async with TestClient(TestServer(create_app(settings(environment), ()))) as client:
        preflight = await client.options("/messages", headers=PREFLIGHT | {"Origin": PAGE})
        answer = await client.get("/health", headers={"Origin": PAGE})

    assert preflight.status == 405
    for response in preflight, answer:
        assert "Access-Control-Allow-Origin" not in response.headers

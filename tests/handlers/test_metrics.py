"""Who may read the metrics, and what they say."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from bot import keys
from bot.app import create_app, create_window
from bot.settings import Environment
from bot.store.alarms import StoredAlarms
from bot.store.health import StoredHealth
from bot.store.postgres import PostgresDatabase
from tests.ava import Ava

pytestmark = [
    pytest.mark.asyncio(loop_scope="package"),
    # What is shown is the same wherever the data lives; what waits is for the store's contract.
    pytest.mark.parametrize("shared_home", ["postgres"], indirect=True),
]

TOKEN = SecretStr("the token of Prometheus")


Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def window(
    ava: Ava, *, token: SecretStr | None = None, app_env: Environment = Environment.PRODUCTION
) -> AsyncIterator[Client]:
    """What a worker shows while its store is away."""
    settings = ava.settings.model_copy(update={"app_env": app_env, "metrics_token": token})
    app = create_app(settings, ())
    nowhere = PostgresDatabase("postgresql://")
    app[keys.HEALTH], app[keys.ALARMS] = StoredHealth(nowhere, nowhere), StoredAlarms(nowhere)
    app[keys.METRICS].spent(700, 42)
    async with TestClient(TestServer(create_window(app))) as client:
        yield client


async def asked(client: Client, authorization: str = "") -> ClientResponse:
    headers = {"Authorization": authorization} if authorization else {}
    async with client.get("/metrics", headers=headers) as answer:
        await answer.read()
        return answer


async def test_a_running_ava_shows_what_it_did_and_what_waits(ava: Ava) -> None:
    async with ava.client.get("/metrics") as answer:
        text = await answer.text()

    assert (answer.status, answer.content_type) == (200, "text/plain")
    assert re.search(r"^ava_deliveries_total \d", text, re.MULTILINE)
    assert re.search(r"^ava_queue_depth \d", text, re.MULTILINE)
    assert re.search(r"^process_resident_memory_bytes [1-9]", text, re.MULTILINE)
    assert re.search(r"^process_open_fds [1-9]", text, re.MULTILINE)


async def test_without_the_store_a_worker_still_shows_what_it_counted(ava: Ava) -> None:
    async with window(ava, app_env=Environment.DEVELOPMENT) as client:
        answer = await asked(client)
        text = await answer.text()
        alive = await client.get("/health")

    assert (answer.status, alive.status) == (200, 200)
    assert 'ava_model_tokens_total{kind="prompt"} 700.0' in text
    assert "ava_store_reachable 0.0" in text


async def test_production_wants_the_token(ava: Ava) -> None:
    async with window(ava, token=TOKEN) as client:
        statuses = {
            given: (await asked(client, given)).status
            for given in ("", "Bearer guessed", TOKEN.get_secret_value(), "Bearer \u20ac")
        }
        known = await asked(client, f"Bearer {TOKEN.get_secret_value()}")

    assert set(statuses.values()) == {401}
    assert known.status == 200


async def test_production_without_a_token_shows_nobody_anything(ava: Ava) -> None:
    async with window(ava) as client:
        answer = await asked(client, "Bearer ")
        problem = await answer.json()

    assert (answer.status, problem["status"]) == (403, 403)
    assert "METRICS_TOKEN" in problem["detail"]


async def test_a_window_shows_nothing_else(ava: Ava) -> None:
    async with window(ava) as client, client.get("/webhook") as answer:
        assert answer.status == 404

"""One desk per test: everything over real sockets, nothing patched."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from pytest_aiohttp import AiohttpServer

from bot.simulator import Simulator, SimulatorConfig
from tests.simulator.desk import NUMBER_ID, SECRET, TOKEN, Desk, FakeBot


def config(webhook_url: str, state: Path | None = None) -> SimulatorConfig:
    return SimulatorConfig(
        webhook_url=webhook_url,
        api_url="http://localhost:8080",
        phone_number_id=NUMBER_ID,
        access_token=TOKEN,
        app_secret=SECRET,
        verify_token="the-verify-token",
        state=state,
        retry_seconds=(0.01,),
    )


@pytest.fixture(name="bot")
def _bot() -> FakeBot:
    return FakeBot()


@pytest.fixture(name="webhook_url")
async def _webhook_url(bot: FakeBot, aiohttp_server: AiohttpServer) -> str:
    server = await aiohttp_server(bot.app())
    return str(server.make_url("/webhook"))


@pytest.fixture(name="desk")
async def _desk(
    bot: FakeBot, webhook_url: str, aiohttp_server: AiohttpServer
) -> AsyncIterator[Desk]:
    simulator = Simulator(config(webhook_url))
    server = await aiohttp_server(simulator.app)
    async with aiohttp.ClientSession() as client:
        yield Desk(simulator, bot, str(server.make_url("")).rstrip("/"), client)

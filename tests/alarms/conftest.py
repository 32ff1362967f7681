"""A Slack and a Sentry for each test."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import SecretStr
from pytest_aiohttp import AiohttpServer

from bot.alarms.sentry import Sentry
from bot.alarms.slack import Slack
from tests.alarms.receivers import Receiver


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def address(receiver: Receiver, aiohttp_server: AiohttpServer) -> str:
    """Where both of them are, without a scheme."""
    server = await aiohttp_server(receiver.app())
    return f"127.0.0.1:{server.port}"


@pytest.fixture
async def slack(address: str) -> AsyncIterator[Slack]:
    async with aiohttp.ClientSession() as session:
        yield Slack(session, SecretStr(f"http://{address}/services/T/B/secret"))


@pytest.fixture
async def sentry(address: str) -> AsyncIterator[Sentry]:
    sentry = Sentry(SecretStr(f"http://key@{address}/1"), environment="production")
    yield sentry
    await sentry.close()

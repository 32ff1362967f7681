from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpServer

from bot.whatsapp.graph import Graph
from tests.whatsapp.meta import Meta, graph_at


@pytest.fixture(name="meta")
def _meta() -> Meta:
    return Meta()


@pytest.fixture(name="session")
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        yield session


@pytest.fixture(name="graph")
async def _graph(
    meta: Meta, session: aiohttp.ClientSession, aiohttp_server: AiohttpServer
) -> Graph:
    app = web.Application()
    app.router.add_post("/v25.0/900100200300/messages", meta.handle)
    app.router.add_get("/v25.0/900100200300", meta.handle)
    server = await aiohttp_server(app, shutdown_timeout=0.1)
    return graph_at(str(server.make_url("/")), session)

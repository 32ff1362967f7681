"""The real client, and the migrations' role beside it."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import httpx
import pytest
from asyncpg import Connection
from supabase import AsyncClient, AsyncClientOptions

from tests.supabase.standin import Standin

Clients = Callable[..., AsyncClient]

PASSWORD = "correct horse battery"


@pytest.fixture(name="http")
async def _http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=False) as http:  # a context for TLS takes 20 ms
        yield http


@pytest.fixture(name="client")
def _client(standin: Standin, http: httpx.AsyncClient) -> Clients:
    """Make a client with *key*, the anon key if none is given."""

    def make(key: str | None = None) -> AsyncClient:
        options = AsyncClientOptions(
            auto_refresh_token=False,
            persist_session=False,
            flow_type="implicit",
            httpx_client=http,
        )
        return AsyncClient(standin.url, key or standin.anon_key, options)

    return make


@pytest.fixture(name="service")
def _service(client: Clients, standin: Standin) -> AsyncClient:
    return client(standin.service_role_key)


@pytest.fixture(name="ada")
async def _ada(client: Clients) -> AsyncClient:
    """A client that has become Ada's, as every client does that signs up."""
    return await signed_up(client(), "ada@example.com")


@pytest.fixture(name="ben")
async def _ben(client: Clients) -> AsyncClient:
    return await signed_up(client(), "ben@example.com")


@pytest.fixture(name="owner")
async def _owner(supabase_database: str) -> AsyncIterator[Connection]:
    owner = await asyncpg.connect(supabase_database)
    yield owner
    await owner.close()


async def signed_up(client: AsyncClient, email: str) -> AsyncClient:
    await client.auth.sign_up({"email": email, "password": PASSWORD})
    return client

"""A project, and the two ways to it that the process has."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import httpx
import pytest
from asyncpg import Connection

from bot.accounts.supabase import SupabaseAccounts
from bot.models import Caller
from bot.store import supabase
from bot.store.supabase import SupabaseDatabase
from tests.store.supabase.ways import database_on, signed_up
from tests.supabase.fixtures import SupabaseDatabases
from tests.supabase.standin import Standin

WHO = """
    create or replace function who() returns text language sql stable
    return current_user || ' ' || coalesce(auth.uid()::text, 'nobody')
"""


@pytest.fixture(scope="module", name="supabase_database")
def _supabase_database(supabase_databases: SupabaseDatabases) -> Iterator[str]:
    """One for all of these: everybody in here is somebody new."""
    with supabase_databases.lent() as url:
        yield url


@pytest.fixture
async def owner(supabase_database: str) -> AsyncIterator[Connection]:
    owner = await asyncpg.connect(supabase_database)
    await owner.execute(WHO)
    yield owner
    await owner.close()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with supabase.pool() as http:
        yield http


@pytest.fixture
def database(http: httpx.AsyncClient, standin: Standin) -> SupabaseDatabase:
    return database_on(http, standin)


@pytest.fixture
def accounts(http: httpx.AsyncClient, standin: Standin) -> SupabaseAccounts:
    return SupabaseAccounts(
        http,
        url=standin.url,
        anon_key=standin.anon_key,
        service_role_key=standin.service_role_key,
    )


@pytest.fixture
async def ada(accounts: SupabaseAccounts) -> Caller:
    return await signed_up(accounts)

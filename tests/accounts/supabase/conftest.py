"""A Supabase project that keeps accounts."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import httpx
import pytest
from asyncpg import Connection

from bot.accounts.supabase import SupabaseAccounts
from tests.accounts.supabase.sessions import accounts_on
from tests.supabase.fixtures import SupabaseDatabases
from tests.supabase.standin import Standin


@pytest.fixture(scope="module", name="supabase_database")
def _supabase_database(supabase_databases: SupabaseDatabases) -> Iterator[str]:
    """One for all of these: everybody in here is somebody new."""
    with supabase_databases.lent() as url:
        yield url


@pytest.fixture
async def owner(supabase_database: str) -> AsyncIterator[Connection]:
    owner = await asyncpg.connect(supabase_database)
    yield owner
    await owner.close()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=False) as http:  # a context for TLS takes 20 ms
        yield http


@pytest.fixture
def accounts(http: httpx.AsyncClient, standin: Standin) -> SupabaseAccounts:
    return accounts_on(http, standin)


@pytest.fixture
def email() -> str:
    """One that nobody has."""
    return f"{uuid4().hex}@example.com"

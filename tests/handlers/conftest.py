"""One Ava in each home for all the tests of this folder, for people who have nothing to do with
each other.

Both live in the loop of the package, so a module that uses one says
``pytestmark = pytest.mark.asyncio(loop_scope="package")``.
"""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import asyncpg
import pytest
import pytest_asyncio
from asyncpg import Connection

from bot.store.postgres import PostgresDatabase
from tests.ava import Ava, Person, ava_in
from tests.homes import KINDS, Home, lent

Newcomer = Callable[[], Awaitable[Person]]


_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def home_on_postgres(request: pytest.FixtureRequest) -> Iterator[Home]:
    with lent("postgres", request) as home:
        yield home


@pytest.fixture(scope="package")
def home_on_supabase(request: pytest.FixtureRequest) -> Iterator[Home]:
    with lent("supabase", request) as home:
        yield home


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def ava_on_postgres(home_on_postgres: Home) -> AsyncIterator[Ava]:
    async with ava_in(home_on_postgres) as ava:
        yield ava


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def ava_on_supabase(home_on_supabase: Home) -> AsyncIterator[Ava]:
    async with ava_in(home_on_supabase) as ava:
        yield ava


@pytest.fixture(scope="package", params=KINDS)
def shared_home(request: pytest.FixtureRequest) -> Home:
    home: Home = request.getfixturevalue(f"home_on_{request.param}")
    return home


@pytest.fixture(scope="package")
def ava(shared_home: Home, request: pytest.FixtureRequest) -> Ava:
    """The whole of Ava; a test brings its own people and numbers.

    In either home it stays up from the first test that needs it to the end of the package.
    """
    kind = "supabase" if shared_home.standin else "postgres"
    ava: Ava = request.getfixturevalue(f"ava_on_{kind}")
    return ava


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def owner(shared_home: Home) -> AsyncIterator[Connection]:
    """The database as its owner sees it, past row-level security: for looks and time travel."""
    connection = await asyncpg.connect(shared_home.owner_url)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def database(shared_home: Home) -> AsyncIterator[PostgresDatabase]:
    """The database as a person reaches it who goes around the JSON endpoints."""
    database = PostgresDatabase(shared_home.owner_url, size=2)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="package")
def newcomer(ava: Ava) -> Newcomer:
    """Sign somebody up whom no other test knows."""

    async def sign_up() -> Person:
        return await ava.sign_up(f"person.{next(_numbers)}@example.com")

    return sign_up


@pytest.fixture(scope="package")
def number() -> Callable[[], str]:
    """Return a WhatsApp id that no other test knows."""
    numbers = itertools.count(31620000001)
    return lambda: str(next(numbers))


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def somebody(newcomer: Newcomer) -> Person:
    """A person for tests of refusals: they have nothing and never get anything."""
    return await newcomer()

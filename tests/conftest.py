"""One server for the session, one migrated template, a copy of it for each test."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest

from bot.store.embedded import EmbeddedPostgres
from tests.ava import Ava, ava_in
from tests.databases import Databases, base_for_a_server
from tests.homes import KINDS, Home, lent

if sys.platform == "win32":
    new_event_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop

pytest_plugins = ["tests.supabase.fixtures"]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that Ava runs on; it is also the cheaper one."""
    return {"as in run.py": new_event_loop}


@pytest.fixture(scope="session", autouse=True)
def _nobody_is_trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test speaks TLS to strangers, and each httpx client would read 140 certificates first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server that forgets at a power cut and otherwise is like any other."""
    with base_for_a_server() as base:
        server = EmbeddedPostgres(base, durable=False)
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres) -> Iterator[Databases]:
    databases = Databases(postgres)
    databases.migrated_template()
    yield databases
    databases.close()


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """An own database with every migration, as its owner sees it."""
    with databases.lent() as url:
        yield url


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """An own database as a provider hands it over."""
    with databases.new() as url:
        yield url


@pytest.fixture
def postgres_home(databases: Databases, database_url: str) -> Home:
    return Home(databases=databases, owner_url=database_url)


@pytest.fixture(params=KINDS)
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """Where Ava lives: each test is run with all of them."""
    with lent(request.param, request) as home:
        yield home


@pytest.fixture
async def ava(home: Home) -> AsyncIterator[Ava]:
    """The whole of Ava in a home of its own; every message is a turn of its own."""
    async with ava_in(home) as ava:
        yield ava

"""Databases: one server for the session, one migrated template, a copy of it for each test.

Nothing in them belongs to a superuser. Ava connects as an owner with the rights that a hosted
Postgres gives, so what passes here needs no more than that.
"""

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from bot.store.embedded import EmbeddedPostgres
from bot.store.migrate import migrate
from tests.ava import Ava, ava_on

pytest_plugins = ["tests.supabase.fixtures"]

OWNER = "ava_owner"
_TEMPLATE = "ava_template"


class Databases:
    """Makes databases on the session's server, from outside of any test's event loop."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self._loop = asyncio.new_event_loop()
        self._admin = self._loop.run_until_complete(asyncpg.connect(server.dsn()))
        self._numbers = itertools.count(1)
        self._run(f"create role {OWNER} login createrole createdb")

    def migrated_template(self) -> None:
        self._run(f"create database {_TEMPLATE} owner {OWNER}")
        self._loop.run_until_complete(migrate(self.url(_TEMPLATE)))

    @contextmanager
    def new(self, *, template: str = "template1", owner: str = OWNER) -> Iterator[str]:
        """Lend a database that exists until the end of the block; yield its URL."""
        name = f"test_{next(self._numbers)}"
        self._run(f"create database {name} template {template} strategy file_copy owner {owner}")
        try:
            yield self.url(name, user=owner)
        finally:
            self._run(f"drop database {name} with (force)")

    def url(self, name: str, *, user: str = OWNER) -> str:
        return self._server.dsn(name, user=user)

    async def shut(self, name: str) -> None:
        """Let nobody in, and throw out whoever is there: the database is away."""
        await self._order(
            f"alter database {name} with allow_connections false",
            "select pg_terminate_backend(pid) from pg_stat_activity"
            f" where datname = '{name}' and pid <> pg_backend_pid()",
        )

    async def open(self, name: str) -> None:
        await self._order(f"alter database {name} with allow_connections true")

    async def _order(self, *statements: str) -> None:
        """Run them from within a test's event loop."""
        admin = await asyncpg.connect(self._server.dsn())
        for statement in statements:
            await admin.execute(statement)
        await admin.close()

    def close(self) -> None:
        self._loop.run_until_complete(self._admin.close())
        self._loop.close()

    def _run(self, statement: str) -> None:
        self._loop.run_until_complete(self._admin.execute(statement))


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server that forgets at a power cut and otherwise is like any other."""
    with tempfile.TemporaryDirectory(prefix="ava-test-") as base:
        server = EmbeddedPostgres(Path(base), durable=False)
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
    with databases.new(template=_TEMPLATE) as url:
        yield url


@pytest.fixture
def empty_database_url(databases: Databases) -> Iterator[str]:
    """An own database as a provider hands it over."""
    with databases.new() as url:
        yield url


@pytest.fixture
async def ava(database_url: str) -> AsyncIterator[Ava]:
    """The whole of Ava on a database of its own; every message is a turn of its own."""
    async with ava_on(database_url) as ava:
        yield ava

"""A Supabase project for a test. Its databases have a server of their own: roles belong to a whole
server, and by them the migrations tell Supabase from a plain Postgres."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import asyncpg
import pytest

from bot.store.embedded import EmbeddedPostgres
from bot.store.migrate import migrate
from tests.databases import Databases, base_for_a_server
from tests.supabase.standin import Standin

MIGRATOR = "supabase_migrator"

_BOOTSTRAP = Path(__file__).with_name("bootstrap.sql")
_EMPTY = "supabase_empty"
_MIGRATED = "supabase_migrated"


class SupabaseDatabases(Databases):
    """Like ``Databases``, of a project that Supabase hosts; URLs are of its role postgres."""

    def migrated_template(self) -> None:
        self._run(f"create database {_EMPTY}")
        self._loop.run_until_complete(_bootstrap(self.url(_EMPTY, user="postgres")))
        self._run(f"create database {_MIGRATED} template {_EMPTY} owner {MIGRATOR}")
        self._loop.run_until_complete(migrate(self.url(_MIGRATED, user=MIGRATOR)))

    def lent(self) -> AbstractContextManager[str]:
        """Lend a database with every migration."""
        return self.new(template=_MIGRATED, owner=MIGRATOR)

    def new_project(self) -> AbstractContextManager[str]:
        """Lend a database as Supabase hands it over."""
        return self.new(template=_EMPTY, owner=MIGRATOR)


async def _bootstrap(url: str) -> None:
    superuser = await asyncpg.connect(url)
    await superuser.execute(_BOOTSTRAP.read_text())
    await superuser.close()


@pytest.fixture(scope="session")
def supabase_databases() -> Iterator[SupabaseDatabases]:
    with ExitStack() as stack:
        base = stack.enter_context(base_for_a_server())
        server = EmbeddedPostgres(base, durable=False)
        server.start()
        stack.callback(server.stop)
        databases = SupabaseDatabases(server)
        stack.callback(databases.close)
        databases.migrated_template()
        yield databases


@pytest.fixture
def supabase_database(supabase_databases: SupabaseDatabases) -> Iterator[str]:
    """A project's database with every migration, as its DATABASE_URL."""
    with supabase_databases.lent() as url:
        yield url


@pytest.fixture
def empty_supabase_database(supabase_databases: SupabaseDatabases) -> Iterator[str]:
    """A new project's database."""
    with supabase_databases.new_project() as url:
        yield url


@pytest.fixture
async def standin(supabase_database: str) -> AsyncIterator[Standin]:
    async with Standin(database=supabase_database) as standin:
        yield standin

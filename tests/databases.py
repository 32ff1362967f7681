"""Databases on a server of the tests', each lent for a while.

Nothing in them belongs to a superuser. Ava connects as an owner with the rights that a hosted
Postgres gives, so what passes here needs no more than that.
"""

import asyncio
import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import asyncpg

from bot.store.embedded import EmbeddedPostgres
from bot.store.migrate import migrate

OWNER = "ava_owner"

_TEMPLATE = "ava_template"
_MEMORY = Path("/dev/shm")
_ROOM = 4 * 1024**3  # bytes; all servers of a run together need less than half of it


@contextmanager
def base_for_a_server() -> Iterator[Path]:
    """Lend a directory, in memory where that is possible: each test copies a database."""
    place = _MEMORY if _is_fit_for_servers(_MEMORY) else None
    with tempfile.TemporaryDirectory(prefix="ava-test-", dir=place) as base:
        yield Path(base)


def _is_fit_for_servers(place: Path) -> bool:
    if not place.is_dir():
        return False
    found = os.statvfs(place)
    return not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize > _ROOM


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

    def lent(self) -> AbstractContextManager[str]:
        """Lend a database with every migration."""
        return self.new(template=_TEMPLATE)

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

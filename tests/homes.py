"""Where an Ava of the tests keeps data and accounts."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from tests.databases import Databases
from tests.supabase.standin import Standin

KINDS = ("postgres", "supabase")

# For tests of the folder's shared home about what only Ava's own accounts can do; each says why.
own_accounts = pytest.mark.parametrize("shared_home", ["postgres"], indirect=True)

# For tests of the whole of Ava about what no home changes; the stores' contract is kept by both.
in_one_home = pytest.mark.parametrize("home", ["postgres"], indirect=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A Postgres with accounts of Ava's own or, with *standin*, a Supabase project.

    owner_url: the database past row-level security, for looks and time travel. pooler_url: the
    project's DATABASE_URL beside its keys. has_older_keys: those that are tokens.
    """

    databases: Databases
    owner_url: str
    standin: Standin | None = None
    pooler_url: str | None = None
    has_older_keys: bool = False

    @property
    def settings(self) -> dict[str, Any]:
        """What chooses this home."""
        if self.standin is None:
            return {
                "database_url": SecretStr(self.owner_url),
                "jwt_secret": SecretStr("a secret of the tests, 32 or more"),
            }
        pooler = {"database_url": SecretStr(self.pooler_url)} if self.pooler_url else {}
        return pooler | {
            "supabase_url": self.standin.url,
            "supabase_anon_key": SecretStr(self._keys[0]),
            "supabase_service_role_key": SecretStr(self._keys[1]),
        }

    def running(self) -> AbstractAsyncContextManager[object]:
        """Run what has to run beside the database."""
        return self.standin or nullcontext()

    async def look(self, query: str, *arguments: object) -> Any:
        """Return one value past row-level security; *query* may also move the clock."""
        connection = await asyncpg.connect(self.owner_url)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    async def shut(self) -> None:
        """Let nobody into the database."""
        await self.databases.shut(_name(self.owner_url))

    async def shut_pooler(self) -> None:
        assert self.pooler_url
        await self.databases.shut(_name(self.pooler_url))

    async def open(self) -> None:
        await self.databases.open(_name(self.owner_url))

    @property
    def _keys(self) -> tuple[str, str]:
        assert self.standin
        if self.has_older_keys:
            return self.standin.legacy_anon_key, self.standin.legacy_service_role_key
        return self.standin.anon_key, self.standin.service_role_key


def _name(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


@contextmanager
def lent(kind: str, request: pytest.FixtureRequest) -> Iterator[Home]:
    """Lend a home with every migration."""
    if kind == "postgres":
        databases: Databases = request.getfixturevalue("databases")
        with databases.lent() as url:
            yield Home(databases=databases, owner_url=url)
    else:
        projects: Databases = request.getfixturevalue("supabase_databases")
        with projects.lent() as url:
            yield Home(databases=projects, owner_url=url, standin=Standin(database=url))

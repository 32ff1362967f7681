"""The one way to the database: a transaction in the role and with the claims of the caller."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
from aiohttp import web

from tests.supabase.gateway import Identity
from tests.supabase.refusals import Refusal, rest_refusal
from tests.supabase.sqlstates import refusal_of

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

_SETTINGS = (
    "role",
    "statement_timeout",
    "request.jwt.claims",
    "request.method",
    "request.path",
    "request.headers",
)
_BECOME = "select " + ", ".join(
    f"set_config('{name}', ${place}, true)" for place, name in enumerate(_SETTINGS, 1)
)
_TIMEOUTS = """
    select rolname, split_part(setting, '=', 2) as timeout
    from pg_roles, unnest(rolconfig) as setting where setting like 'statement_timeout=%'
"""
_NOT_TOLD = {"authorization", "apikey", "cookie"}  # headers that are nobody else's business


class Transactions:
    """Logs in as authenticator, which may do nothing but become somebody else."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.timeouts: dict[str, str] = {}  # "3s" by role

    async def learn_timeouts(self) -> None:
        rows = await self._pool.fetch(_TIMEOUTS)
        self.timeouts = {row["rolname"]: row["timeout"] for row in rows}

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["Connection"]:
        try:
            connection = await self._pool.acquire()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
            raise _no_database("PGRST000", "Could not connect with the database") from exc
        try:
            yield connection
        finally:
            await self._pool.release(connection)

    @asynccontextmanager
    async def acting_as(
        self, identity: Identity, request: web.Request, *, read_only: bool
    ) -> AsyncIterator["Connection"]:
        async with self.connected() as connection:
            try:
                async with connection.transaction(readonly=read_only):
                    await connection.execute(_BECOME, *self._settings(identity, request))
                    yield connection
            except asyncpg.PostgresError as exc:
                raise refusal_of(exc, anonymous=identity.role == "anon") from exc
            except (OSError, asyncpg.InterfaceError) as exc:
                raise _no_database("PGRST001", "Database client error") from exc

    def _settings(self, identity: Identity, request: web.Request) -> tuple[str, ...]:
        headers = {name.lower(): value for name, value in request.headers.items()}
        told = {name: value for name, value in headers.items() if name not in _NOT_TOLD}
        timeout = self.timeouts.get(identity.role) or self.timeouts["authenticator"]
        claims = json.dumps(identity.claims)
        return identity.role, timeout, claims, request.method, request.path, json.dumps(told)


def _no_database(code: str, message: str) -> Refusal:
    return rest_refusal(503, code, f"{message}. Retrying the connection.")

"""Plain or embedded Postgres through asyncpg: one pool, two ways to be somebody."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg

from bot.errors import (
    CannotStart,
    Conflict,
    Fault,
    Invalid,
    Missing,
    StoreRejected,
    StoreUnavailable,
)
from bot.models import PersonId

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    NewConnection = asyncpg.Connection[asyncpg.Record]

_CONNECT_TIMEOUT = 5.0  # seconds
_STATEMENT_TIMEOUT = 10.0  # seconds
_ACQUIRE_TIMEOUT = 5.0  # seconds to wait for a free connection
_CLOSE_TIMEOUT = 5.0  # seconds

# Classes of SQLSTATE that asking again may cure: connection, resources, operator, rollback.
_PASSING = ("08", "53", "57", "40", "25006")


class Database:
    """A pool on one Postgres. Open it before use, close it at the end."""

    def __init__(self, dsn: str, *, size: int = 10) -> None:
        self.dsn = dsn
        self.name = uuid4().hex  # by which this process knows its own NOTIFYs
        self._size = size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        """Raise CannotStart where the database was never migrated."""
        with translated(), _migrated():
            self._pool = await asyncpg.create_pool(
                self.dsn,
                min_size=1,
                max_size=self._size,
                timeout=_CONNECT_TIMEOUT,
                command_timeout=_STATEMENT_TIMEOUT,
                init=_become_service_role,
                reset=_leave_as_it_is,
                server_settings={"application_name": "ava"},
            )

    async def close(self) -> None:
        """Let statements under way end for a moment, then cut them off."""
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def system_conn(self) -> AsyncIterator["Connection"]:
        """Yield a connection for the bot's own work, as ``service_role``."""
        if self._pool is None:
            raise StoreUnavailable("the database is not open")
        with translated():
            connection = await self._free_connection(self._pool)
            try:
                yield connection
            finally:
                await self._pool.release(connection)

    async def _free_connection(self, pool: "asyncpg.Pool[asyncpg.Record]") -> "Connection":
        try:
            return await pool.acquire(timeout=_ACQUIRE_TIMEOUT)
        except asyncpg.PostgresError as exc:  # whatever a server says to who wants to come in
            raise StoreUnavailable(type(exc).__name__) from exc

    @asynccontextmanager
    async def user_conn(self, person: PersonId) -> AsyncIterator["Connection"]:
        """Yield a connection on which only what row-level security gives *person* exists.

        One transaction: it commits when the block ends and rolls back when it raises.
        """
        claims = json.dumps({"sub": str(person), "role": "authenticated"})
        async with self.system_conn() as connection, connection.transaction():
            await connection.execute(
                "select set_config('request.jwt.claims', $1, true),"
                " set_config('role', 'authenticated', true)",
                claims,
            )
            yield connection


@contextmanager
def translated() -> Iterator[None]:
    """Turn what asyncpg raises into what can be done about it; constraints pass through."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError:
        raise
    except asyncpg.PostgresError as exc:
        if (exc.sqlstate or "").startswith(_PASSING):
            raise StoreUnavailable(type(exc).__name__) from exc
        raise StoreRejected(type(exc).__name__) from exc
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError) as exc:
        # "Internal": a connection that the server is just ending is asked for something
        raise StoreUnavailable(type(exc).__name__) from exc


@contextmanager
def constraints(taken: str) -> Iterator[None]:
    """Say which rule of the database was broken; *taken* is what a duplicate means here."""
    try:
        with living_account():
            yield
    except asyncpg.UniqueViolationError as exc:
        raise Conflict(taken) from exc
    except asyncpg.CheckViolationError as exc:
        field = (exc.constraint_name or "").removeprefix("avatars_").removesuffix("_check")
        raise Invalid([Fault(field, "The database refuses this value.")]) from exc


@contextmanager
def living_account() -> Iterator[None]:
    """A token may outlive its account; then nothing can belong to it."""
    try:
        yield
    except asyncpg.ForeignKeyViolationError as exc:
        raise Missing("This account does not exist any more.") from exc


def time_of(value: datetime | str) -> datetime:
    """Return a time from a row, or from JSON that the database made of one."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


@contextmanager
def _migrated() -> Iterator[None]:
    """The first migration makes the roles, and lets the owner be them."""
    try:
        yield
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as exc:
        raise CannotStart("the database is not ready; run `python run.py migrate` first.") from exc


async def _become_service_role(connection: "NewConnection | Connection") -> None:
    await connection.execute("set role service_role")


async def _leave_as_it_is(_: "NewConnection") -> None:
    """Save a round trip: nothing here changes a session, only transactions."""

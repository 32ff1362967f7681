"""Plain or embedded Postgres through asyncpg: one pool, two ways to be somebody."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg

from bot.errors import CannotStart, NotSignedIn, StoreTimeout, StoreUnavailable
from bot.models import Caller, PersonId
from bot.store.database import asked_by_a_person, refusal, twice_if_rolled_back

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    NewConnection = asyncpg.Connection[asyncpg.Record]

_CONNECT_TIMEOUT = 5.0  # seconds
_STATEMENT_TIMEOUT = 10.0  # seconds
_ACQUIRE_TIMEOUT = 5.0  # seconds to wait for a free connection
_CLOSE_TIMEOUT = 5.0  # seconds
_LISTEN_AGAIN = 2.0  # seconds after the listening connection broke

# Asked while we are still service_role: what comes back counts before what was set.
_BECOME = """
    select set_config('request.jwt.claims', $1, true), set_config('role', 'authenticated', true),
      $2::uuid is null or exists (
        select from account_sessions where id = $2 and expires_at > clock_timestamp())
"""


class PostgresDatabase:
    """``database.Database`` on a Postgres. Open it before use, close it at the end."""

    def __init__(self, dsn: str, *, size: int = 10) -> None:
        self.dsn = dsn
        self.name = uuid4().hex
        self._size = size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._is_set: dict[str, bool] = {}  # whether a function returns one, once it was asked for

    async def open(self) -> None:
        """Raise CannotStart where the database was never migrated."""
        with translated(), _usable():
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

    # --- calls -------------------------------------------------------------------------------

    async def as_bot(self, function: str, /, **arguments: object) -> Any:  # noqa: ANN401 - any JSON
        return await twice_if_rolled_back(lambda: self._as_bot(function, arguments))

    async def as_person(self, caller: Caller, function: str, /, **arguments: object) -> Any:  # noqa: ANN401
        with asked_by_a_person():
            return await twice_if_rolled_back(lambda: self._as_person(caller, function, arguments))

    async def _as_bot(self, function: str, arguments: dict[str, object]) -> object:
        async with self.system_conn() as connection:
            return await self._call(connection, function, arguments)

    async def _as_person(
        self, caller: Caller, function: str, arguments: dict[str, object]
    ) -> object:
        async with self.user_conn(caller.id, session=caller.session) as connection:
            return await self._call(connection, function, arguments)

    async def _call(
        self, connection: "Connection", function: str, arguments: dict[str, object]
    ) -> object:
        if function not in self._is_set:
            await self._look_up(connection, function)
        is_set = self._is_set.get(function, False)
        statement = _statement(function, tuple(arguments), is_set=is_set)
        answer = await connection.fetchval(statement, *arguments.values())
        return None if answer is None else json.loads(answer)

    async def _look_up(self, connection: "Connection", function: str) -> None:
        is_set = await connection.fetchval(
            "select proretset from pg_proc"
            " where pronamespace = 'public'::regnamespace and proname = $1",
            function,
        )
        if is_set is not None:
            self._is_set[function] = is_set

    # --- connections -------------------------------------------------------------------------

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
    async def user_conn(
        self, person: PersonId, *, session: UUID | None = None
    ) -> AsyncIterator["Connection"]:
        """Yield a connection on which only what row-level security gives *person* exists.

        One transaction: it commits when the block ends and rolls back when it raises. Raise
        NotSignedIn where *session* has ended: a token is not worth more than its session.
        """
        claims = json.dumps({"sub": str(person), "role": "authenticated"})
        async with self.system_conn() as connection, connection.transaction():
            is_alive = await connection.fetchval(_BECOME, claims, session, column=2)
            if not is_alive:
                raise NotSignedIn
            yield connection

    # --- calls of other processes ------------------------------------------------------------

    async def woken(self) -> AsyncIterator[None]:
        """Needs a direct or session-pooled connection."""
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                async for _ in self._listen():
                    yield
            await asyncio.sleep(_LISTEN_AGAIN)

    async def _listen(self) -> AsyncIterator[None]:
        """Yield at every NOTIFY of others, and once at the start, until the connection ends."""
        heard = asyncio.Event()
        heard.set()

        def hear(_: object, __: int, ___: str, sender: object) -> None:
            if sender != self.name:
                heard.set()

        connection = await asyncpg.connect(self.dsn, timeout=_CONNECT_TIMEOUT)
        try:
            connection.add_termination_listener(lambda _: heard.set())
            await connection.add_listener("attention", hear)
            while not connection.is_closed():
                await heard.wait()
                heard.clear()
                yield
        finally:
            connection.terminate()


@contextmanager
def translated() -> Iterator[None]:
    """Turn what asyncpg raises into what can be done about it."""
    try:
        yield
    except asyncpg.PostgresError as exc:
        raise refusal(
            exc.sqlstate or "", rule=exc.constraint_name or "", detail=exc.detail or ""
        ) from exc
    except TimeoutError as exc:
        raise StoreTimeout from exc
    except (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as exc:
        # "Internal": a connection that the server is just ending is asked for something
        raise StoreUnavailable(type(exc).__name__) from exc


@cache
def _statement(function: str, parameters: tuple[str, ...], *, is_set: bool) -> str:
    given = ", ".join(f"p_{name} => ${n}" for n, name in enumerate(parameters, start=1))
    if is_set:
        return f"select coalesce(json_agg(r), '[]') from public.{function}({given}) as r"  # noqa: S608
    return f"select to_json(public.{function}({given}))"


@contextmanager
def _usable() -> Iterator[None]:
    """A URL can be read; and the first migration makes the roles, and lets the owner be them."""
    try:
        yield
    except ValueError as exc:  # asyncpg's, or of a part that cannot be read
        raise CannotStart("DATABASE_URL is not the URL of a Postgres database.") from exc
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as exc:
        raise CannotStart("the database is not ready; run `python run.py migrate` first.") from exc


async def _become_service_role(connection: "NewConnection | Connection") -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads
    )
    await connection.execute("set role service_role")


async def _leave_as_it_is(_: "NewConnection") -> None:
    """Save a round trip: nothing here changes a session, only transactions."""

"""The queue on Postgres; its rules are SQL functions in ``migrations/004_attention.sql``."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import asyncpg

from bot.models import Lease
from bot.store.postgres import Database

_LISTEN_AGAIN = 2.0  # seconds after the listening connection broke
_CHANNEL = "attention"


class PostgresAttention:
    """``ports.Attention``; ``woken`` needs a direct or session-pooled connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, *, worker: str, limit: int, lease: timedelta) -> Sequence[Lease]:
        async with self._database.system_conn() as connection:
            rows = await connection.fetch(
                "select key, lease, attempts from claim_attention($1, $2, $3)", worker, limit, lease
            )
        return [Lease(key=row["key"], id=row["lease"], attempts=row["attempts"]) for row in rows]

    async def beat(self, leases: Sequence[UUID], *, lease: timedelta) -> set[UUID]:
        async with self._database.system_conn() as connection:
            rows = await connection.fetch("select beat_attention($1, $2)", leases, lease)
        return {row[0] for row in rows}

    async def finish(self, held: Lease) -> None:
        async with self._database.system_conn() as connection:
            await connection.execute("select finish_attention($1, $2)", held.key, held.id)

    async def fail(
        self, held: Lease, *, error: str, again_in: timedelta, most_failures: int | None
    ) -> None:
        async with self._database.system_conn() as connection:
            await connection.execute(
                "select fail_attention($1, $2, $3, $4, $5)",
                *(held.key, held.id, error, again_in, most_failures),
            )

    async def next_due(self) -> timedelta | None:
        async with self._database.system_conn() as connection:
            seconds = await connection.fetchval("select next_attention()")
        return None if seconds is None else timedelta(seconds=seconds)

    async def wake_others(self) -> None:
        async with self._database.system_conn() as connection:
            await connection.execute("select wake_attention($1)", self._database.name)

    async def woken(self) -> AsyncIterator[None]:
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
            if sender != self._database.name:
                heard.set()

        connection = await asyncpg.connect(self._database.dsn, timeout=5)
        try:
            connection.add_termination_listener(lambda _: heard.set())
            await connection.add_listener(_CHANNEL, hear)
            while not connection.is_closed():
                await heard.wait()
                heard.clear()
                yield
        finally:
            connection.terminate()

"""How the database is."""

from collections.abc import Sequence
from datetime import timedelta

from bot.store import migrate
from bot.store.postgres import Database


class PostgresHealth:
    """``ports.Health``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending_migrations(self) -> Sequence[str]:
        async with self._database.system_conn() as connection:
            return await migrate.pending(connection)

    async def oldest_waiting(self) -> timedelta:
        async with self._database.system_conn() as connection:
            waiting: timedelta | None = await connection.fetchval(
                "select max(clock_timestamp() - greatest(due_at, leased_until)) from attention"
                " where not dead and attempts <= 1"
            )
        return max(waiting or timedelta(0), timedelta(0))

"""How the database is."""

from collections.abc import Sequence
from datetime import timedelta

from bot.store import migrate
from bot.store.database import Database, SchemaBehind


class StoredHealth:
    """``ports.Health``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending_migrations(self) -> Sequence[str]:
        try:
            applied = await self._database.as_bot("applied_migrations")
        except SchemaBehind:  # older than the function that says so
            applied = []
        return [name for name in migrate.names() if name not in applied]

    async def oldest_waiting(self) -> timedelta:
        seconds = await self._database.as_bot("oldest_waiting")
        return timedelta(seconds=max(0.0, seconds or 0.0))

"""How the database is, and each way to it."""

from collections.abc import Sequence
from datetime import timedelta

from bot.store import migrate
from bot.store.database import Database, SchemaBehind
from bot.upkeep import QueueFigures


class StoredHealth:
    """``ports.Health``."""

    def __init__(self, database: Database, queue: Database) -> None:
        self._database = database
        self._queue = queue  # may be another way to the same data

    async def pending_migrations(self) -> Sequence[str]:
        try:
            applied = await self._database.as_bot("applied_migrations")
        except SchemaBehind:  # older than the function that says so
            applied = []
        return migrate.missing(applied)

    async def oldest_waiting(self) -> timedelta:
        seconds = await self._queue.as_bot("oldest_waiting")
        return timedelta(seconds=max(0.0, seconds or 0.0))

    async def figures(self) -> QueueFigures:
        found = await self._queue.as_bot("queue_figures")
        oldest = timedelta(seconds=found.pop("oldest_waiting"))
        longest = timedelta(seconds=found.pop("longest_waiting"))
        return QueueFigures(**found, oldest_waiting=oldest, longest_waiting=longest)

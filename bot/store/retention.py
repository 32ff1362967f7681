"""What is not needed any more; its rules are ``migrations/027_retention.sql``."""

from datetime import timedelta

from bot.store.database import Database


class StoredRetention:
    """``ports.Retention``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(
        self,
        *,
        updates: timedelta,
        sends: timedelta,
        chats: timedelta,
        silenced: timedelta,
        most: int,
    ) -> int:
        forgotten: int = await self._database.as_bot(
            "forget_old", inbox=updates, outbox=sends, chats=chats, silenced=silenced, most=most
        )
        return forgotten

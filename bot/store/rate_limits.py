"""How often things were asked for; the counting is ``migrations/016_rate_limits.sql``."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

from bot.errors import TooMany
from bot.limits import Limit
from bot.store.database import Database


class StoredRateLimits:
    """``ports.RateLimits``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, wanted: Mapping[str, Limit]) -> None:
        limits = wanted.values()
        wait = await self._database.as_bot(
            "take_permits",
            keys=[hashlib.sha256(key.encode()).hexdigest() for key in wanted],
            times=[limit.times for limit in limits],
            periods=[limit.per.total_seconds() for limit in limits],
        )
        if wait:
            raise TooMany(timedelta(seconds=wait))

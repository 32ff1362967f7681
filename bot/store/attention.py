"""The queue; its rules are SQL functions in ``migrations/004_attention.sql``."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from uuid import UUID

from bot.models import Lease
from bot.store.database import Database


class StoredAttention:
    """``ports.Attention``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, *, worker: str, limit: int, lease: timedelta) -> Sequence[Lease]:
        rows = await self._database.as_bot(
            "claim_attention", worker=worker, limit=limit, lease=lease
        )
        return [
            Lease(key=row["key"], id=UUID(row["lease"]), attempts=row["attempts"]) for row in rows
        ]

    async def beat(self, leases: Sequence[UUID], *, lease: timedelta) -> set[UUID]:
        kept = await self._database.as_bot("beat_attention", leases=list(leases), lease=lease)
        return {UUID(held) for held in kept}

    async def finish(self, held: Lease) -> None:
        await self._database.as_bot("finish_attention", key=held.key, lease=held.id)

    async def fail(
        self, held: Lease, *, error: str, again_in: timedelta, most_failures: int | None
    ) -> None:
        await self._database.as_bot(
            "fail_attention",
            key=held.key,
            lease=held.id,
            error=error,
            again=again_in,
            most_failures=most_failures,
        )

    async def next_due(self) -> timedelta | None:
        seconds = await self._database.as_bot("next_attention")
        return None if seconds is None else timedelta(seconds=seconds)

    async def wake_others(self) -> None:
        await self._database.as_bot("wake_attention", **{"from": self._database.name})

    def woken(self) -> AsyncIterator[None]:
        return self._database.woken()

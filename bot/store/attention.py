"""The queue; its rules are SQL functions in ``migrations/020_claims.sql``."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from bot.models import Chat, Claimed, Lease, PersonId
from bot.store.database import Database
from bot.store.outbox import send_of


class StoredAttention:
    """``ports.Attention``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self,
        *,
        worker: str,
        limit: int,
        lease: timedelta,
        done: Sequence[Lease] = (),
        held: Sequence[Lease] = (),
    ) -> Claimed:
        claimed = await self._database.as_bot(
            "claim_due",
            worker=worker,
            limit=limit,
            lease=lease,
            done=[{"key": over.key, "lease": str(over.id)} for over in done],
            held=[still.key for still in held],
        )
        next_due = claimed["next_due"]
        return Claimed(
            leases=tuple(_lease(row) for row in claimed["leases"]),
            joined=frozenset(UUID(joined) for joined in claimed["joined"]),
            next_due=None if next_due is None else timedelta(seconds=next_due),
        )

    async def beat(self, held: Sequence[Lease], *, lease: timedelta) -> set[UUID]:
        kept = await self._database.as_bot(
            "beat_attention",
            keys=[still.key for still in held],
            leases=[still.id for still in held],
            lease=lease,
        )
        return {UUID(lease_id) for lease_id in kept}

    async def fail(
        self,
        held: Lease,
        *,
        error: str,
        again_in: timedelta,
        most_failures: int | None = None,
        until_cured: bool = False,
    ) -> None:
        await self._database.as_bot(
            "fail_attention",
            key=held.key,
            lease=held.id,
            error=error,
            again=again_in,
            most_failures=most_failures,
            until_cured=until_cured,
        )

    async def wake_others(self) -> None:
        await self._database.as_bot("wake_attention", **{"from": self._database.name})

    def woken(self) -> AsyncIterator[None]:
        return self._database.woken()


def _lease(row: dict[str, Any]) -> Lease:
    person, stopped_for = row.get("person"), row.get("stopped_for")
    return Lease(
        key=row["key"],
        id=UUID(row["lease"]),
        attempts=row["attempts"],
        person=None if person is None else PersonId(UUID(person)),
        bsuid=row.get("bsuid"),
        arrivals=tuple(row.get("arrivals", ())),
        has_more=row.get("has_more", False),
        unsent=tuple(send_of(unsent) for unsent in row.get("unsent", ())),
        chat=Chat(
            stopped_for=None if stopped_for is None else timedelta(seconds=stopped_for),
            is_open=row.get("is_open", True),
            is_unreachable=row.get("is_unreachable", False),
            is_silenced=row.get("is_silenced", False),
        ),
    )

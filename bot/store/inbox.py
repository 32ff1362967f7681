"""The inbox; its rules are ``migrations/023_reports.sql``."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.errors import StoreRejected
from bot.models import StatusReport, Update, Wamid
from bot.store.database import Database

_LANES = 2  # statements that store deliveries at the same time
_LARGEST_BATCH = 500  # updates; a delivery that begins below it still belongs


@dataclass(slots=True, eq=False)
class _Batch:
    """Deliveries that are stored together."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    stored: "asyncio.Task[frozenset[str]] | None" = None  # the keys that were new


class StoredInbox:
    """``ports.Inbox``. What is delivered while the lanes are taken is stored in one statement, so
    that many deliveries at once share a commit; one that comes alone does not wait."""

    def __init__(self, database: Database, *, number: str, longest_wait: timedelta) -> None:
        self._database = database
        self._number = number  # the phone_number_id that the deliveries are for
        self._longest_wait = longest_wait
        self._lanes = asyncio.Semaphore(_LANES)
        self._gathering: _Batch | None = None

    async def take(self, updates: Sequence[tuple[Update, timedelta]]) -> int:
        rows = [_row(update, wait) for update, wait in updates]
        try:
            new = await asyncio.shield(self._stored_with_others(rows))
        except StoreRejected:  # somebody else's update may be to blame
            new = await self._store(rows)
        return len(new.intersection(row["key"] for row in rows))

    def _stored_with_others(self, rows: list[dict[str, Any]]) -> "asyncio.Task[frozenset[str]]":
        batch = self._gathering
        if batch is None or batch.stored is None or len(batch.rows) >= _LARGEST_BATCH:
            batch = self._gathering = _Batch()
            batch.stored = asyncio.create_task(self._store_batch(batch), name="store deliveries")
        batch.rows += rows
        return batch.stored

    async def _store_batch(self, batch: _Batch) -> frozenset[str]:
        async with self._lanes:
            if self._gathering is batch:
                self._gathering = None
            return await self._store(batch.rows)

    async def _store(self, rows: list[dict[str, Any]]) -> frozenset[str]:
        new = await self._database.as_bot(
            "take_delivery", updates=rows, longest=self._longest_wait, number=self._number
        )
        return frozenset(new)

    async def put_aside(self, wamids: Sequence[Wamid]) -> None:
        await self._database.as_bot("put_aside", wamids=list(wamids))


def _row(update: Update, wait: timedelta) -> dict[str, Any]:
    return {
        "key": update.key,
        "kind": update.kind,
        "sender": update.sender.key if update.sender else None,
        "sent_at": update.sent_at.isoformat() if update.sent_at else None,
        "payload": update.payload,
        "wait": wait.total_seconds(),
        "is_said": update.is_said,
        "report": update.report and _report(update.report),
        "rename": update.rename
        and {"previous": update.rename.previous, "current": update.rename.current},
    }


def _report(report: StatusReport) -> dict[str, Any]:
    return {
        "send_id": str(report.send_id) if report.send_id else None,
        "wamid": report.wamid,
        "status": report.status,
        "error_code": report.error_code,
        "error_details": report.error_details,
        "cure": report.cure,
    }

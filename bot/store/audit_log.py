"""What happened to an account; nobody changes it, ``migrations/014_audit_log.sql``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from bot.models import Caller, Event, EventId, EventKind, PersonId
from bot.store.database import Database


class StoredAuditLog:
    """``ports.AuditLog``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, person: PersonId, kind: EventKind, *, about: UUID | None = None) -> None:
        await self._database.as_bot("record_event", person=person, event=kind, about=about)

    async def record_failed_sign_in(self, email: str) -> None:
        await self._database.as_bot("record_failed_sign_in", email=email)

    async def page(self, caller: Caller, *, limit: int, before: EventId | None) -> Sequence[Event]:
        rows = await self._database.as_person(caller, "my_events", limit=limit, before=before)
        return [_event(row) for row in rows]


def _event(row: dict[str, Any]) -> Event:
    return Event(
        id=EventId(row["id"]),
        at=datetime.fromisoformat(row["at"]),
        kind=EventKind(row["event"]),
        about=UUID(row["about"]) if row["about"] else None,
    )

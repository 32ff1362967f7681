"""Everything about a person at once; what belongs to it says ``migrations/015_account.sql``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from bot.errors import NotSignedIn
from bot.models import Caller, Erasure, PersonId, Profile
from bot.store.database import Database


class StoredAccount:
    """``ports.OwnAccount``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def profile(self, caller: Caller) -> Profile:
        found = await self._answer(caller, "my_account")
        return Profile(
            id=PersonId(UUID(found["id"])),
            email=found["email"],
            created_at=datetime.fromisoformat(found["created_at"]),
        )

    async def export(self, caller: Caller) -> Mapping[str, object]:
        return await self._answer(caller, "export_account")

    async def erase(self, caller: Caller) -> Erasure:
        erased = await self._answer(caller, "erase_account")
        return Erasure(deleted=erased["deleted"], events_kept=erased["kept"]["audit_log"])

    async def _answer(self, caller: Caller, function: str) -> dict[str, Any]:
        answer: dict[str, Any] | None = await self._database.as_person(caller, function)
        if answer is None:  # a token may outlive its account
            raise NotSignedIn
        return answer

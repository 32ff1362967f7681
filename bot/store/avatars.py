"""A person's own avatar, under row-level security."""

from datetime import datetime
from typing import Any
from uuid import UUID

from bot.errors import Missing
from bot.models import Avatar, AvatarChanges, AvatarId, Caller, Personality
from bot.store.database import Database, constraints

_FIELDS = {  # by the rules of the table
    "avatars_name_check": "name",
    "avatars_age_check": "age",
    "avatars_oldest_age_check": "age",
    "avatars_physical_description_check": "physical_description",
}


class StoredAvatars:
    """``ports.Avatars``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        caller: Caller,
        *,
        name: str,
        age: int,
        personality: Personality,
        physical_description: str | None,
    ) -> Avatar:
        with constraints(taken="You have an avatar already.", fields=_FIELDS):
            row = await self._database.as_person(
                caller,
                "create_avatar",
                name=name,
                age=age,
                personality=personality,
                physical_description=physical_description,
            )
        return avatar_of(row)

    async def mine(self, caller: Caller) -> Avatar:
        return _existing(await self._database.as_person(caller, "my_avatar"))

    async def change(self, caller: Caller, changes: AvatarChanges) -> Avatar:
        with constraints(fields=_FIELDS):
            row = await self._database.as_person(caller, "change_avatar", changes=dict(changes))
        return _existing(row)

    async def delete(self, caller: Caller) -> None:
        if not await self._database.as_person(caller, "delete_avatar"):
            raise _none_yet()


def avatar_of(row: dict[str, Any]) -> Avatar:
    """Return the avatar in a row of ``avatars``."""
    return Avatar(
        id=AvatarId(UUID(row["id"])),
        name=row["name"],
        age=row["age"],
        personality=Personality(row["personality"]),
        physical_description=row["physical_description"],
        created_at=datetime.fromisoformat(row["created_at"]),
    )


def _existing(row: dict[str, Any] | None) -> Avatar:
    if row is None:
        raise _none_yet()
    return avatar_of(row)


def _none_yet() -> Missing:
    return Missing("You have no avatar yet.")

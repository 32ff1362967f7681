"""A person's own avatar, under row-level security."""

from typing import Any
from uuid import UUID

from asyncpg import Record

from bot.errors import Missing
from bot.models import Avatar, AvatarChanges, AvatarId, Caller, Personality
from bot.store.postgres import Database, constraints, time_of


class PostgresAvatars:
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
        with constraints("You have an avatar already."):
            async with self._database.user_conn(caller.id) as connection:
                row = await connection.fetchrow(
                    "insert into avatars (user_id, name, age, personality, physical_description)"
                    " values ($1, $2, $3, $4, $5) returning *",
                    *(caller.id, name, age, personality, physical_description),
                )
        return _existing(row)

    async def mine(self, caller: Caller) -> Avatar:
        async with self._database.user_conn(caller.id) as connection:
            row = await connection.fetchrow("select * from avatars where user_id = $1", caller.id)
        return _existing(row)

    async def change(self, caller: Caller, changes: AvatarChanges) -> Avatar:
        with constraints("You have an avatar already."):
            async with self._database.user_conn(caller.id) as connection:
                row = await connection.fetchrow(
                    "update avatars set name = coalesce($2, name), age = coalesce($3, age),"
                    " personality = coalesce($4, personality), physical_description ="
                    " case when $5 then $6 else physical_description end"
                    " where user_id = $1 returning *",
                    *(caller.id, *map(changes.get, ("name", "age", "personality"))),
                    *("physical_description" in changes, changes.get("physical_description")),
                )
        return _existing(row)

    async def delete(self, caller: Caller) -> None:
        async with self._database.user_conn(caller.id) as connection:
            row = await connection.fetchrow(
                "delete from avatars where user_id = $1 returning *", caller.id
            )
        _existing(row)


def avatar_of(row: Record | dict[str, Any]) -> Avatar:
    """Return the avatar in a row of ``avatars``, from a statement or from JSON."""
    created_at = row["created_at"]
    return Avatar(
        id=AvatarId(UUID(str(row["id"]))),
        name=row["name"],
        age=row["age"],
        personality=Personality(row["personality"]),
        physical_description=row["physical_description"],
        created_at=time_of(created_at),
    )


def _existing(row: Record | None) -> Avatar:
    if row is None:
        raise Missing("You have no avatar yet.")
    return avatar_of(row)

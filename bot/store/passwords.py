"""Ava's own accounts, where Supabase Auth does not keep them, as service role."""

from uuid import UUID

from bot.models import PersonId
from bot.store.database import Database, constraints


class StoredPasswords:
    """``ports.Passwords``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, email: str, password_hash: str) -> PersonId:
        with constraints("An account with this e-mail exists already."):
            person = await self._database.as_bot(
                "create_account", email=email, password_hash=password_hash
            )
        return PersonId(UUID(person))

    async def find(self, email: str) -> tuple[PersonId, str] | None:
        found = await self._database.as_bot("find_account", email=email)
        return found and (PersonId(UUID(found["user_id"])), found["password_hash"])

"""Passwords of Ava's own accounts, where Supabase Auth does not keep them, as service role."""

from uuid import UUID

from bot.models import PersonId
from bot.random_tokens import hash_of
from bot.store.database import Database, constraints


class StoredPasswords:
    """``ports.Passwords``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, email: str, password_hash: str, refresh_token: str
    ) -> tuple[PersonId, UUID]:
        with constraints(taken="An account with this e-mail exists already."):
            made = await self._database.as_bot(
                "create_account",
                email=email,
                password_hash=password_hash,
                token_hash=hash_of(refresh_token),
            )
        return PersonId(UUID(made["user_id"])), UUID(made["session_id"])

    async def find(self, email: str) -> tuple[PersonId, str] | None:
        found = await self._database.as_bot("find_account", email=email)
        return found and (PersonId(UUID(found["user_id"])), found["password_hash"])

    async def change(self, person: PersonId, password_hash: str, refresh_token: str) -> UUID:
        with constraints():
            session = await self._database.as_bot(
                "change_password_hash",
                person=person,
                password_hash=password_hash,
                token_hash=hash_of(refresh_token),
            )
        return UUID(session)

    async def forget(self, person: PersonId) -> None:
        await self._database.as_bot("forget_account", person=person)

"""Sessions of Ava's own accounts, as service role; of their tokens only hashes are kept."""

from uuid import UUID

from bot.errors import TokenReused
from bot.models import PersonId
from bot.random_tokens import hash_of
from bot.store.database import Database, constraints


class StoredSessions:
    """``ports.Sessions``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self, person: PersonId, refresh_token: str, *, password_hash: str | None = None
    ) -> UUID | None:
        with constraints():
            session = await self._database.as_bot(
                "open_session",
                person=person,
                token_hash=hash_of(refresh_token),
                password_hash=password_hash,
            )
        return None if session is None else UUID(session)

    async def refresh(self, refresh_token: str, successor: str) -> tuple[PersonId, UUID] | None:
        found = await self._database.as_bot(
            "rotate_refresh_token",
            token_hash=hash_of(refresh_token),
            new_hash=hash_of(successor),
        )
        if found is None:
            return None
        person, session = PersonId(UUID(found["user_id"])), UUID(found["session_id"])
        if found["reused"]:
            raise TokenReused(person, session)
        return person, session

    async def end(self, person: PersonId, session: UUID | None, scope: str) -> None:
        await self._database.as_bot("end_sessions", person=person, session=session, scope=scope)

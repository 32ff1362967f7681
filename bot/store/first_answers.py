"""First answers, as ``migrations/017_idempotency.sql`` keeps them."""

from uuid import UUID

from bot.errors import Fault, Invalid, StillRunning
from bot.models import PersonId
from bot.store.database import Database, constraints


class StoredFirstAnswers:
    """``ports.FirstAnswers``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve(
        self, key: str, *, fingerprint: str, holder: UUID, person: PersonId | None
    ) -> str | UUID:
        with constraints():
            found = await self._database.as_bot(
                "reserve_answer", key=key, fingerprint=fingerprint, holder=holder, person=person
            )
        match found["state"]:
            case "yours":
                return UUID(found["first_run"])
            case "answered":
                return str(found["answer"])
            case "other":
                raise Invalid([Fault("Idempotency-Key", "It came with another call before.")])
            case _:
                raise StillRunning("The first call with this Idempotency-Key is not done yet.")

    async def keep(self, key: str, *, holder: UUID, answer: str) -> None:
        await self._database.as_bot("keep_answer", key=key, holder=holder, answer=answer)

    async def release(self, key: str, *, holder: UUID, begun: bool) -> None:
        await self._database.as_bot("release_answer", key=key, holder=holder, begun=begun)

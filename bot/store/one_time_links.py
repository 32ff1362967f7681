"""One-time links, as service role; of their tokens only hashes are kept."""

from collections.abc import Sequence
from uuid import UUID

from bot.models import Account, LinkPurpose, PersonId
from bot.random_tokens import hash_of
from bot.store.database import Database


class StoredOneTimeLinks:
    """``ports.OneTimeLinks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(
        self, email: str, purpose: LinkPurpose, token: str, *, password_hash: str | None = None
    ) -> bool:
        known: bool = await self._database.as_bot(
            "ask_for_link",
            email=email,
            purpose=purpose,
            token_hash=hash_of(token),
            password_hash=password_hash,
        )
        return known

    async def purpose(self, token: str) -> LinkPurpose | None:
        found = await self._database.as_bot("purpose_of_link", token_hash=hash_of(token))
        return None if found is None else LinkPurpose(found)

    async def use(self, token: str, purposes: Sequence[LinkPurpose]) -> Account | None:
        found = await self._database.as_bot(
            "use_link", token_hash=hash_of(token), purposes=list(purposes)
        )
        return found and Account(id=PersonId(UUID(found["user_id"])), email=found["email"])

    async def give_back(self, token: str) -> None:
        await self._database.as_bot("give_back_link", token_hash=hash_of(token))

    async def drop(self, person: PersonId) -> None:
        await self._database.as_bot("drop_links", person=person)

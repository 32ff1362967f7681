"""From a WhatsApp sender to a person, as service role."""

from datetime import datetime
from uuid import UUID

from bot.link_codes import hash_of
from bot.models import PersonId, Sender, Wamid
from bot.phones import spellings
from bot.store.database import Database


class StoredPeople:
    """``ports.People``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recognise(
        self, sender: Sender, *, sent_at: datetime | None = None
    ) -> PersonId | None:
        return _person(
            await self._database.as_bot(
                "recognise", wa_id=sender.wa_id, bsuid=sender.bsuid, sent_at=sent_at
            )
        )

    async def moved(self, former: Sender, new: Sender, sent_at: datetime | None) -> PersonId | None:
        return _person(
            await self._database.as_bot(
                "change_number",
                former_wa_id=former.wa_id,
                former_bsuid=former.bsuid,
                wa_id=new.wa_id,
                bsuid=new.bsuid,
                sent_at=sent_at,
            )
        )

    async def redeem(self, code: str, sender: Sender, wamid: Wamid) -> PersonId | None:
        if not sender.wa_id:
            return None  # without a number there is nothing that the code could prove
        return _person(
            await self._database.as_bot(
                "redeem_link_code",
                code_hash=hash_of(code),
                spellings=spellings(sender.wa_id),
                bsuid=sender.bsuid,
                wamid=wamid,
            )
        )


def _person(found: str | None) -> PersonId | None:
    return None if found is None else PersonId(UUID(found))

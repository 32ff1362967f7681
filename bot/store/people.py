"""From a WhatsApp sender to a person, as service role."""

from bot.link_codes import hash_of
from bot.models import PersonId, Sender, Wamid
from bot.phones import spellings
from bot.store.postgres import Database

FIND_BY_PHONE = (
    "select user_id from user_preferences"
    " where whatsapp_phone = any ($1) and whatsapp_phone is not null"
    " order by whatsapp_phone = $2 desc limit 1"
)


class PostgresPeople:
    """``ports.People``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, sender: Sender) -> PersonId | None:
        async with self._database.system_conn() as connection:
            if sender.wa_id:
                numbers = spellings(sender.wa_id)
                person = await connection.fetchval(FIND_BY_PHONE, numbers, numbers[0])
            else:
                person = await connection.fetchval(
                    "select user_id from whatsapp_identities where bsuid = $1", sender.bsuid
                )
        return None if person is None else PersonId(person)

    async def redeem(self, code: str, sender: Sender, wamid: Wamid) -> PersonId | None:
        if not sender.wa_id:
            return None  # without a number there is nothing that the code could prove
        async with self._database.system_conn() as connection:
            person = await connection.fetchval(
                "select redeem_link_code($1, $2, $3, $4)",
                *(hash_of(code), spellings(sender.wa_id), sender.bsuid, wamid),
            )
        return None if person is None else PersonId(person)

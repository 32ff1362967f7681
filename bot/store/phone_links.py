"""A person's own WhatsApp number, under row-level security."""

from datetime import datetime

from bot.link_codes import hash_of
from bot.models import Caller, PendingPhone, Phone, Preferences
from bot.store.postgres import Database, living_account


class PostgresPhoneLinks:
    """``ports.PhoneLinks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preferences(self, caller: Caller) -> Preferences:
        async with self._database.user_conn(caller.id) as connection:
            rows = await connection.fetch(
                "select p.whatsapp_phone, c.phone, c.expires_at from (select $1::uuid as id) me"
                " left join user_preferences p on p.user_id = me.id"
                " left join link_codes c on c.user_id = me.id",
                caller.id,
            )
        linked, pending, expires_at = rows[0]
        return Preferences(
            whatsapp_phone=linked,
            pending=PendingPhone(phone=pending, expires_at=expires_at) if pending else None,
        )

    async def request(self, caller: Caller, phone: Phone, code: str) -> datetime:
        with living_account():
            async with self._database.user_conn(caller.id) as connection:
                expires_at: datetime = await connection.fetchval(
                    "select request_link($1, $2)", phone, hash_of(code)
                )
        return expires_at

    async def unlink(self, caller: Caller) -> None:
        async with self._database.user_conn(caller.id) as connection:
            await connection.execute("select unlink_phone()")

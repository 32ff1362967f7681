"""A person's own WhatsApp number, under row-level security."""

from datetime import datetime

from bot.models import Caller, LinkCode, PendingPhone, Phone, Preferences
from bot.store.database import Database, constraints


class StoredPhoneLinks:
    """``ports.PhoneLinks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preferences(self, caller: Caller) -> Preferences:
        found = await self._database.as_person(caller, "my_preferences")
        pending = found["pending"]
        return Preferences(
            whatsapp_phone=found["whatsapp_phone"],
            pending=pending
            and PendingPhone(
                phone=pending["phone"], expires_at=datetime.fromisoformat(pending["expires_at"])
            ),
        )

    async def request(self, caller: Caller, phone: Phone) -> LinkCode:
        with constraints(fields={"link_codes_phone_check": "phone"}):
            made = await self._database.as_person(caller, "request_link", phone=phone)
        return LinkCode(
            phone=phone,
            code=made["code"],
            expires_at=datetime.fromisoformat(made["expires_at"]),
        )

    async def unlink(self, caller: Caller) -> None:
        await self._database.as_person(caller, "unlink_phone")

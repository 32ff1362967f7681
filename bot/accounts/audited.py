"""Accounts of which everything that happens is kept.

What happens to phones and avatars is recorded where it happens, ``migrations/014_audit_log.sql``.
"""

from bot.accounts.ports import Accounts, Scope, Session
from bot.errors import TokenReused, WrongCredentials
from bot.models import Account, Caller, EventKind, PersonId
from bot.store.ports import Trail


class AuditedAccounts:
    """``ports.Accounts`` around another. What cannot be recorded is not answered either."""

    def __init__(self, accounts: Accounts, trail: Trail) -> None:
        self._accounts = accounts
        self._trail = trail

    async def sign_up(self, email: str, password: str, *, address: str) -> Session | None:
        session = await self._accounts.sign_up(email, password, address=address)
        if session:
            await self._trail.record(session.person, EventKind.SIGNED_UP)
        return session

    async def sign_in(self, email: str, password: str, *, address: str) -> Session:
        try:
            session = await self._accounts.sign_in(email, password, address=address)
        except WrongCredentials:
            await self._trail.record_failed_sign_in(email)
            raise
        await self._trail.record(session.person, EventKind.SIGNED_IN)
        return session

    async def refresh(self, refresh_token: str, *, address: str) -> Session:
        try:
            return await self._accounts.refresh(refresh_token, address=address)
        except TokenReused as reused:
            person = PersonId(reused.person)
            await self._trail.record(person, EventKind.SESSION_REUSED, about=reused.session)
            raise

    async def sign_out(self, caller: Caller, scope: Scope) -> None:
        await self._accounts.sign_out(caller, scope)
        await self._trail.record(caller.id, EventKind.SIGNED_OUT, about=caller.session)

    async def open(self, account: Account) -> Session:
        session = await self._accounts.open(account)
        await self._trail.record(account.id, EventKind.SIGNED_IN)
        return session

    async def change_password(self, account: Account, password: str) -> Session:
        session = await self._accounts.change_password(account, password)
        await self._trail.record(account.id, EventKind.PASSWORD_CHANGED)
        return session

    async def delete(self, person: PersonId) -> None:
        await self._accounts.delete(person)

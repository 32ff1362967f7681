"""Accounts of which everything that happens is kept.

What happens to phones and avatars is recorded where it happens, ``migrations/014_audit_log.sql``;
so is a sign-up that a link confirms, ``migrations/013_one_time_links.sql``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.accounts.ports import Accounts, Scope, Session
from bot.errors import TokenReused, WrongCredentials
from bot.models import Account, Caller, EventKind, PersonId
from bot.store.ports import AuditLog


class AuditedAccounts:
    """``ports.Accounts`` around another. What cannot be recorded is not answered either."""

    def __init__(self, accounts: Accounts, audit_log: AuditLog) -> None:
        self._accounts = accounts
        self._audit_log = audit_log

    async def sign_up(self, email: str, password: str, *, address: str) -> Session | None:
        session = await self._accounts.sign_up(email, password, address=address)
        if session:
            await self._audit_log.record(session.person, EventKind.SIGNED_UP)
        return session

    async def sign_in(self, email: str, password: str, *, address: str) -> Session:
        async with self._failure_recorded(email):
            session = await self._accounts.sign_in(email, password, address=address)
        await self._audit_log.record(session.person, EventKind.SIGNED_IN)
        return session

    async def refresh(self, refresh_token: str, *, address: str) -> Session:
        try:
            return await self._accounts.refresh(refresh_token, address=address)
        except TokenReused as reused:
            person = PersonId(reused.person)
            await self._audit_log.record(person, EventKind.SESSION_REUSED, about=reused.session)
            raise

    async def sign_out(self, caller: Caller, scope: Scope) -> None:
        await self._accounts.sign_out(caller, scope)
        await self._audit_log.record(caller.id, EventKind.SIGNED_OUT, about=caller.session)

    async def open(self, account: Account, *, address: str) -> Session:
        session = await self._accounts.open(account, address=address)
        await self._audit_log.record(account.id, EventKind.SIGNED_IN)
        return session

    async def check_password(self, account: Account, password: str, *, address: str) -> None:
        """A wrong one is a failed sign-in: somebody guesses. A right one is none."""
        async with self._failure_recorded(account.email):
            await self._accounts.check_password(account, password, address=address)

    async def change_password(self, account: Account, password: str, *, address: str) -> Session:
        session = await self._accounts.change_password(account, password, address=address)
        await self._audit_log.record(account.id, EventKind.PASSWORD_CHANGED)
        return session

    async def delete(self, person: PersonId) -> None:
        await self._accounts.delete(person)

    @asynccontextmanager
    async def _failure_recorded(self, email: str) -> AsyncIterator[None]:
        try:
            yield
        except WrongCredentials:
            await self._audit_log.record_failed_sign_in(email)
            raise

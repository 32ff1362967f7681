"""Ava's own accounts, for operators without Supabase Auth."""

from uuid import UUID

from bot import random_tokens
from bot.accounts.hashing import Hashing
from bot.accounts.links import Links
from bot.accounts.passwords import check_strength
from bot.accounts.ports import Scope, Session
from bot.accounts.tokens import LIFETIME, OwnTokens
from bot.errors import NotSignedIn, WrongCredentials
from bot.models import Account, Caller, PersonId
from bot.store.ports import Passwords, Sessions


class OwnAccounts:
    """``ports.Accounts`` on our own tables.

    confirmation: makes an account once a link in an e-mail was used; None: a sign-up makes it.
    """

    def __init__(
        self,
        passwords: Passwords,
        sessions: Sessions,
        tokens: OwnTokens,
        *,
        hashing: Hashing,
        confirmation: Links | None,
    ) -> None:
        self._passwords = passwords
        self._sessions = sessions
        self._tokens = tokens
        self._hashing = hashing
        self._confirmation = confirmation

    async def sign_up(self, email: str, password: str, *, address: str) -> Session | None:  # noqa: ARG002 - our limits are elsewhere
        check_strength(email, password)
        password_hash = await self._hashing.hash_of(password)
        if self._confirmation is not None:
            await self._confirmation.ask_to_confirm(email, password_hash)
            return None
        refresh_token = random_tokens.new_token()
        person, session = await self._passwords.create(email, password_hash, refresh_token)
        return self._session(person, session, refresh_token)

    async def sign_in(self, email: str, password: str, *, address: str) -> Session:  # noqa: ARG002
        person, password_hash = await self._proven(email, password)
        refresh_token = random_tokens.new_token()
        session = await self._sessions.open(person, refresh_token, password_hash=password_hash)
        if session is None:  # it was changed while we compared
            raise WrongCredentials
        return self._session(person, session, refresh_token)

    async def refresh(self, refresh_token: str, *, address: str) -> Session:  # noqa: ARG002
        successor = random_tokens.new_token()
        found = await self._sessions.refresh(refresh_token, successor)
        if found is None:
            raise NotSignedIn
        return self._session(*found, successor)

    async def sign_out(self, caller: Caller, scope: Scope) -> None:
        await self._sessions.end(caller.id, caller.session, scope)

    async def open(self, account: Account, *, address: str) -> Session:  # noqa: ARG002
        refresh_token = random_tokens.new_token()
        session = await self._sessions.open(account.id, refresh_token)
        if session is None:
            raise NotSignedIn
        return self._session(account.id, session, refresh_token)

    async def check_password(self, account: Account, password: str, *, address: str) -> None:  # noqa: ARG002
        person, _ = await self._proven(account.email, password)
        if person != account.id:
            raise WrongCredentials

    async def change_password(self, account: Account, password: str, *, address: str) -> Session:  # noqa: ARG002
        check_strength(account.email, password)
        password_hash = await self._hashing.hash_of(password)
        refresh_token = random_tokens.new_token()
        session = await self._passwords.change(account.id, password_hash, refresh_token)
        return self._session(account.id, session, refresh_token)

    async def delete(self, person: PersonId) -> None:
        await self._passwords.forget(person)

    async def _proven(self, email: str, password: str) -> tuple[PersonId, str]:
        person, password_hash = await self._passwords.find(email) or (None, None)
        fits = await self._hashing.fits(password, password_hash)
        if person is None or password_hash is None or not fits:
            raise WrongCredentials
        return person, password_hash

    def _session(self, person: PersonId, session: UUID, refresh_token: str) -> Session:
        return Session(
            person=person,
            access_token=self._tokens.issue(person, session),
            expires_in=LIFETIME,
            refresh_token=refresh_token,
        )

"""Ava's own accounts, for operators without Supabase Auth: argon2id hashes, made off the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.accounts.ports import Session
from bot.accounts.tokens import LIFETIME, OwnTokens
from bot.errors import Fault, Invalid, Unavailable, WrongCredentials
from bot.models import PersonId
from bot.store.ports import Passwords

_SHORTEST, _LONGEST = 8, 72  # characters; 72 is what Supabase Auth takes
_HASHES_AT_ONCE = 2  # each takes 64 MiB and tens of milliseconds of a core

_MOST_WAITING = 40  # for about a second

_Answer = TypeVar("_Answer")

# Long enough and yet the first ones to be tried.
_COMMON = frozenset(
    (
        "12345678",
        "123456789",
        "1234567890",
        "password",
        "password1",
        "password123",
        "passw0rd",
        "qwertyuiop",
        "qwerty123",
        "iloveyou",
        "1q2w3e4r",
        "abcd1234",
        "sunshine",
        "princess",
        "football",
        "baseball",
        "superman",
        "letmein1",
        "trustno1",
        "welcome1",
        "starwars",
        "whatever",
        "computer",
    )
)


class OwnAccounts:
    """``ports.Accounts`` on our own tables. Close it at the end."""

    def __init__(
        self, passwords: Passwords, tokens: OwnTokens, hasher: PasswordHasher | None = None
    ) -> None:
        self._passwords = passwords
        self._tokens = tokens
        self._hasher = hasher or PasswordHasher()
        self._threads = ThreadPoolExecutor(_HASHES_AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobody = self._hasher.hash("the password of nobody")

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    async def sign_up(self, email: str, password: str) -> Session:
        if fault := _weakness(email, password):
            raise Invalid([Fault("password", fault)])
        password_hash = await self._hashed(self._hasher.hash, password)
        return self._session(await self._passwords.create(email, password_hash))

    async def sign_in(self, email: str, password: str) -> Session:
        account = await self._passwords.find(email)
        person, password_hash = account or (None, self._nobody)  # a hash to check in either case
        right = await self._hashed(self._matches, password_hash, password)
        if person is None or not right:
            raise WrongCredentials
        return self._session(person)

    async def _hashed(self, work: Callable[..., _Answer], *arguments: str) -> _Answer:
        """Return what *work* returns, off the loop; turn people away before they wait for long."""
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("too many sign-ins at once")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1

    def _session(self, person: PersonId) -> Session:
        token = self._tokens.issue(person)
        return Session(person=person, access_token=token, expires_in=LIFETIME)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _weakness(email: str, password: str) -> str | None:
    if not _SHORTEST <= len(password) <= _LONGEST:
        return f"Use {_SHORTEST} to {_LONGEST} characters."
    if password.lower() in _COMMON or len(set(password)) == 1:
        return "This is one of the first passwords that people try."
    if password.lower() in (email, email.partition("@")[0]):
        return "Do not use your e-mail as your password."
    return None

"""Passwords as argon2id hashes, made and compared off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.errors import Unavailable

# OWASP's first choice; a quarter of the work of argon2's own defaults, which would take a core
# from everybody else for longer: https://cheatsheetseries.owasp.org
_HASHER = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)  # KiB
_AT_ONCE = 2
_MOST_WAITING = 40  # for a second or two

_Answer = TypeVar("_Answer")


class Hashing:
    """Turns people away before they wait for long (Unavailable). Close it at the end."""

    def __init__(self, hasher: PasswordHasher = _HASHER) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0
        self._nobodys = self._hasher.hash("the password of nobody")

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    async def hash_of(self, password: str) -> str:
        return await self._off_the_loop(self._hasher.hash, password)

    async def fits(self, password: str, password_hash: str | None) -> bool:
        """None never fits, and takes as long as any other hash."""
        compared = self._nobodys if password_hash is None else password_hash
        fits = await self._off_the_loop(self._matches, compared, password)
        return fits and password_hash is not None

    async def _off_the_loop(self, work: Callable[..., _Answer], *arguments: str) -> _Answer:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("too many sign-ins at once")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

"""A database of its own for each test that wants one, and argon2 that costs next to nothing."""

import threading
from collections.abc import AsyncIterator, Iterator
from typing import Literal

import asyncpg
import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from asyncpg import Connection
from pydantic import SecretStr

from bot.accounts.hashing import Hashing
from bot.accounts.own import OwnAccounts
from bot.accounts.tokens import OwnTokens
from bot.store.passwords import StoredPasswords
from bot.store.postgres import PostgresDatabase
from bot.store.sessions import StoredSessions
from tests.accounts.attacks import SECRET


class CheapHasher(PasswordHasher):
    """Remembers what was compared, and what came of it; compares nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[str] = []
        self.let_go = threading.Event()
        self.let_go.set()

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's
        self.let_go.wait()
        try:
            super().verify(hash, password)
        except VerifyMismatchError:
            self.compared.append("differs")
            raise
        self.compared.append("fits")
        return True


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    """The database past row-level security, for looks and time travel."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(database_url, size=4)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def hasher() -> CheapHasher:
    return CheapHasher()


@pytest.fixture
def hashing(hasher: CheapHasher) -> Iterator[Hashing]:
    hashing = Hashing(hasher)
    yield hashing
    hasher.let_go.set()
    hashing.close()


@pytest.fixture
def accounts(database: PostgresDatabase, hashing: Hashing) -> OwnAccounts:
    return OwnAccounts(
        StoredPasswords(database),
        StoredSessions(database),
        OwnTokens(SecretStr(SECRET)),
        hashing=hashing,
        confirmation=None,
    )

"""Ava's own accounts, without a database."""

import uuid
from collections.abc import Iterator
from typing import Literal

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from pydantic import SecretStr

from bot.accounts.own import OwnAccounts
from bot.accounts.tokens import OwnTokens
from bot.errors import Conflict, Invalid, WrongCredentials
from bot.models import PersonId
from tests.accounts.attacks import SECRET

PASSWORD = "correct horse battery"


class Passwords:
    """``store.ports.Passwords`` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[PersonId, str]] = {}

    async def create(self, email: str, password_hash: str) -> PersonId:
        if email in self.kept:
            raise Conflict("An account with this e-mail exists already.")
        self.kept[email] = PersonId(uuid.uuid4()), password_hash
        return self.kept[email][0]

    async def find(self, email: str) -> tuple[PersonId, str] | None:
        return self.kept.get(email)


class CheapHasher(PasswordHasher):
    """argon2 with the least that it takes; remembers what was compared, and what came of it."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.compared: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's
        try:
            super().verify(hash, password)
        except VerifyMismatchError:
            self.compared.append("differs")
            raise
        self.compared.append("fits")
        return True


@pytest.fixture
def passwords() -> Passwords:
    return Passwords()


@pytest.fixture
def hasher() -> CheapHasher:
    return CheapHasher()


@pytest.fixture
def accounts(passwords: Passwords, hasher: CheapHasher) -> Iterator[OwnAccounts]:
    accounts = OwnAccounts(passwords, OwnTokens(SecretStr(SECRET)), hasher)
    yield accounts
    accounts.close()


async def test_who_signed_up_can_sign_in(accounts: OwnAccounts) -> None:
    signed_up = await accounts.sign_up("ada@example.com", PASSWORD)

    signed_in = await accounts.sign_in("ada@example.com", PASSWORD)

    assert signed_in.person == signed_up.person
    assert signed_in.access_token not in repr(signed_in)


async def test_a_password_is_compared_for_an_unknown_email_as_for_a_known_one(
    accounts: OwnAccounts, hasher: CheapHasher
) -> None:
    await accounts.sign_up("ada@example.com", PASSWORD)

    for email in "ada@example.com", "nobody@example.com":
        with pytest.raises(WrongCredentials):
            await accounts.sign_in(email, "a wrong password")

    assert hasher.compared == ["differs", "differs"]


async def test_no_password_opens_an_account_that_does_not_exist(accounts: OwnAccounts) -> None:
    for password in "the password of nobody", PASSWORD, "":
        with pytest.raises(WrongCredentials):
            await accounts.sign_in("nobody@example.com", password)


async def test_a_hash_that_cannot_be_read_opens_nothing(
    accounts: OwnAccounts, passwords: Passwords
) -> None:
    for broken in "", "!", "$argon2id$", PASSWORD:
        passwords.kept["ada@example.com"] = PersonId(uuid.uuid4()), broken

        with pytest.raises(WrongCredentials):
            await accounts.sign_in("ada@example.com", PASSWORD)


async def test_passwords_are_kept_as_salted_argon2id_hashes(passwords: Passwords) -> None:
    accounts = OwnAccounts(passwords, OwnTokens(SecretStr(SECRET)))
    await accounts.sign_up("ada@example.com", PASSWORD)
    await accounts.sign_up("ben@example.com", PASSWORD)
    accounts.close()

    (_, ada), (_, ben) = passwords.kept.values()

    assert ada.startswith("$argon2id$")
    assert ada != ben
    assert PASSWORD not in ada


@pytest.mark.parametrize(
    "password",
    [
        "1234567",
        "x" * 73,
        "password",
        "PassWord123",
        "aaaaaaaaaaaa",
        "        ",
        "ada.lovelace",
        "Ada.Lovelace@example.com",
    ],
)
async def test_a_weak_password_is_refused_and_nothing_is_kept(
    accounts: OwnAccounts, passwords: Passwords, password: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await accounts.sign_up("ada.lovelace@example.com", password)

    assert [fault.field for fault in refused.value.faults] == ["password"]
    assert passwords.kept == {}


@pytest.mark.parametrize(
    "password", ["8 chars!", "x" * 36 + "y" * 36, "пароль из слов", "🐘🦒🐘🦒🐘🦒🐘🦒"]
)
async def test_any_other_password_will_do(accounts: OwnAccounts, password: str) -> None:
    await accounts.sign_up("ada@example.com", password)

    assert await accounts.sign_in("ada@example.com", password)

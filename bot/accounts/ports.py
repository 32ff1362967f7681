"""What Ava asks of whoever keeps the accounts."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bot.models import Account, Caller, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person has signed in. expires_in: seconds, of the access token.

    refresh_token: good for one new session; once used, it is another one.
    """

    person: PersonId
    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(repr=False)


class Scope(StrEnum):
    """Which sessions of a person end."""

    THIS = "this"
    OTHERS = "others"
    ALL = "all"


class Accounts(Protocol):
    """Sign-up and sign-in by e-mail (lower case) and password.

    address: the client's IP address, for limits that the keeper sets by itself.
    """

    async def sign_up(self, email: str, password: str, *, address: str) -> Session | None:
        """None: an e-mail tells how to go on, and nobody learns whether the e-mail was known.

        Otherwise raise Conflict when it is taken. Raise Invalid when the password is weak.
        """

    async def sign_in(self, email: str, password: str, *, address: str) -> Session:
        """Raise WrongCredentials, after the same time for an unknown e-mail."""

    async def refresh(self, refresh_token: str, *, address: str) -> Session:
        """Raise NotSignedIn for a token that is unknown or ended; one used twice ends its session.

        A moment's grace covers a client that did not hear the first answer.
        """

    async def sign_out(self, caller: Caller, scope: Scope) -> None:
        """Let no refresh token of these sessions work any more."""

    async def open(self, account: Account, *, address: str) -> Session:
        """Sign in somebody who has proved by a link that the e-mail is theirs."""

    async def check_password(self, account: Account, password: str, *, address: str) -> None:
        """Raise WrongCredentials unless it is theirs."""

    async def change_password(self, account: Account, password: str, *, address: str) -> Session:
        """End every session, and return a new one. Raise Invalid when the password is weak."""

    async def delete(self, person: PersonId) -> None:
        """Forget that there was an account; what belonged to it is gone, and it may be as well."""


class Tokens(Protocol):
    """Access tokens."""

    async def verify(self, token: str) -> Caller:
        """Raise NotSignedIn for a token that is expired, forged or not ours."""

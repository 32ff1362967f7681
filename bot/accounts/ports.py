"""What Ava asks of whoever keeps the accounts."""

from dataclasses import dataclass, field
from typing import Protocol

from bot.models import Caller, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person has signed in. expires_in: seconds."""

    person: PersonId
    access_token: str = field(repr=False)
    expires_in: int


class Accounts(Protocol):
    """Sign-up and sign-in by e-mail and password."""

    async def sign_up(self, email: str, password: str) -> Session:
        """Raise Conflict when the e-mail is taken, Invalid when the password is weak."""

    async def sign_in(self, email: str, password: str) -> Session:
        """Raise WrongCredentials, after the same time for an unknown e-mail."""


class Tokens(Protocol):
    """Access tokens."""

    async def verify(self, token: str) -> Caller:
        """Raise NotSignedIn for a token that is expired, forged or not ours."""

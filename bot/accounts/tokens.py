"""What every access token has to prove, and the tokens of Ava's own accounts (HS256).

python-jose checks only what it is told to; all of that is told here, for every kind of token.
"""

import re
import time
from collections.abc import Mapping
from uuid import UUID

from jose import JOSEError, jwk, jwt
from jose.backends.base import Key
from pydantic import SecretStr

from bot.errors import NotSignedIn
from bot.models import Caller, PersonId

LIFETIME = 3600  # seconds

_ISSUER = "ava"
_AUDIENCE = "authenticated"  # also the role, as Supabase has it
_LONGEST = 8192  # characters; longer ones are not parsed
_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # python-jose overlooks everything else
# python-jose takes a token without these unless told otherwise.
_REQUIRED = {f"require_{claim}": True for claim in ("exp", "iat", "aud", "iss", "sub")}
# What python-jose raises for a token that somebody made up.
_NONSENSE = (
    JOSEError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)


class OwnTokens:
    """``ports.Tokens``, and the other half: issuing them."""

    def __init__(self, secret: SecretStr) -> None:
        self._key = shared_key(secret)

    def issue(self, person: PersonId, session: UUID) -> str:
        """Return a token that proves for ``LIFETIME`` seconds who *person* is."""
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(person),
            "role": _AUDIENCE,
            "session_id": str(session),
            "iat": now,
            "exp": now + LIFETIME,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")

    async def verify(self, token: str) -> Caller:
        unverified_header(token)
        return proven(token, key=self._key, algorithm="HS256", issuer=_ISSUER)


# --- every kind of token --------------------------------------------------------------------


def shared_key(secret: SecretStr) -> Key:
    """Return the key of HS256. A key, not a text: python-jose reads a text as JSON if it can."""
    if not secret.get_secret_value():
        raise ValueError("python-jose would sign and accept with an empty secret")
    return jwk.construct(secret.get_secret_value(), "HS256")


def unverified_header(token: str) -> Mapping[str, object]:
    """Return what *token* says of itself, to choose the key by; raise NotSignedIn for no token."""
    if len(token) > _LONGEST or not _SHAPE.fullmatch(token):
        raise NotSignedIn
    try:
        header = jwt.get_unverified_header(token)
    except _NONSENSE as exc:
        raise NotSignedIn from exc
    if "crit" in header:  # it must be refused by whoever does not know what it asks for
        raise NotSignedIn
    return header


def proven(token: str, *, key: Key, algorithm: str, issuer: str, leeway: int = 0) -> Caller:
    """Return whom *token* names; raise NotSignedIn unless all of it is right.

    leeway: seconds by which the clock of whoever issued it may differ from ours.
    """
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=_AUDIENCE,
            issuer=issuer,
            options=_REQUIRED | {"leeway": leeway},
        )
        person = PersonId(UUID(claims["sub"]))
        session = UUID(claims["session_id"]) if "session_id" in claims else None
    except _NONSENSE as exc:
        raise NotSignedIn from exc
    if claims.get("role") != _AUDIENCE or claims.get("is_anonymous"):
        raise NotSignedIn
    return Caller(id=person, token=token, session=session)

"""Access tokens of Ava's own accounts: HS256, by python-jose with every check switched on."""

import re
import time
from uuid import UUID

from jose import JOSEError, jwt
from pydantic import SecretStr

from bot.errors import NotSignedIn
from bot.models import Caller, PersonId

LIFETIME = 3600  # seconds

_ALGORITHM = "HS256"
_ISSUER = "ava"
_AUDIENCE = "authenticated"
_LONGEST = 8192  # characters; longer ones are not parsed
_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # python-jose overlooks everything else
# python-jose takes a token without these unless told otherwise.
_REQUIRED = {f"require_{claim}": True for claim in ("exp", "iat", "aud", "iss", "sub")}


class OwnTokens:
    """``ports.Tokens``, and the other half: issuing them."""

    def __init__(self, secret: SecretStr) -> None:
        if not secret.get_secret_value():
            raise ValueError("python-jose would sign and accept with an empty secret")
        self._secret = secret

    def issue(self, person: PersonId) -> str:
        """Return a token that proves for ``LIFETIME`` seconds who *person* is."""
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(person),
            "role": _AUDIENCE,
            "iat": now,
            "exp": now + LIFETIME,
        }
        return jwt.encode(claims, self._secret.get_secret_value(), algorithm=_ALGORITHM)

    async def verify(self, token: str) -> Caller:
        if len(token) > _LONGEST or not _SHAPE.fullmatch(token):
            raise NotSignedIn
        try:
            claims = jwt.decode(
                token,
                self._secret.get_secret_value(),
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options=_REQUIRED,
            )
            return Caller(id=PersonId(UUID(claims["sub"])), token=token)
        except (
            JOSEError,
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            OverflowError,
            RecursionError,
        ) as exc:
            raise NotSignedIn from exc

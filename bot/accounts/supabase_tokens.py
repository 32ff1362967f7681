"""Access tokens that Supabase Auth issued, checked here without asking it each time."""

import time
from collections.abc import Callable

import httpx
from jose.backends.base import Key
from pydantic import SecretStr

from bot.accounts.public_keys import PublicKeys
from bot.accounts.tokens import proven, shared_key, unverified_header
from bot.errors import NotSignedIn
from bot.models import Caller

_LEEWAY = 10  # seconds


class SupabaseTokens:
    """``ports.Tokens`` of one project.

    legacy_secret: only of a project that still signs with it; without one, HS256 proves nothing.
    """

    def __init__(
        self,
        supabase_url: str,
        http: httpx.AsyncClient,
        *,
        legacy_secret: SecretStr | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = f"{supabase_url.rstrip('/')}/auth/v1"
        self._keys = PublicKeys(f"{self._issuer}/.well-known/jwks.json", http, clock=clock)
        self._legacy_key = None if legacy_secret is None else shared_key(legacy_secret)

    async def verify(self, token: str) -> Caller:
        """Raise KeysUnavailable while nobody can say who signed *token*."""
        header = unverified_header(token)
        algorithm = header.get("alg")
        match algorithm:
            case "ES256" | "RS256":
                key = await self._public_key(str(algorithm), header.get("kid"))
            case "HS256" if self._legacy_key:
                key = self._legacy_key
            case _:
                raise NotSignedIn
        return proven(token, key=key, algorithm=str(algorithm), issuer=self._issuer, leeway=_LEEWAY)

    async def _public_key(self, algorithm: str, name: object) -> Key:
        """Return the key of this name if it is for this algorithm; the token has no say in that."""
        found = await self._keys.find(name) if isinstance(name, str) else None
        if found is None or found.algorithm != algorithm:
            raise NotSignedIn
        return found.key

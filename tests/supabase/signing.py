"""Keys and tokens: ES256 with a rotating key set as new projects have it, or the legacy HS256."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jose import JOSEError, jwk, jwt
from jose.backends.base import Key

Algorithm = Literal["ES256", "HS256"]

# What python-jose raises beside its own over tokens that somebody made up.
_STUMBLES = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    OverflowError,
    RecursionError,
)
_NEVER = 4102444800  # the year 2100, where the legacy keys of a project end too


@dataclass(frozen=True, slots=True, kw_only=True)
class _KeyPair:
    id: str
    private: Key
    public: Key
    published: dict[str, Any]


class Signer:
    """Signs and verifies as the project does; what it ever signed stays valid until revoked."""

    def __init__(self, algorithm: Algorithm, secret: str) -> None:
        self.algorithm = algorithm
        self.secret = secret
        self._pairs: dict[str, _KeyPair] = {}
        self._current = self._new_pair()

    def rotate(self, *, revoke: bool = False) -> None:
        """Sign with a new key from now on; *revoke* the ones before it, too."""
        if revoke:
            self._pairs.clear()
        self._current = self._new_pair()

    def published(self) -> list[dict[str, Any]]:
        if self.algorithm == "HS256":
            return []
        return [pair.published for pair in self._pairs.values()]

    def sign(self, claims: dict[str, Any]) -> str:
        if self.algorithm == "HS256":
            return jwt.encode(claims, self.secret, algorithm="HS256")
        pair = self._current
        return jwt.encode(claims, pair.private, algorithm="ES256", headers={"kid": pair.id})

    def verify(self, token: str, *, leeway: int = 0) -> dict[str, Any]:
        """Return the claims; raise JOSEError. Nobody but the client looks at the audience."""
        options = {"verify_aud": False, "leeway": leeway}
        try:
            pair = self._pairs.get(str(jwt.get_unverified_header(token).get("kid")))
            key, algorithm = (pair.public, "ES256") if pair else (self.secret, "HS256")
            return jwt.decode(token, key, algorithms=[algorithm], options=options)
        except _STUMBLES as exc:
            raise JOSEError from exc

    def legacy_key(self, role: str) -> str:
        """Return an API key of the old kind, which is a token without a person."""
        claims = {"iss": "supabase", "ref": "standin", "role": role, "iat": 1, "exp": _NEVER}
        return jwt.encode(claims, self.secret, algorithm="HS256")

    def _new_pair(self) -> _KeyPair:
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        key = jwk.construct(pem.decode(), "ES256")
        pair = _KeyPair(id=str(uuid4()), private=key, public=key.public_key(), published={})
        pair.published.update(
            pair.public.to_dict(),
            kid=pair.id,
            use="sig",
            key_ops=["verify"],
            ext=True,
        )
        self._pairs[pair.id] = pair
        return pair

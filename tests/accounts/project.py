"""A Supabase project as far as its access tokens go: keys, and the list of the public ones."""

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jose import jwk, jwt

from tests.accounts.attacks import claims

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SigningKey:
    """One key of a project; the public half goes into the list."""

    def __init__(self, kid: str, algorithm: str = "ES256") -> None:
        self.kid = kid
        self.algorithm = algorithm
        self._private = _generated(kid, algorithm[:2])
        self._signing = jwk.construct(self._pem(), algorithm)  # read once, that takes a moment too

    def sign(self, payload: dict[str, Any], **header: Any) -> str:
        named = {"kid": self.kid} | header
        return jwt.encode(payload, self._signing, self.algorithm, headers=named)

    def _pem(self) -> str:
        return self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    def public(self, encoding: serialization.Encoding) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._private.public_key().public_bytes(encoding, form)

    def listed(self, **changes: Any) -> dict[str, Any]:
        """What the list says of it."""
        pem = self.public(serialization.Encoding.PEM).decode()
        numbers = {
            name: value.decode() if isinstance(value, bytes) else value
            for name, value in jwk.construct(pem, self.algorithm).to_dict().items()
        }
        return numbers | {"kid": self.kid, "use": "sig", "key_ops": ["verify"]} | changes


class Project:
    """Lists its public keys at the usual place, unless *answer* says something else."""

    def __init__(self, *keys: SigningKey) -> None:
        self.url = ""  # known once it is served
        self.keys = list(keys)
        self.asked = 0
        self.answer: Handler | None = None
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.called = asyncio.Event()

    @property
    def issuer(self) -> str:
        return f"{self.url}/auth/v1"

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.get("/auth/v1/.well-known/jwks.json", self._list)])
        return app

    def token(self, person: object, *, by: SigningKey | None = None, **changes: Any) -> str:
        return (by or self.keys[0]).sign(claims(str(person), issuer=self.issuer, **changes))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        self.called.set()
        await self.let_go.wait()
        if self.answer is not None:
            return await self.answer(request)
        return web.json_response({"keys": [key.listed() for key in self.keys]})


def saying(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Handler:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(body=raw, status=status, headers=headers)

    return handle


async def hanging_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@functools.cache  # making one takes a moment
def _generated(_: str, kind: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if kind == "RS":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())

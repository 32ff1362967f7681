"""Who sends a request, by ``apikey`` and ``Authorization``: the gateway before both services."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from jose import JOSEError

from tests.supabase.refusals import gateway_refusal, rest_refusal
from tests.supabase.signing import Signer

PUBLISHABLE_KEY = "sb_publishable_standin"
SECRET_KEY = "sb_secret_standin"

_CLOCK_SKEW = 30  # seconds that PostgREST forgives


@dataclass(frozen=True, slots=True)
class Identity:
    """The database role of a request, and the claims that the database is told."""

    role: str
    claims: dict[str, Any]


_ANONYMOUS = Identity("anon", {"role": "anon"})


class Gateway:
    """Knows the four API keys of the project: two generations of anon and service_role."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.legacy_anon_key = signer.legacy_key("anon")
        self.legacy_service_role_key = signer.legacy_key("service_role")
        self._roles = {
            PUBLISHABLE_KEY: "anon",
            SECRET_KEY: "service_role",
            self.legacy_anon_key: "anon",
            self.legacy_service_role_key: "service_role",
        }

    def admit(self, request: web.Request) -> str:
        """Return the API key; refuse a request without a valid one."""
        key = request.headers.get("apikey") or request.query.get("apikey")
        if key is None:
            raise gateway_refusal(
                "No API key found in request", "No `apikey` request header or url param was found."
            )
        if key not in self._roles:
            raise gateway_refusal(
                "Invalid API key", "Double check your Supabase `anon` or `service_role` API key."
            )
        return key

    def identify(self, request: web.Request) -> Identity:
        key, token = self.admit(request), bearer(request)
        if not token and not key.startswith("sb_"):
            return _ANONYMOUS  # a legacy key is a token, and counts only where a token does
        if token in ("", key):
            role = self._roles[key]
            return Identity(role, {"role": role})
        claims = self._verified(token)
        return Identity(str(claims.get("role", "anon")), claims)

    def _verified(self, token: str) -> dict[str, Any]:
        parts = token.count(".") + 1
        if parts != 3:
            raise rest_refusal(401, "PGRST301", f"Expected 3 parts in JWT; got {parts}")
        try:
            return self._signer.verify(token, leeway=_CLOCK_SKEW)
        except JOSEError as exc:
            if "expired" in str(exc):
                raise rest_refusal(401, "PGRST303", "JWT expired") from exc
            raise rest_refusal(401, "PGRST301", "No suitable key or wrong key type") from exc


def bearer(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()

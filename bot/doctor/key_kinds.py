"""What the API keys of a Supabase project say of themselves, before it is asked.

https://supabase.com/docs/guides/api/api-keys
"""

import base64
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Self

from pydantic import SecretStr

from bot.doctor.findings import Finding, failed, ok, warning
from bot.settings import Supabase
from bot.supabase_keys import SECRET, headers

_HOSTED = re.compile(r"https://([a-z0-9]+)\.supabase\.co")


class Kind(Enum):
    """For whom a key is."""

    PUBLISHABLE = "publishable (or anon)"
    SERVICE = "secret (or service_role)"
    UNKNOWN = "neither"


_PREFIXES = {"sb_publishable_": Kind.PUBLISHABLE, SECRET: Kind.SERVICE}
_ROLES = {"anon": Kind.PUBLISHABLE, "service_role": Kind.SERVICE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of either generation; the older ones are tokens, read here without any proof."""

    secret: SecretStr
    kind: Kind
    project: str | None = None
    expires_at: float | None = None  # seconds since 1970

    @classmethod
    def read(cls, secret: SecretStr) -> Self:
        text = secret.get_secret_value()
        for prefix, kind in _PREFIXES.items():
            if text.startswith(prefix):
                return cls(secret=secret, kind=kind)
        claims = _claims(text)
        project, expires_at = claims.get("ref"), claims.get("exp")
        return cls(
            secret=secret,
            kind=_ROLES.get(str(claims.get("role")), Kind.UNKNOWN),
            project=project if isinstance(project, str) else None,
            expires_at=expires_at if isinstance(expires_at, int | float) else None,
        )

    @property
    def headers(self) -> Mapping[str, str]:
        return headers(self.secret.get_secret_value())


def project_at(url: str) -> str | None:
    """Return the id of the project that Supabase hosts there; None for an address of one's own."""
    found = _HOSTED.fullmatch(url)
    return found and found[1]


def compared(given: Supabase) -> Iterator[Finding]:
    """Yield what is wrong with the two keys, or that nothing is."""
    public, secret = ApiKey.read(given.anon_key), ApiKey.read(given.service_role_key)
    faults = [
        *_kinds(public, secret),
        *_belonging("SUPABASE_ANON_KEY", public, given.url),
        *_belonging("SUPABASE_SERVICE_ROLE_KEY", secret, given.url),
    ]
    yield from faults or [ok("The keys are of the right kinds.")]


def _kinds(public: ApiKey, secret: ApiKey) -> Iterator[Finding]:
    if (public.kind, secret.kind) == (Kind.SERVICE, Kind.PUBLISHABLE):
        yield failed(
            "SUPABASE_ANON_KEY and SUPABASE_SERVICE_ROLE_KEY are swapped: exchange their values."
        )
        return
    if public.kind is Kind.SERVICE:
        yield failed(
            "SUPABASE_ANON_KEY holds a secret key, which row-level security does not stop:"
            f" set it to the {Kind.PUBLISHABLE.value} one."
        )
    if secret.kind is Kind.PUBLISHABLE:
        yield failed(
            "SUPABASE_SERVICE_ROLE_KEY holds the key for everybody:"
            f" set it to the {Kind.SERVICE.value} one."
        )
    for name, key in (("SUPABASE_ANON_KEY", public), ("SUPABASE_SERVICE_ROLE_KEY", secret)):
        if key.kind is Kind.UNKNOWN:
            yield warning(
                f"{name} looks like no key of Supabase: copy it again from"
                " Project Settings > API Keys."
            )


def _belonging(name: str, key: ApiKey, url: str) -> Iterator[Finding]:
    if key.project and project_at(url) not in (key.project, None):
        yield failed(
            f"{name} belongs to another project than SUPABASE_URL: copy both from the same one."
        )
    if key.expires_at is not None and key.expires_at < time.time():
        yield failed(f"{name} has expired: copy a new one from Project Settings > API Keys.")


def _claims(token: str) -> Mapping[str, object]:
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}

"""The Supabase project: takes the keys, keeps its tables closed, and lets people sign up."""

import asyncio
import uuid
from collections.abc import Iterator
from http import HTTPStatus

import aiohttp

from bot.doctor.findings import Finding, Findings, Level, failed, ok, warning
from bot.doctor.key_kinds import ApiKey, compared
from bot.doctor.service import Answer, Service
from bot.settings import Settings, Supabase

_TABLES = ("messages", "avatars", "user_preferences")
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_COPY_AGAIN = "copy it again from Project Settings > API Keys"
_EMAIL = "Authentication > Sign In / Providers"


def project(given: Supabase, session: aiohttp.ClientSession) -> Service:
    return Service(session, given.url, "Supabase", "check SUPABASE_URL.")


async def examined(settings: Settings, session: aiohttp.ClientSession) -> Findings:
    given = settings.supabase
    if given is None:
        yield ok("It is not used; Ava keeps the accounts itself.")
        return
    compared_keys = list(compared(given))
    for finding in compared_keys:
        yield finding
    if any(finding.level is Level.FAILED for finding in compared_keys):
        return  # what it would say to wrong keys only confuses
    service = project(given, session)
    public, secret = ApiKey.read(given.anon_key), ApiKey.read(given.service_role_key)
    for found in await asyncio.gather(
        _accounts(service, public),
        _secret_key(service, secret),
        _closed_tables(service, public),
        _signing_keys(service, given),
    ):
        for finding in found:
            yield finding


# --- accounts -------------------------------------------------------------------------------


async def _accounts(service: Service, public: ApiKey) -> list[Finding]:
    answer = await service.get("/auth/v1/settings", headers=public.headers)
    if answer.status in _REFUSED:
        return [failed(f"Supabase does not take SUPABASE_ANON_KEY: {_COPY_AGAIN}.")]
    if not isinstance(answer.json, dict):
        return [_odd(answer, "the settings of its accounts")]
    return [ok("It takes SUPABASE_ANON_KEY."), *_sign_up(answer.json)]


def _sign_up(policy: dict[str, object]) -> Iterator[Finding]:
    external = policy.get("external")
    if isinstance(external, dict) and external.get("email") is False:
        yield failed(f"Nobody can sign in by e-mail: switch it on ({_EMAIL} > Email).")
    if policy.get("disable_signup") is True:
        yield warning(f'Nobody can sign up: switch "Allow new users to sign up" on ({_EMAIL}).')
    if policy.get("mailer_autoconfirm") is False:
        yield warning(
            "Who signs up gets no tokens (202) before a link in an e-mail is opened: switch"
            f' "Confirm email" off ({_EMAIL} > Email) unless you want that.'
        )


async def _secret_key(service: Service, secret: ApiKey) -> list[Finding]:
    """Ask for an account that nobody has; only the secret key may ask."""
    answer = await service.get(f"/auth/v1/admin/users/{uuid.uuid4()}", headers=secret.headers)
    if answer.status in _REFUSED:
        return [failed(f"Supabase does not take SUPABASE_SERVICE_ROLE_KEY: {_COPY_AGAIN}.")]
    if answer.status != HTTPStatus.NOT_FOUND:
        return [_odd(answer, "that nobody has a made-up account")]
    return [ok("It takes SUPABASE_SERVICE_ROLE_KEY.")]


# --- row-level security ---------------------------------------------------------------------


async def _closed_tables(service: Service, public: ApiKey) -> list[Finding]:
    answers = await asyncio.gather(
        *(
            service.get(
                f"/rest/v1/{table}",
                params={"select": "id", "limit": "1"},
                headers=public.headers,
            )
            for table in _TABLES
        )
    )
    shown = [table for table, answer in zip(_TABLES, answers, strict=True) if _has_rows(answer)]
    if shown:
        return [
            failed(
                f"Everybody can read {', '.join(shown)} with SUPABASE_ANON_KEY: apply the"
                " migrations, and drop the policies and grants that are not theirs."
            )
        ]
    if any(answer.status not in (HTTPStatus.OK, *_REFUSED) for answer in answers):
        return []  # no tables, or no project: others say so
    return [ok("SUPABASE_ANON_KEY alone shows nothing.")]


def _has_rows(answer: Answer) -> bool:
    return answer.status == HTTPStatus.OK and answer.json != []


# --- access tokens --------------------------------------------------------------------------


async def _signing_keys(service: Service, given: Supabase) -> list[Finding]:
    answer = await service.get("/auth/v1/.well-known/jwks.json")
    keys = answer.json.get("keys") if isinstance(answer.json, dict) else None
    if not isinstance(keys, list):
        return [_odd(answer, "the keys that sign its access tokens")]
    if any(isinstance(key, dict) and key.get("kty") in ("EC", "RSA") for key in keys):
        return [ok("Its access tokens can be checked with its public keys.")]
    if given.jwt_secret is not None:
        return [ok("Its access tokens are checked with SUPABASE_JWT_SECRET.")]
    return [
        failed(
            "It signs access tokens with a shared secret that Ava does not know: change to"
            " asymmetric keys (JWT Keys), or set SUPABASE_JWT_SECRET."
        )
    ]


def _odd(answer: Answer, instead_of: str) -> Finding:
    return failed(
        f"Supabase answers HTTP {answer.status} instead of {instead_of}: check SUPABASE_URL, and"
        " the state of the project in its dashboard."
    )

"""Sessions of people: access tokens that run out, and refresh tokens that are used once."""

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from tests.supabase.people import Person, shown
from tests.supabase.policy import Policy
from tests.supabase.refusals import auth_refusal
from tests.supabase.signing import Signer

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

_SIGNED_IN = """
    update auth.users set last_sign_in_at = now(), updated_at = now() where id = $1 returning *
"""
_TOKEN = """
    select refresh_tokens.*, extract(epoch from clock_timestamp() - updated_at)::float8 as age
    from auth.refresh_tokens where token = $1 for update
"""
_ACTIVE = """
    select * from auth.refresh_tokens where session_id = $1 and not revoked order by id desc limit 1
"""
_USE_UP = """
    update auth.refresh_tokens set revoked = true, updated_at = clock_timestamp()
    where id = $1 and not revoked
"""
_ISSUE = """
    insert into auth.refresh_tokens (token, user_id, session_id, parent) values ($1, $2, $3, $4)
"""
_END = {
    "global": "delete from auth.sessions where user_id = $1 and $2::uuid is not null",
    "local": "delete from auth.sessions where user_id = $1 and id = $2",
    "others": "delete from auth.sessions where user_id = $1 and id <> $2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    id: UUID
    refresh_token: str


class Sessions:
    """Begins, continues and ends them. *issuer* is where the tokens say they come from."""

    def __init__(self, pool: "Pool", signer: Signer, policy: Policy, issuer: str) -> None:
        self._pool = pool
        self._signer = signer
        self._policy = policy
        self._issuer = issuer

    async def begin(self, person: Person, method: str) -> dict[str, Any]:
        async with self._pool.acquire() as connection, connection.transaction():
            greeted = await connection.fetchrow(_SIGNED_IN, person["id"])
            assert greeted is not None
            session = await connection.fetchval(
                "insert into auth.sessions (id, user_id) values (gen_random_uuid(), $1)"
                " returning id",
                person["id"],
            )
            token = await _issue(connection, person["id"], session, parent=None)
        return self._answer(greeted, _Session(id=session, refresh_token=token), method)

    async def refresh(self, token: str) -> dict[str, Any]:
        """Continue by a token; a stolen one, used a second time, ends the session for both."""
        stolen = auth_refusal(
            400, "refresh_token_already_used", "Invalid Refresh Token: Already Used"
        )
        async with self._pool.acquire() as connection, connection.transaction():
            old = await connection.fetchrow(_TOKEN, token)
            if old is None:
                raise auth_refusal(
                    400,
                    "refresh_token_not_found",
                    "Invalid Refresh Token: Refresh Token Not Found",
                )
            new = await self._next(connection, old)
            person = await connection.fetchrow(
                "select * from auth.users where id = $1", old["user_id"]
            )
        if new is None or person is None:
            raise stolen
        session = _Session(id=old["session_id"], refresh_token=new)
        return self._answer(person, session, "token_refresh")

    async def _next(self, connection: "Connection", old: asyncpg.Record) -> str | None:
        """Return the token that follows; None, and no session, where the old one was stolen."""
        session = old["session_id"]
        if old["revoked"]:
            active = await connection.fetchrow(_ACTIVE, session)
            if active is not None and active["parent"] == old["token"]:
                return str(active["token"])  # its answer was lost on the way, however long ago
            if old["age"] > self._policy.refresh_reuse_seconds:
                await connection.execute("delete from auth.sessions where id = $1", session)
                return None
        await connection.execute(_USE_UP, old["id"])
        return await _issue(connection, old["user_id"], session, parent=old["token"])

    async def end(self, person: UUID, session: UUID, scope: str) -> None:
        if scope not in _END:
            raise auth_refusal(400, "validation_failed", f"Unsupported logout scope {scope!r}")
        await self._pool.execute(_END[scope], person, session)

    async def end_all(self, person: UUID) -> None:
        await self._pool.execute("delete from auth.sessions where user_id = $1", person)

    async def exists(self, session: object) -> bool:
        return bool(
            await self._pool.fetchval(
                "select exists (select from auth.sessions where id::text = $1)", str(session)
            )
        )

    def _answer(self, person: Person, session: _Session, method: str) -> dict[str, Any]:
        now, lifetime = int(time.time()), self._policy.access_token_seconds
        seen = shown(person)
        claims = {
            "iss": self._issuer,
            "sub": seen["id"],
            "aud": "authenticated",
            "iat": now,
            "exp": now + lifetime,
            **{name: seen[name] for name in ("email", "phone", "role", "is_anonymous")},
            **{name: seen[name] for name in ("app_metadata", "user_metadata")},
            "aal": "aal1",
            "amr": [{"method": method, "timestamp": now}],
            "session_id": str(session.id),
        }
        return {
            "access_token": self._signer.sign(claims),
            "token_type": "bearer",
            "expires_in": lifetime,
            "expires_at": now + lifetime,
            "refresh_token": session.refresh_token,
            "user": seen,
        }


async def _issue(
    connection: "Connection", person: UUID, session: UUID, *, parent: str | None
) -> str:
    token = secrets.token_urlsafe(9)  # twelve characters, as there
    await connection.execute(_ISSUE, token, person, session, parent)
    return token

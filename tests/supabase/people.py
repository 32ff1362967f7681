"""auth.users: people, their passwords, and what Supabase Auth shows of them."""

import hashlib
import json
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    Pool = asyncpg.Pool[asyncpg.Record]

Person = asyncpg.Record  # a row of auth.users

_INSERT = """
    insert into auth.users (
      instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data, raw_user_meta_data,
      email_confirmed_at, confirmation_sent_at, created_at, updated_at
    ) values (
      '00000000-0000-0000-0000-000000000000', $1, 'authenticated', 'authenticated', $2, $3,
      '{"provider": "email", "providers": ["email"]}'::jsonb || $4, $5,
      case when $6 then now() end, case when not $6 then now() end, now(), now()
    ) returning *
"""
_UPDATE = """
    update auth.users set
      email              = coalesce($2, email),
      encrypted_password = coalesce($3, encrypted_password),
      raw_app_meta_data  = raw_app_meta_data || $4,
      raw_user_meta_data = raw_user_meta_data || $5,
      email_confirmed_at = case when $6 then coalesce(email_confirmed_at, now())
                                else email_confirmed_at end,
      updated_at         = now()
    where id = $1 returning *
"""
_TIMES = (
    "confirmation_sent_at",
    "confirmed_at",
    "created_at",
    "email_confirmed_at",
    "last_sign_in_at",
    "recovery_sent_at",
    "updated_at",
)


class People:
    """Finds and keeps them by way of the role that Supabase Auth has."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool

    async def by_id(self, person: object) -> Person | None:
        try:
            known = UUID(str(person))
        except ValueError:
            return None
        return await self._pool.fetchrow("select * from auth.users where id = $1", known)

    async def by_email(self, email: str) -> Person | None:
        return await self._pool.fetchrow("select * from auth.users where email = $1", email)

    async def page(self, number: int, size: int) -> list[Person]:
        return await self._pool.fetch(
            "select * from auth.users order by created_at desc limit $1 offset $2",
            size,
            size * (number - 1),
        )

    async def add(self, wanted: dict[str, Any], *, confirmed: bool) -> Person:
        person = await self._pool.fetchrow(
            _INSERT,
            UUID(wanted["id"]) if wanted.get("id") else uuid4(),
            wanted["email"],
            _hash_of(wanted),
            json.dumps(wanted.get("app_metadata") or {}),
            json.dumps(wanted.get("data") or wanted.get("user_metadata") or {}),
            confirmed,
        )
        assert person is not None
        return person

    async def change(self, person: Person, wanted: dict[str, Any]) -> Person:
        changed = await self._pool.fetchrow(
            _UPDATE,
            person["id"],
            wanted.get("email"),
            _hash_of(wanted),
            json.dumps(wanted.get("app_metadata") or {}),
            json.dumps(wanted.get("data") or wanted.get("user_metadata") or {}),
            bool(wanted.get("email_confirm")),
        )
        assert changed is not None
        return changed

    async def confirm(self, person: Person) -> Person:
        return await self.change(person, {"email_confirm": True})

    async def remove(self, person: Person) -> None:
        await self._pool.execute("delete from auth.users where id = $1", person["id"])


def has_password(person: Person, password: str) -> bool:
    salt, _, expected = (person["encrypted_password"] or "").partition("$")
    return secrets.compare_digest(_hash(password, salt), expected)


def shown(person: Person) -> dict[str, Any]:
    """Return the person as JSON of Supabase Auth."""
    own_id = str(person["id"])
    times = {name: _iso(person[name]) for name in _TIMES if person[name]}
    return {
        "id": own_id,
        "aud": person["aud"],
        "role": person["role"],
        "email": person["email"],
        "phone": person["phone"] or "",
        "app_metadata": json.loads(person["raw_app_meta_data"]),
        "user_metadata": json.loads(person["raw_user_meta_data"]),
        "identities": [_identity(own_id, person["email"], times)],
        "is_anonymous": person["is_anonymous"],
        **times,
    }


def somebody(wanted: dict[str, Any]) -> dict[str, Any]:
    """Return a person who does not exist, so that a sign-up does not tell who does."""
    now = _iso(datetime.now(UTC))
    return {
        "id": str(uuid4()),
        "aud": "authenticated",
        "role": "",
        "email": wanted["email"],
        "phone": "",
        "app_metadata": {"provider": "email", "providers": ["email"]},
        "user_metadata": wanted.get("data") or {},
        "identities": [],
        "is_anonymous": False,
        "confirmation_sent_at": now,
        "created_at": now,
        "updated_at": now,
    }


def _identity(own_id: str, email: str, times: dict[str, str]) -> dict[str, Any]:
    verified = "email_confirmed_at" in times
    dates = ("created_at", "last_sign_in_at", "updated_at")
    return {
        "identity_id": own_id,
        "id": own_id,
        "user_id": own_id,
        "identity_data": {"email": email, "sub": own_id, "email_verified": verified},
        "provider": "email",
        "email": email,
        **{name: times[name] for name in dates if name in times},
    }


def _iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _hash_of(wanted: dict[str, Any]) -> str | None:
    if not wanted.get("password"):
        return None
    salt = secrets.token_hex(8)
    return f"{salt}${_hash(wanted['password'], salt)}"


def _hash(password: str, salt: str) -> str:
    """Return next to no work: hundreds of tests sign up, and nobody attacks them."""
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**4, r=8, p=1).hex()

"""What people ask for themselves, each under row-level security as that person."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from asyncpg import Record

from bot.errors import Conflict, Fault, Invalid, Missing
from bot.models import (
    Avatar,
    Caller,
    Channel,
    Message,
    MessageId,
    PendingPhone,
    Personality,
    PersonId,
    Phone,
    Preferences,
    ReplyStatus,
    Role,
)
from bot.store.conversation import avatar_of, hash_of
from bot.store.postgres import Database


class PostgresAvatars:
    """``ports.Avatars``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        caller: Caller,
        *,
        name: str,
        age: int,
        personality: Personality,
        physical_description: str | None,
    ) -> Avatar:
        with _constraints("You have an avatar already."):
            async with self._database.user_conn(caller.id) as connection:
                row = await connection.fetchrow(
                    "insert into avatars (user_id, name, age, personality, physical_description)"
                    " values ($1, $2, $3, $4, $5) returning *",
                    *(caller.id, name, age, personality, physical_description),
                )
        return _existing(row)

    async def mine(self, caller: Caller) -> Avatar:
        async with self._database.user_conn(caller.id) as connection:
            row = await connection.fetchrow("select * from avatars where user_id = $1", caller.id)
        return _existing(row)

    async def change(self, caller: Caller, changes: dict[str, Any]) -> Avatar:
        with _constraints("You have an avatar already."):
            async with self._database.user_conn(caller.id) as connection:
                row = await connection.fetchrow(
                    "update avatars set name = coalesce($2, name), age = coalesce($3, age),"
                    " personality = coalesce($4, personality), physical_description ="
                    " case when $5 then $6 else physical_description end"
                    " where user_id = $1 returning *",
                    *(caller.id, *map(changes.get, ("name", "age", "personality"))),
                    *("physical_description" in changes, changes.get("physical_description")),
                )
        return _existing(row)

    async def delete(self, caller: Caller) -> None:
        async with self._database.user_conn(caller.id) as connection:
            row = await connection.fetchrow(
                "delete from avatars where user_id = $1 returning *", caller.id
            )
        _existing(row)


class PostgresPhoneLinks:
    """``ports.PhoneLinks``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preferences(self, caller: Caller) -> Preferences:
        async with self._database.user_conn(caller.id) as connection:
            rows = await connection.fetch(
                "select p.whatsapp_phone, c.phone, c.expires_at from (select $1::uuid as id) me"
                " left join user_preferences p on p.user_id = me.id"
                " left join link_codes c on c.user_id = me.id"
                " and c.used_by is null and c.expires_at > clock_timestamp()"
                " and c.wrong_guesses < 5",
                caller.id,
            )
        linked, pending, expires_at = rows[0]
        return Preferences(
            whatsapp_phone=linked,
            pending=PendingPhone(phone=pending, expires_at=expires_at) if pending else None,
        )

    async def request(
        self, caller: Caller, phone: Phone, code: str, *, valid_for: timedelta
    ) -> datetime:
        with _living_account():
            async with self._database.user_conn(caller.id) as connection:
                expires_at: datetime = await connection.fetchval(
                    "select request_link($1, $2, $3)", phone, hash_of(code), valid_for
                )
        return expires_at

    async def unlink(self, caller: Caller) -> None:
        async with self._database.user_conn(caller.id) as connection:
            await connection.execute("select unlink_phone()")


class PostgresHistory:
    """``ports.History``."""

    def __init__(self, database: Database, *, wait_in_app: timedelta) -> None:
        self._database = database
        self._wait_in_app = wait_in_app

    async def page(
        self, caller: Caller, *, limit: int, before: tuple[datetime, MessageId] | None
    ) -> Sequence[Message]:
        async with self._database.user_conn(caller.id) as connection:
            rows = await connection.fetch(
                "select id, channel, role, content, status, created_at from messages"
                " where user_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3))"
                " order by created_at desc, id desc limit $4",
                *(caller.id, *(before or (None, None)), limit),
            )
        return [_message(row) for row in rows]

    async def say(self, caller: Caller, text: str) -> MessageId:
        async with self._database.user_conn(caller.id) as connection:
            said = await connection.fetchval(
                "select say($1, $2)", text, self._wait_in_app.total_seconds()
            )
        if said is None:
            raise Conflict("Make an avatar first: there is nobody to talk with yet.")
        return MessageId(said)


class PostgresPasswords:
    """``ports.Passwords``: Ava's own accounts, where Supabase Auth does not keep them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, email: str, password_hash: str) -> PersonId:
        with _constraints("An account with this e-mail exists already."):
            async with self._database.system_conn() as connection:
                person = await connection.fetchval(
                    "with person as (insert into auth.users (email) values ($1) returning id)"
                    " insert into account_passwords (user_id, password_hash)"
                    " select id, $2 from person returning user_id",
                    *(email, password_hash),
                )
        return PersonId(person)

    async def find(self, email: str) -> tuple[PersonId, str] | None:
        async with self._database.system_conn() as connection:
            row = await connection.fetchrow(
                "select u.id, p.password_hash from auth.users u"
                " join account_passwords p on p.user_id = u.id where lower(u.email) = $1",
                email,
            )
        return None if row is None else (PersonId(row["id"]), row["password_hash"])


@contextmanager
def _constraints(taken: str) -> Iterator[None]:
    """Say which rule of the database was broken; *taken* is what a duplicate means here."""
    try:
        with _living_account():
            yield
    except asyncpg.UniqueViolationError as exc:
        raise Conflict(taken) from exc
    except asyncpg.CheckViolationError as exc:
        field = (exc.constraint_name or "").removeprefix("avatars_").removesuffix("_check")
        raise Invalid([Fault(field, "The database refuses this value.")]) from exc


@contextmanager
def _living_account() -> Iterator[None]:
    """A token may outlive its account; then nothing can belong to it."""
    try:
        yield
    except asyncpg.ForeignKeyViolationError as exc:
        raise Missing("This account does not exist any more.") from exc


def _existing(row: Record | None) -> Avatar:
    if row is None:
        raise Missing("You have no avatar yet.")
    return avatar_of(row)


def _message(row: Record) -> Message:
    return Message(
        id=row["id"],
        channel=Channel(row["channel"]),
        role=Role(row["role"]),
        content=row["content"],
        status=ReplyStatus(row["status"]) if row["status"] else None,
        created_at=row["created_at"],
    )

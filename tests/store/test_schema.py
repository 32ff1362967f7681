"""What the migrations promise, asked of the database itself."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection

from bot.models import YOUNGEST_AVATAR, Channel, Personality, Role
from bot.store.migrate import MIGRATIONS, migrate

_FILES = sorted(MIGRATIONS.glob("[0-9]*.sql"))
_AVATAR = "insert into avatars (user_id, name, age, personality) values ($1, 'Mia', $2, 'shy')"
_POLICIES = """
    select tablename, lower(cmd) as cmd, coalesce(qual, with_check) as rule from pg_policies
    where 'authenticated' = any (roles)
      and tablename in ('user_preferences', 'avatars', 'messages') order by 1, 2
"""
_GRANTS = """
    select grantee, table_name, string_agg(privilege_type, ' ' order by privilege_type)
    from information_schema.role_table_grants
    where table_schema = 'public' and grantee <> current_user
      and (grantee <> 'service_role' or table_name = 'schema_migrations')
    group by 1, 2 order by 1, 2
"""
_INDEXES = """
    select indexname, indexdef from pg_indexes
    where schemaname = 'public' and indexname like 'idx_%'
"""


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def mia(owner: Connection) -> UUID:
    return await _person(owner, "mia@example.org")


@pytest.fixture
async def noa(owner: Connection) -> UUID:
    return await _person(owner, "noa@example.org")


async def _person(owner: Connection, email: str) -> UUID:
    person = await owner.fetchval("insert into auth.users (email) values ($1) returning id", email)
    assert isinstance(person, UUID)
    return person


@asynccontextmanager
async def _acting_as(
    connection: Connection, role: str, person: UUID | None = None
) -> AsyncIterator[Connection]:
    """Run the block as a person's request would; what it did is undone."""
    claims = f'{{"sub": "{person}"}}' if person else ""
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        "select set_config('request.jwt.claims', $1, true), set_config('role', $2, true)",
        claims,
        role,
    )
    try:
        yield connection
    finally:
        await transaction.rollback()


# --- row-level security (more of it in test_row_level_security.py and test_rights.py) ----------


async def test_nine_policies_compare_the_caller_with_the_owner(owner: Connection) -> None:
    policies = await owner.fetch(_POLICIES)

    assert [(row["tablename"], row["cmd"]) for row in policies] == [
        *(("avatars", command) for command in ("delete", "insert", "select", "update")),
        *(("messages", command) for command in ("insert", "select")),
        *(("user_preferences", command) for command in ("insert", "select", "update")),
    ]
    for row in policies:
        assert re.sub(r"\s+|AS uid", "", row["rule"]) == "((SELECTauth.uid())=user_id)"


async def test_the_bot_itself_sees_everybody(owner: Connection, mia: UUID, noa: UUID) -> None:
    await owner.execute(_AVATAR, mia, 30)
    await owner.execute(_AVATAR, noa, 30)

    async with _acting_as(owner, "service_role") as bot:
        assert await bot.fetchval("select count(*) from avatars") == 2
        assert await bot.fetchval("select count(*) from auth.users") == 2


async def test_after_the_first_migration_people_write_avatars_and_strangers_nothing(
    empty_database_url: str, tmp_path: Path
) -> None:
    (tmp_path / _FILES[0].name).write_bytes(_FILES[0].read_bytes())
    await migrate(empty_database_url, directory=tmp_path)
    owner = await asyncpg.connect(empty_database_url)
    granted = await owner.fetch(_GRANTS)
    await owner.close()

    assert [tuple(row) for row in granted] == [
        ("authenticated", "avatars", "DELETE SELECT"),
        ("authenticated", "messages", "SELECT"),
        ("authenticated", "user_preferences", "SELECT"),
        ("service_role", "schema_migrations", "SELECT"),
    ]


# --- what the database refuses --------------------------------------------------------------


async def test_an_avatar_is_at_least_twenty(owner: Connection, mia: UUID) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(_AVATAR, mia, YOUNGEST_AVATAR - 1)
    await owner.execute(_AVATAR, mia, YOUNGEST_AVATAR)


async def test_a_person_has_one_avatar(owner: Connection, mia: UUID) -> None:
    await owner.execute(_AVATAR, mia, 30)

    with pytest.raises(asyncpg.UniqueViolationError):
        await owner.execute(_AVATAR, mia, 30)


async def test_a_number_is_one_persons_and_no_number_is_anybodys(
    owner: Connection, mia: UUID, noa: UUID
) -> None:
    insert = "insert into user_preferences (user_id, whatsapp_phone) values ($1, $2)"
    await owner.execute(insert, mia, "+31600000001")

    with pytest.raises(asyncpg.UniqueViolationError, match="idx_user_preferences_phone"):
        await owner.execute(insert, noa, "+31600000001")
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(insert, noa, "31600000002")
    await owner.execute(insert, noa, None)
    await owner.execute(insert, await _person(owner, "third@example.org"), None)


async def test_an_address_has_one_account_however_it_is_written(owner: Connection) -> None:
    await _person(owner, "mia@example.org")

    with pytest.raises(asyncpg.UniqueViolationError):
        await _person(owner, "Mia@Example.org")


async def test_history_outlives_the_avatar_but_not_the_person(owner: Connection, mia: UUID) -> None:
    avatar = await owner.fetchval(f"{_AVATAR} returning id", mia, 30)
    await owner.execute(
        "insert into messages (user_id, avatar_id, channel, role, content)"
        " values ($1, $2, 'whatsapp', 'user', 'hello')",
        mia,
        avatar,
    )

    await owner.execute("delete from avatars")
    assert await owner.fetchval("select count(*) from messages where avatar_id is null") == 1
    await owner.execute("delete from auth.users where id = $1", mia)
    assert await owner.fetchval("select count(*) from messages") == 0


# --- shapes ---------------------------------------------------------------------------------


async def test_the_five_indexes_of_the_design_exist(owner: Connection) -> None:
    indexes = {
        row["indexname"]: row["indexdef"].partition(" ON public.")[2].replace("USING btree ", "")
        for row in await owner.fetch(_INDEXES)
    }

    assert indexes.items() >= {
        ("idx_user_preferences_user_id", "user_preferences (user_id)"),
        ("idx_avatars_user_id", "avatars (user_id)"),
        ("idx_messages_user_id", "messages (user_id)"),
        ("idx_messages_user_created", "messages (user_id, created_at DESC)"),
        (
            "idx_user_preferences_phone",
            "user_preferences (whatsapp_phone) WHERE (whatsapp_phone IS NOT NULL)",
        ),
    }


@pytest.mark.parametrize(
    ("type_name", "values"),
    [("personality_type", Personality), ("message_channel", Channel), ("message_role", Role)],
)
async def test_the_enums_are_those_of_the_code(
    owner: Connection, type_name: str, values: list[str]
) -> None:
    stored = await owner.fetchval(f"select enum_range(null::{type_name})::text[]")

    assert stored == [str(value) for value in values]


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_migration_is_one_transaction_that_explains_and_records_itself(path: Path) -> None:
    text = path.read_text().lower()

    assert text.startswith(f"-- {path.stem}\n-- date:")
    assert len(re.findall(r"^begin;$", text, re.MULTILINE)) == 1
    assert re.findall(r"^commit;$", text, re.MULTILINE) == ["commit;"]
    assert f"insert into public.schema_migrations (name) values ('{path.stem}')" in text


def test_migrations_are_numbered_without_gaps() -> None:
    assert [int(path.name[:3]) for path in _FILES] == list(range(1, len(_FILES) + 1))

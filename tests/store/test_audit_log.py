"""The audit log around its port: nobody changes it, and it knows nothing but ids.

What is asked of it through the port, tests/store/contract/test_audit_log.py knows.
"""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from asyncpg import Connection

from bot.errors import Invalid
from bot.models import Caller, EventKind, PersonId
from bot.store.audit_log import StoredAuditLog
from bot.store.postgres import PostgresDatabase
from tests.databases import OWNER

NUMBER = ["+31600000001"]


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(database_url, size=2)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def audit_log(database: PostgresDatabase) -> StoredAuditLog:
    return StoredAuditLog(database)


@pytest.fixture
async def ada(owner: Connection) -> Caller:
    return await _person(owner, "ada@example.com")


@pytest.fixture
async def ben(owner: Connection) -> Caller:
    return await _person(owner, "ben@example.com")


async def _person(owner: Connection, email: str) -> Caller:
    insert = "insert into auth.users (email) values ($1) returning id"
    return Caller(id=PersonId(await owner.fetchval(insert, email)), token="")


async def _events(audit_log: StoredAuditLog, caller: Caller) -> list[str]:
    """What happened, oldest first."""
    page = await audit_log.page(caller, limit=200, before=None)
    return [event.kind for event in reversed(page)]


# --- append-only ----------------------------------------------------------------------------


_CHANGES = (
    "update audit_log set event = 'signed_in'",
    "update audit_log set user_id = user_id where false",
    "delete from audit_log",
    "delete from audit_log where user_id = gen_random_uuid()",
    "truncate audit_log",
    "truncate avatars, audit_log cascade",
    (
        "insert into audit_log overriding system value select * from audit_log"
        " on conflict (id) do update set about = null"
    ),
)


@pytest.mark.parametrize("role", ["owner", "service_role", "authenticated", "superuser"])
async def test_nobody_changes_what_is_written(
    database_url: str, audit_log: StoredAuditLog, ada: Caller, role: str
) -> None:
    await audit_log.record(ada.id, EventKind.SIGNED_OUT)
    attacker = await _attacker(database_url, role)

    for statement in _CHANGES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await attacker.execute(statement)

    await attacker.close()
    assert await _events(audit_log, ada) == ["signed_out"]


async def _attacker(database_url: str, role: str) -> Connection:
    if role == "superuser":  # whom no grant and no policy stops, and who may skip triggers
        attacker = await asyncpg.connect(database_url.replace(f"//{OWNER}@", "//postgres@"))
        await attacker.execute("set session_replication_role = replica")
        return attacker
    attacker = await asyncpg.connect(database_url)
    if role != "owner":
        await attacker.execute(f"set role {role}")
    return attacker


async def test_nobody_writes_but_through_the_functions(database_url: str, ada: Caller) -> None:
    insert = "insert into audit_log (user_id, event) values ($1, 'signed_in')"
    calls = "select record_event($1, 'signed_in')", "select record_failed_sign_in($1::uuid::text)"

    for role, statements in {
        "service_role": (insert,),
        "authenticated": (insert, *calls),
        "anon": (insert, *calls),
    }.items():
        attacker = await _attacker(database_url, role)
        for statement in statements:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await attacker.execute(statement, ada.id)
        await attacker.close()


async def test_nothing_but_ids_has_room_in_it(owner: Connection) -> None:
    columns = await owner.fetch(
        "select column_name, udt_name from information_schema.columns"
        " where table_name = 'audit_log' order by ordinal_position"
    )

    assert [tuple(column) for column in columns] == [
        ("id", "int8"),
        ("at", "timestamptz"),
        ("user_id", "uuid"),
        ("event", "audit_event"),
        ("about", "uuid"),
    ]
    stored = await owner.fetchval("select enum_range(null::audit_event)::text[]")
    assert stored == [str(kind) for kind in EventKind]


# --- reading --------------------------------------------------------------------------------


async def test_around_the_endpoints_too_only_own_events_exist(
    database: PostgresDatabase, audit_log: StoredAuditLog, ada: Caller, ben: Caller
) -> None:
    await audit_log.record(ada.id, EventKind.SIGNED_UP)

    async with database.user_conn(ben.id) as connection:
        assert await connection.fetch("select * from audit_log") == []
        assert await connection.fetch("select * from audit_log where user_id = $1", ada.id) == []


# --- what the database records by itself ----------------------------------------------------


async def test_an_avatar_leaves_its_id_even_when_it_is_made_around_the_endpoints(
    database: PostgresDatabase, audit_log: StoredAuditLog, ada: Caller
) -> None:
    async with database.user_conn(ada.id) as connection:
        avatar = await connection.fetchval(
            "insert into avatars (user_id, name, age, personality) values ($1, 'Mia', 30, 'shy')"
            " returning id",
            ada.id,
        )
        await connection.execute("update avatars set age = 31")
        await connection.execute("update avatars set age = 31")  # which changes nothing
        await connection.execute("delete from avatars")

    page = await audit_log.page(ada, limit=10, before=None)
    assert [event.kind for event in reversed(page)] == [
        "avatar_created",
        "avatar_changed",
        "avatar_deleted",
    ]
    assert {event.about for event in page} == {avatar}


async def test_what_is_refused_did_not_happen(
    database: PostgresDatabase, audit_log: StoredAuditLog, ada: Caller
) -> None:
    avatar = {"name": "Mia", "age": 19, "personality": "shy", "physical_description": None}

    with pytest.raises(Invalid):
        await database.as_person(ada, "create_avatar", **avatar)

    assert await _events(audit_log, ada) == []


async def test_a_number_that_changes_hands_is_in_both_logs(
    database: PostgresDatabase, audit_log: StoredAuditLog, ada: Caller, ben: Caller
) -> None:
    await _link(database, ada, "wamid.1")
    await _link(database, ada, "wamid.1")  # the same message again, after a crash
    await _link(database, ben, "wamid.2")
    await database.as_person(ben, "unlink_phone")
    await database.as_person(ben, "unlink_phone")  # there is none any more

    assert await _events(audit_log, ada) == ["phone_linked", "phone_taken_over"]
    assert await _events(audit_log, ben) == ["phone_linked", "phone_unlinked"]


async def _link(database: PostgresDatabase, caller: Caller, wamid: str) -> None:
    """As a message from the number does it."""
    code = str(caller.id)
    if await database.as_bot("find_person", spellings=NUMBER, bsuid=None) != code:
        await database.as_person(caller, "request_link", phone=NUMBER[0])
        async with database.system_conn() as connection:
            await connection.execute(
                "update link_codes set code_hash = $1 where user_id = $2", code, caller.id
            )
    linked = await database.as_bot(
        "redeem_link_code", code_hash=code, spellings=NUMBER, bsuid=None, wamid=wamid
    )
    assert linked == code


async def test_asking_for_a_number_is_not_linking_it(
    database: PostgresDatabase, audit_log: StoredAuditLog, ada: Caller
) -> None:
    await database.as_person(ada, "request_link", phone=NUMBER[0])
    await database.as_person(ada, "unlink_phone")

    assert await _events(audit_log, ada) == []

"""The runner and the bootstrap, as owners of hosted databases meet them."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from bot.errors import CannotStart, StoreUnavailable
from bot.store.embedded import EmbeddedPostgres
from bot.store.health import StoredHealth
from bot.store.migrate import MIGRATIONS, migrate, prepare_plain_postgres
from bot.store.postgres import PostgresDatabase
from tests.databases import base_for_a_server

_NAMES = [path.stem for path in sorted(MIGRATIONS.glob("[0-9]*.sql"))]


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def _ask(dsn: str, query: str, *values: object) -> object:
    async with _connected(dsn) as connection:
        return await connection.fetchval(query, *values)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Migrations of our own: the first of Ava's, to be followed by a second."""
    first = "001_initial_schema.sql"
    (tmp_path / first).write_text((MIGRATIONS / first).read_text())
    return tmp_path


def _add(directory: Path, statement: str, *, name: str = "002_second") -> Path:
    path = directory / f"{name}.sql"
    record = f"insert into public.schema_migrations (name) values ('{name}');"
    path.write_text(f"begin; {statement}; {record} commit;")
    return path


# --- the runner -----------------------------------------------------------------------------


async def test_everything_is_applied_in_order_and_once(empty_database_url: str) -> None:
    first = await migrate(empty_database_url)
    second = await migrate(empty_database_url)

    assert first == _NAMES
    assert second == []


async def test_of_two_at_once_one_works_and_the_other_finds_nothing_to_do(
    empty_database_url: str,
) -> None:
    both = await asyncio.gather(migrate(empty_database_url), migrate(empty_database_url))

    assert sorted(both) == [[], _NAMES]


async def test_who_waits_too_long_for_another_is_told(
    empty_database_url: str, directory: Path
) -> None:
    _add(directory, "select pg_sleep(0.6)")
    slow = asyncio.create_task(migrate(empty_database_url, directory=directory))
    await asyncio.sleep(0.2)

    with pytest.raises(CannotStart, match="another process has been migrating"):
        await migrate(empty_database_url, directory=directory, lock_seconds=0.1)
    assert await slow == ["001_initial_schema", "002_second"]


async def test_a_file_that_changed_after_it_was_applied_is_refused_by_name(
    empty_database_url: str, directory: Path
) -> None:
    second = _add(directory, "create table public.things ()")
    await migrate(empty_database_url, directory=directory)
    second.write_text(second.read_text() + "-- one more word")

    with pytest.raises(CannotStart, match=r"^002_second\.sql was changed"):
        await migrate(empty_database_url, directory=directory)


async def test_line_ends_of_another_system_are_no_change(
    empty_database_url: str, directory: Path
) -> None:
    second = _add(directory, "create table\npublic.things ()")
    await migrate(empty_database_url, directory=directory)
    second.write_bytes(second.read_bytes().replace(b"\n", b"\r\n"))

    assert await migrate(empty_database_url, directory=directory) == []


async def test_a_broken_file_leaves_nothing_and_applies_once_mended(
    empty_database_url: str, directory: Path
) -> None:
    _add(directory, "create table public.half (); select 1 / 0")

    with pytest.raises(CannotStart, match=r"^002_second: division by zero$"):
        await migrate(empty_database_url, directory=directory)
    assert await _ask(empty_database_url, "select to_regclass('public.half')") is None

    _add(directory, "create table public.half ()")
    assert await migrate(empty_database_url, directory=directory) == ["002_second"]


async def test_a_file_that_does_not_record_itself_is_refused(
    empty_database_url: str, directory: Path
) -> None:
    (directory / "002_forgetful.sql").write_text("begin; commit;")

    with pytest.raises(CannotStart, match="002_forgetful does not record itself"):
        await migrate(empty_database_url, directory=directory)


async def test_a_database_newer_than_the_code_is_no_obstacle(
    empty_database_url: str, directory: Path
) -> None:
    second = _add(directory, "create table public.things ()")
    await migrate(empty_database_url, directory=directory)
    second.unlink()

    assert await migrate(empty_database_url, directory=directory) == []


async def test_what_is_pending_is_said_before_and_after(empty_database_url: str) -> None:
    async with _connected(empty_database_url) as owner:
        await prepare_plain_postgres(owner)
    database = PostgresDatabase(empty_database_url, size=1)
    await database.open()
    before = await StoredHealth(database, database).pending_migrations()
    await migrate(empty_database_url)
    after = await StoredHealth(database, database).pending_migrations()
    await database.close()

    assert before == _NAMES
    assert after == []


async def test_no_answer_and_no_url_are_different_troubles() -> None:
    with pytest.raises(StoreUnavailable):
        await migrate("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(CannotStart, match="DATABASE_URL is not"):
        await migrate("mysql://somebody@somewhere/something")


async def test_a_database_that_does_not_exist_is_named(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(CannotStart, match='database "missing" does not exist'):
        await migrate(postgres.dsn("missing"))


# --- by hand --------------------------------------------------------------------------------


def _psql(server: EmbeddedPostgres, dsn: str, *files: Path) -> subprocess.CompletedProcess[str]:
    arguments = [part for file in files for part in ("-f", str(file))]
    return subprocess.run(
        [server.program("psql"), dsn, "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


async def test_files_applied_by_psql_count_and_are_sealed_by_the_next_run(
    postgres: EmbeddedPostgres, empty_database_url: str
) -> None:
    files = [MIGRATIONS / "plain_postgres.sql", *sorted(MIGRATIONS.glob("[0-9]*.sql"))]
    by_hand = _psql(postgres, empty_database_url, *files)
    missing = "select count(*) from schema_migrations where sha256 is null"

    assert by_hand.returncode == 0, by_hand.stderr
    assert await _ask(empty_database_url, missing) == len(_NAMES)
    assert await migrate(empty_database_url) == []
    assert await _ask(empty_database_url, missing) == 0


def test_every_file_can_be_applied_again(postgres: EmbeddedPostgres, database_url: str) -> None:
    files = [MIGRATIONS / "plain_postgres.sql", *sorted(MIGRATIONS.glob("[0-9]*.sql"))]
    again = _psql(postgres, database_url, *files)

    assert again.returncode == 0, again.stderr


# --- rights ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare() -> Iterator[EmbeddedPostgres]:
    """A server on which nobody has made Ava's roles yet."""
    with base_for_a_server() as base:
        server = EmbeddedPostgres(base, durable=False)
        server.start()
        yield server
        server.stop()


@pytest.fixture
async def poor_url(bare: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database of somebody who may only log in and own it."""
    async with _connected(bare.dsn()) as admin:
        await admin.execute("create role poor login")
        await admin.execute("create database poor owner poor")
        yield bare.dsn("poor", user="poor")
        await admin.execute("drop database poor with (force)")
        await admin.execute("drop role poor")
        await admin.execute("drop role if exists anon, authenticated, service_role")


async def test_an_owner_without_createrole_is_told_what_to_grant_and_why(poor_url: str) -> None:
    with pytest.raises(CannotStart) as caught:
        await migrate(poor_url)

    assert "role poor lacks CREATEROLE, needed to create the roles" in str(caught.value)
    assert str(caught.value).endswith("ALTER ROLE poor CREATEROLE")


async def test_an_owner_outside_of_existing_roles_is_told_what_to_grant(
    bare: EmbeddedPostgres, poor_url: str
) -> None:
    await _as_admin(bare, "create role anon; create role service_role")
    await _as_admin(bare, "create role authenticated; alter role poor createrole")

    with pytest.raises(CannotStart, match=r"GRANT anon, authenticated, service_role TO poor$"):
        await migrate(poor_url)


async def test_a_tenant_who_may_not_create_schemas_is_told_what_to_grant(
    bare: EmbeddedPostgres, poor_url: str
) -> None:
    await _as_admin(bare, "alter role poor createrole; alter database poor owner to postgres")
    await _as_admin(bare, "grant create on schema public to poor", database="poor")

    with pytest.raises(CannotStart, match=r"GRANT CREATE ON DATABASE poor TO poor$"):
        await migrate(poor_url)


async def test_a_tenant_who_may_not_create_tables_is_told_what_to_grant(
    bare: EmbeddedPostgres, poor_url: str
) -> None:
    await _as_admin(bare, "alter role poor createrole; alter database poor owner to postgres")

    with pytest.raises(CannotStart, match=r"GRANT CREATE ON SCHEMA public TO poor$"):
        await migrate(poor_url)


async def test_what_an_administrator_prepared_is_used_as_it_is(
    bare: EmbeddedPostgres, poor_url: str
) -> None:
    async with _connected(bare.dsn("poor")) as admin:
        await prepare_plain_postgres(admin)
        await admin.execute("grant anon, authenticated, service_role to poor")
        with pytest.raises(CannotStart, match=r"GRANT REFERENCES ON auth.users TO poor$"):
            await migrate(poor_url)
        await admin.execute("grant references on auth.users to poor")

    assert await migrate(poor_url) == _NAMES


async def test_supabase_is_left_alone(bare: EmbeddedPostgres, poor_url: str) -> None:
    async with _connected(bare.dsn("poor")) as admin:
        await admin.execute("create role supabase_auth_admin")
        await prepare_plain_postgres(admin)
        by_hand = _psql(bare, bare.dsn("poor"), MIGRATIONS / "plain_postgres.sql")
        made = await admin.fetchval(
            "select count(*) from pg_roles where rolname in ('anon', 'authenticated')"
        )
        await admin.execute("drop role supabase_auth_admin")

    assert made == 0
    assert "this is Supabase" in by_hand.stderr
    assert await _ask(poor_url, "select to_regnamespace('auth')") is None


async def _as_admin(server: EmbeddedPostgres, script: str, *, database: str = "postgres") -> None:
    async with _connected(server.dsn(database)) as admin:
        await admin.execute(script)

"""What the doctor says of the database, reached directly and through Supabase."""

from urllib.parse import urlsplit

import asyncpg
import pytest
from pydantic import SecretStr

from bot.doctor.same_project import by_address
from bot.settings import Supabase
from bot.store.migrate import migrate, names
from tests.doctor.deployment import Deployment


async def of_database(deployment: Deployment, **changes: str) -> list[str]:
    found = await deployment.complaints(**changes)
    return [complaint for complaint in found if complaint.startswith("Database")]


async def seen_through_supabase(deployment: Deployment, url: str) -> None:
    """Let the project be the one with this database."""
    connection = await asyncpg.connect(url)
    rows = await connection.fetch(
        "select name, to_jsonb(applied_at) #>> '{}' from schema_migrations"
    )
    await connection.close()
    deployment.supabase.history = [{"name": name, "applied_at": at} for name, at in rows]


async def test_a_database_that_is_up_to_date(deployment: Deployment, database_url: str) -> None:
    await seen_through_supabase(deployment, database_url)

    assert await deployment.complaints(DATABASE_URL=database_url) == []


async def test_missing_migrations_are_named_in_order(
    deployment: Deployment, empty_database_url: str
) -> None:
    deployment.supabase.history = None

    (complaint,) = await deployment.complaints(DATABASE_URL=empty_database_url)

    assert complaint.startswith("Database failed: ")
    assert ", ".join(names()) in complaint
    assert "python run.py migrate" in complaint


async def test_one_missing_migration_is_enough(deployment: Deployment, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("delete from schema_migrations where name = $1", names()[-1])
    await connection.close()
    await seen_through_supabase(deployment, database_url)

    (complaint,) = await deployment.complaints(DATABASE_URL=database_url)

    assert complaint.endswith(f": {names()[-1]}.")


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("postgresql://ava:s3cret@127.0.0.1:1/ava", "check host and port"),
        ("postgresql://ava:s3cret@127.0.0.1:many/ava", "is not the URL of a Postgres"),
        ("mysql://ava:s3cret@127.0.0.1/ava", "is not the URL of a Postgres"),
    ],
)
async def test_a_database_that_is_not_there(deployment: Deployment, url: str, advice: str) -> None:
    (complaint,) = await of_database(deployment, DATABASE_URL=url)

    assert complaint.startswith("Database failed: ")
    assert advice in complaint


async def test_a_name_that_no_database_has(deployment: Deployment, database_url: str) -> None:
    nothing = urlsplit(database_url)._replace(path="/nothing").geturl()

    (complaint,) = await of_database(deployment, DATABASE_URL=nothing)

    assert "does not exist" in complaint


async def test_a_transaction_pooler_will_not_do(deployment: Deployment) -> None:
    pooler, unreachable = await of_database(
        deployment, DATABASE_URL="postgresql://ava:s3cret@127.0.0.1:6543/ava"
    )

    assert pooler.startswith("Database failed: ")
    assert "Session pooler" in pooler
    assert "does not answer" in unreachable


async def test_supabases_direct_address_is_no_good_on_heroku(deployment: Deployment) -> None:
    direct, _ = await of_database(
        deployment, DATABASE_URL="postgresql://ava:s3cret@db.abcdefgh.supabase.co:1/ava"
    )

    assert direct.startswith("Database warning: ")
    assert "Session pooler" in direct


async def test_through_supabase_missing_migrations_are_named_too(deployment: Deployment) -> None:
    deployment.supabase.applied = names()[:-2]

    (complaint,) = await deployment.complaints()

    assert ", ".join(names()[-2:]) in complaint
    assert "SQL editor" in complaint


async def test_a_project_that_cannot_say_has_none(deployment: Deployment) -> None:
    deployment.supabase.knows_applied = False

    (complaint,) = await deployment.complaints()

    assert ", ".join(names()) in complaint


# --- beside Supabase ------------------------------------------------------------------------

ELSEWHERE = "Database failed: DATABASE_URL leads to another database than SUPABASE_URL"
POOLER = "postgresql://postgres.abcdefgh:s3cret@aws-0-eu-west-1.pooler.supabase.com:5432/postgres"
DIRECT = "postgresql://postgres:s3cret@db.abcdefgh.supabase.co:5432/postgres"


@pytest.mark.parametrize(
    ("dsn", "url", "is_same"),
    [
        (POOLER, "https://abcdefgh.supabase.co", True),
        (DIRECT, "https://abcdefgh.supabase.co", True),
        (POOLER, "https://stuvwxyz.supabase.co", False),
        (DIRECT, "https://stuvwxyz.supabase.co", False),
        (POOLER, "https://api.example.com", None),
        ("postgresql://ava.b:s3cret@127.0.0.1/ava", "https://abcdefgh.supabase.co", None),
        ("postgresql://[", "https://abcdefgh.supabase.co", None),
    ],
)
def test_an_address_tells_the_project(dsn: str, url: str, is_same: bool | None) -> None:  # noqa: FBT001 - a column
    given = Supabase(
        url=url, anon_key=SecretStr("sb_publishable_x"), service_role_key=SecretStr("sb_secret_x")
    )

    assert by_address(dsn, given) is is_same


async def test_a_database_of_another_project(deployment: Deployment) -> None:
    deployment.patience = 1.0

    complaints = await of_database(
        deployment,
        DATABASE_URL="postgresql://postgres:s3cret@db.abcdefgh.supabase.co:1/postgres",
        SUPABASE_URL="https://stuvwxyz.supabase.co",
    )

    assert [complaint for complaint in complaints if complaint.startswith(ELSEWHERE)]


async def test_where_addresses_say_nothing_the_migrations_do(
    deployment: Deployment, database_url: str, empty_database_url: str
) -> None:
    await migrate(empty_database_url)
    await seen_through_supabase(deployment, empty_database_url)

    (complaint,) = await deployment.complaints(DATABASE_URL=database_url)

    assert complaint.startswith(ELSEWHERE)


async def test_a_new_project_is_another_than_the_one_that_is_migrated(
    deployment: Deployment, database_url: str
) -> None:
    deployment.supabase.history = None

    assert ELSEWHERE in (await deployment.complaints(DATABASE_URL=database_url))[0]


async def test_what_cannot_be_compared_is_no_fault(
    deployment: Deployment, database_url: str
) -> None:
    deployment.supabase.history = [{"name": "001_initial_schema", "applied_at": "a while ago"}]

    assert await deployment.complaints(DATABASE_URL=database_url) == []


# --- alarms ---------------------------------------------------------------------------------


async def test_alarms_that_stand_are_found_in_the_database(
    deployment: Deployment, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute(
        "insert into alarms (name, figure, since, cured_at) values"
        " ('sending_stopped', 131042, '2026-11-22 07:05+00', null),"
        " ('dead_letters', 3, now(), now())"
    )
    await connection.close()
    await seen_through_supabase(deployment, database_url)

    (complaint,) = await of_database(deployment, DATABASE_URL=database_url)

    assert complaint.startswith(
        "Database failed: An alarm stands since 2026-11-22 07:05 UTC: WhatsApp refuses"
    )
    assert "131042" in complaint


async def test_alarms_that_stand_are_found_through_supabase(deployment: Deployment) -> None:
    deployment.supabase.alarms = [
        {
            "name": "service_message_allowance",
            "figure": 83,
            "since": "2026-11-22T08:05:00.123+01:00",
        },
    ]

    (complaint,) = await of_database(deployment)

    assert complaint.startswith(
        "Database warning: An alarm stands since 2026-11-22 07:05 UTC: The number has sent 83 %"
    )

"""What the doctor says of the database, reached directly and through Supabase."""

from urllib.parse import urlsplit

import asyncpg
import pytest

from bot.store.migrate import names
from tests.doctor.deployment import Deployment


async def of_database(deployment: Deployment, **changes: str) -> list[str]:
    found = await deployment.complaints(**changes)
    return [complaint for complaint in found if complaint.startswith("Database")]


async def test_a_database_that_is_up_to_date(deployment: Deployment, database_url: str) -> None:
    assert await deployment.complaints(DATABASE_URL=database_url) == []


async def test_missing_migrations_are_named_in_order(
    deployment: Deployment, empty_database_url: str
) -> None:
    (complaint,) = await deployment.complaints(DATABASE_URL=empty_database_url)

    assert complaint.startswith("Database failed: ")
    assert ", ".join(names()) in complaint
    assert "python run.py migrate" in complaint


async def test_one_missing_migration_is_enough(deployment: Deployment, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("delete from schema_migrations where name = $1", names()[-1])
    await connection.close()

    (complaint,) = await deployment.complaints(DATABASE_URL=database_url)

    assert f"({names()[-1]})" in complaint


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

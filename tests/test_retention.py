from collections.abc import AsyncIterator

import asyncpg
import pytest
from asyncpg import Connection

from bot.retention import forget
from bot.store.postgres import PostgresDatabase
from bot.store.retention import StoredRetention

UPDATES = """
    insert into inbox (key, kind, sent_at, received_at, position, payload, handled_at)
    select 'message:' || age || ':' || n, 'message', now(), now() - age * interval '1 day', 1, '{}',
           now()
    from generate_series(1, $1) as n, cast($2 as integer) as age
"""


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(database_url, size=1)
    await database.open()
    yield database
    await database.close()


async def test_more_than_fits_into_one_go_is_forgotten_as_well(
    owner: Connection, database: PostgresDatabase
) -> None:
    await owner.execute(UPDATES, 2500, 31)
    await owner.execute(UPDATES, 10, 29)

    assert await forget(StoredRetention(database)) == 2500

    assert await owner.fetchval("select count(*) from inbox") == 10

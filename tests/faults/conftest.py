"""One database for all crashes, and one person for each: processes die, people do not meet."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import pytest_asyncio

from tests.ava import ava_in
from tests.faults.dynos import HereDyno, pace
from tests.faults.stage import Stage
from tests.homes import Home, lent


@pytest.fixture(scope="package")
def shared_home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """What is written in SQL no home changes, so one of them is enough here."""
    with lent("postgres", request) as home:
        yield home


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def stage(shared_home: Home) -> AsyncIterator[Stage]:
    async with ava_in(shared_home) as ava:
        await ava.stop()
        owner = await asyncpg.connect(shared_home.owner_url)
        stage = Stage(
            ava=ava,
            owner=owner,
            another=lambda outcome: HereDyno(ava.settings, pace(outcome)),
            dyno=HereDyno(ava.settings, pace()),
        )
        await stage.dyno.start()
        yield stage
        await stage.dyno.close()
        await owner.close()

"""Deliveries at the same time share a statement, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.errors import StoreRejected
from bot.models import Sender, Update, UpdateKind
from bot.store.inbox import StoredInbox
from bot.store.postgres import PostgresDatabase
from tests.ava import eventually


@pytest.fixture(name="database")
async def _database(database_url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(database_url)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(name="inbox")
def _inbox(database: PostgresDatabase) -> StoredInbox:
    return StoredInbox(database, longest_wait=timedelta(seconds=6))


ADA = Sender(wa_id="31600000001")


def text(wamid: str, *, payload: str = "{}") -> tuple[Update, timedelta]:
    update = Update(
        key=f"message:{wamid}",
        kind=UpdateKind.MESSAGE,
        payload=payload,
        sender=ADA,
    )
    return update, timedelta(0)


async def test_each_of_many_deliveries_at_once_is_told_what_was_new(inbox: StoredInbox) -> None:
    await inbox.take([text("old")])

    new = await asyncio.gather(*(inbox.take([text(f"{n}"), text("old")]) for n in range(50)))

    assert new == [1] * 50


async def test_an_update_that_the_database_refuses_spoils_no_other_delivery(
    inbox: StoredInbox,
) -> None:
    outcomes = await asyncio.gather(
        inbox.take([text("good")]),
        inbox.take([text("bad", payload="\0")]),
        inbox.take([text("fine")]),
        return_exceptions=True,
    )

    assert outcomes[0] == outcomes[2] == 1
    assert isinstance(outcomes[1], StoreRejected)
    assert len(await inbox.arrivals(ADA)) == 2


async def test_a_delivery_is_stored_though_the_one_it_shares_with_is_given_up(
    inbox: StoredInbox,
) -> None:
    given_up = asyncio.create_task(inbox.take([text("first")]))
    await asyncio.sleep(0)
    other = asyncio.create_task(inbox.take([text("second")]))
    await asyncio.sleep(0)
    given_up.cancel()

    assert await other == 1
    await eventually(lambda: both_are_there(inbox))


async def both_are_there(inbox: StoredInbox) -> bool:
    return len(await inbox.arrivals(ADA)) == 2

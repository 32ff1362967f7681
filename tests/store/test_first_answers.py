"""Of all runs of one call, one makes the answer."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from asyncpg import Connection

from bot.errors import Invalid, NotSignedIn, StillRunning
from bot.models import PersonId
from bot.store.first_answers import StoredFirstAnswers
from bot.store.postgres import PostgresDatabase

ONE, TWO = uuid4(), uuid4()
A_MINUTE, A_DAY = timedelta(minutes=1, seconds=1), timedelta(days=1, seconds=1)


@dataclass(slots=True)
class Keeper:
    """First answers on a real database, whose clock a test can put forward."""

    first_answers: StoredFirstAnswers
    owner: Connection

    async def reserve(
        self, holder: UUID, *, key: str = "key", asked: str = "that", person: PersonId | None = None
    ) -> str | UUID:
        return await self.first_answers.reserve(
            key, fingerprint=asked, holder=holder, person=person
        )

    async def later(self, passed: timedelta) -> None:
        await self.owner.execute(
            "update idempotency_keys set created_at = created_at - $1::interval", passed
        )


@pytest.fixture(name="keeper")
async def _keeper(database_url: str) -> AsyncIterator[Keeper]:
    database = PostgresDatabase(database_url)
    await database.open()
    owner = await asyncpg.connect(database_url)
    yield Keeper(StoredFirstAnswers(database), owner)
    await owner.close()
    await database.close()


async def test_of_many_at_once_one_is_to_answer(keeper: Keeper) -> None:
    asked = [keeper.reserve(uuid4()) for _ in range(20)]

    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, StillRunning) for outcome in outcomes) == 19


async def test_the_answer_is_kept_for_a_day(keeper: Keeper) -> None:
    await keeper.reserve(ONE)
    await keeper.first_answers.keep("key", holder=ONE, answer="first")

    soon = await keeper.reserve(TWO)
    await keeper.later(A_DAY)

    assert soon == "first"
    assert await keeper.reserve(TWO) == TWO


@pytest.mark.parametrize("begun", [True, False])
async def test_a_run_that_came_to_nothing_lets_the_next_one_try(
    keeper: Keeper, *, begun: bool
) -> None:
    await keeper.reserve(ONE)
    await keeper.first_answers.release("key", holder=ONE, begun=begun)

    assert await keeper.reserve(TWO, asked="something else") == TWO


async def test_who_goes_on_with_what_failed_makes_the_same(keeper: Keeper) -> None:
    await keeper.reserve(ONE)
    await keeper.first_answers.release("key", holder=ONE, begun=True)

    assert await keeper.reserve(TWO) == ONE
    await keeper.first_answers.release("key", holder=TWO, begun=False)
    assert await keeper.reserve(uuid4()) == ONE


async def test_nothing_is_kept_of_what_never_began(keeper: Keeper) -> None:
    await keeper.reserve(ONE)
    await keeper.first_answers.release("key", holder=ONE, begun=False)

    assert await keeper.owner.fetchval("select count(*) from idempotency_keys") == 0


async def test_after_a_minute_a_run_counts_as_dead(keeper: Keeper) -> None:
    await keeper.reserve(ONE)
    with pytest.raises(StillRunning):
        await keeper.reserve(TWO)
    await keeper.later(A_MINUTE)

    assert await keeper.reserve(TWO) == ONE  # what the dead run may have made


async def test_a_dead_run_is_taken_over_for_the_same_call_alone(keeper: Keeper) -> None:
    await keeper.reserve(ONE)
    await keeper.later(A_MINUTE)

    with pytest.raises(Invalid):
        await keeper.reserve(TWO, asked="something else")


async def test_who_was_taken_over_changes_nothing_any_more(keeper: Keeper) -> None:
    await keeper.reserve(ONE)
    await keeper.later(A_MINUTE)
    await keeper.reserve(TWO)

    await keeper.first_answers.keep("key", holder=ONE, answer="late")
    await keeper.first_answers.release("key", holder=ONE, begun=True)
    await keeper.first_answers.keep("key", holder=TWO, answer="second")

    assert await keeper.reserve(uuid4()) == "second"


@pytest.mark.parametrize("answer", ["first", None])
async def test_a_key_belongs_to_one_call(keeper: Keeper, answer: str | None) -> None:
    await keeper.reserve(ONE)
    if answer:
        await keeper.first_answers.keep("key", holder=ONE, answer=answer)

    with pytest.raises(Invalid):
        await keeper.reserve(TWO, asked="something else")


async def test_old_keys_are_deleted_in_passing(keeper: Keeper) -> None:
    for n in range(12):
        await keeper.reserve(ONE, key=f"{n}")
    await keeper.later(A_DAY)

    await keeper.reserve(TWO, key="new")
    await keeper.reserve(TWO, key="newer")

    assert await keeper.owner.fetchval("select count(*) from idempotency_keys") == 2


async def test_an_account_takes_its_keys_along(keeper: Keeper) -> None:
    row = await keeper.owner.fetchrow(
        "insert into auth.users (email) values ('ada@example.com') returning id"
    )
    assert row is not None
    ada = PersonId(row["id"])
    await keeper.reserve(ONE, person=ada)

    await keeper.owner.execute("delete from auth.users where id = $1", ada)

    assert await keeper.owner.fetchval("select count(*) from idempotency_keys") == 0
    with pytest.raises(NotSignedIn):
        await keeper.reserve(ONE, person=ada)

"""Limits are counted in the database: exactly, together, and for everybody who shares it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import pytest
from asyncpg import Connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import TooMany
from bot.limits import Limit
from bot.store.postgres import PostgresDatabase
from bot.store.rate_limits import StoredRateLimits

HOUR = timedelta(hours=1)
THREE = Limit(3, HOUR)


@dataclass(slots=True)
class Counter:
    """Rate limits on a real database, whose clock a test can put forward."""

    rate_limits: StoredRateLimits
    owner: Connection

    async def wait(self, **wanted: Limit) -> float:
        """Ask for permits; return the seconds to wait, 0 when they were given."""
        try:
            await self.rate_limits.take(wanted)
        except TooMany as refused:
            return refused.again_in.total_seconds()
        return 0

    async def later(self, passed: timedelta) -> None:
        await self.owner.execute(
            "update rate_limits set spent_until = spent_until - $1::interval", passed
        )

    async def forget(self) -> None:
        await self.owner.execute("truncate rate_limits")

    async def rows(self) -> int:
        rows: int = await self.owner.fetchval("select count(*) from rate_limits")
        return rows


@pytest.fixture(name="counter")
async def _counter(database_url: str) -> AsyncIterator[Counter]:
    database = PostgresDatabase(database_url, size=4)
    await database.open()
    owner = await asyncpg.connect(database_url)
    yield Counter(StoredRateLimits(database), owner)
    await owner.close()
    await database.close()


async def test_so_many_at_once_and_no_more(counter: Counter) -> None:
    waits = [await counter.wait(ada=THREE) for _ in range(4)]

    assert waits[:3] == [0, 0, 0]
    assert 1190 < waits[3] <= 1200  # a third of an hour


async def test_each_permit_comes_back_after_its_part_of_the_time(counter: Counter) -> None:
    for _ in range(3):
        await counter.wait(ada=THREE)

    await counter.later(timedelta(seconds=1190))
    early = await counter.wait(ada=THREE)
    await counter.later(timedelta(seconds=10))
    late, again = await counter.wait(ada=THREE), await counter.wait(ada=THREE)

    assert 0 < early <= 10
    assert late == 0
    assert again > 1190


async def test_who_waits_as_long_as_told_is_let_in(counter: Counter) -> None:
    for _ in range(3):
        await counter.wait(ada=THREE)
    told = await counter.wait(ada=THREE)

    await counter.later(timedelta(seconds=told))

    assert await counter.wait(ada=THREE) == 0


async def test_a_refusal_costs_nothing(counter: Counter) -> None:
    for _ in range(3):
        await counter.wait(ada=THREE)
    for _ in range(20):
        await counter.wait(ada=THREE)

    await counter.later(timedelta(seconds=1200))

    assert await counter.wait(ada=THREE) == 0


async def test_of_several_limits_all_are_counted_or_none(counter: Counter) -> None:
    for _ in range(3):
        await counter.wait(ada=THREE)

    refused = [await counter.wait(ada=THREE, office=THREE) > 0 for _ in range(5)]
    office = [await counter.wait(office=THREE) for _ in range(4)]

    assert all(refused)
    assert [wait > 0 for wait in office] == [False, False, False, True]


async def test_of_several_reached_limits_the_longest_wait_is_told(counter: Counter) -> None:
    one = Limit(1, HOUR)
    await counter.wait(ada=THREE, office=one)
    await counter.wait(ada=THREE)
    await counter.wait(ada=THREE)

    assert await counter.wait(ada=THREE, office=one) > 3590


async def test_many_at_once_get_no_more_than_there_are(counter: Counter) -> None:
    ten = Limit(10, HOUR)
    asked = [
        counter.wait(ada=ten, office=ten) if n % 2 else counter.wait(office=ten, ada=ten)
        for n in range(40)
    ]

    waits = await asyncio.gather(*asked)

    assert waits.count(0) == 10


async def test_what_says_nothing_any_more_is_deleted_in_passing(counter: Counter) -> None:
    for n in range(15):
        await counter.wait(**{f"person {n}": THREE})
    await counter.later(2 * HOUR)

    before = await counter.rows()
    await counter.wait(ada=THREE)
    await counter.wait(ada=THREE)

    assert (before, await counter.rows()) == (15, 1)


async def test_nobody_can_read_whom_a_row_is_about(counter: Counter) -> None:
    await counter.wait(**{"sign_in email ada@example.com": THREE})

    rows = await counter.owner.fetch("select r::text as row from rate_limits r")

    assert len(rows) == 1
    assert "ada" not in rows[0]["row"]


# --- against a model ----------------------------------------------------------------------------

# Whole steps, and times apart from them, so that no case stands on an edge that the real seconds
# between two statements could cross.
STEP, ASIDE = 1000, 20  # seconds
KEYS = {"a": Limit(2, timedelta(seconds=4 * STEP)), "b": Limit(5, timedelta(seconds=5 * STEP))}


@dataclass(slots=True)
class Model:
    """The same rule with a clock of its own."""

    now: float = 0
    spent_until: dict[str, float] = field(default_factory=dict)

    def wait(self, *keys: str) -> float:
        after = {key: max(self.spent_until.get(key, 0), self.now) + self._one(key) for key in keys}
        wait = max(after[key] - KEYS[key].per.total_seconds() - self.now for key in keys)
        if wait <= 0:
            self.spent_until |= after
        return max(wait, 0)

    def _one(self, key: str) -> float:
        return KEYS[key].per.total_seconds() / KEYS[key].times


MOVES = st.lists(
    st.one_of(
        st.sampled_from([("a",), ("b",), ("a", "b"), ("b", "a")]),
        st.integers(min_value=0, max_value=6),
    ),
    max_size=25,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moves=MOVES)
async def test_it_does_what_the_model_does(
    counter: Counter, moves: list[tuple[str, ...] | int]
) -> None:
    model = Model()
    await counter.forget()

    for move in moves:
        if isinstance(move, int):
            model.now += move * STEP + ASIDE
            await counter.later(timedelta(seconds=move * STEP + ASIDE))
        else:
            found = await counter.wait(**{key: KEYS[key] for key in move})
            assert found == pytest.approx(model.wait(*move), abs=ASIDE / 2)

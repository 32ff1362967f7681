"""How often things were asked for. The counting itself tests/store/test_rate_limits.py knows."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from bot.errors import TooMany
from bot.limits import Limit
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

THREE = Limit(3, timedelta(hours=1))


async def test_a_limit_is_told_with_the_time_to_wait(store: Store) -> None:
    key = uuid4().hex
    for _ in range(3):
        await store.rate_limits.take({key: THREE})

    with pytest.raises(TooMany) as refused:
        await store.rate_limits.take({key: THREE})

    assert timedelta(minutes=19) < refused.value.again_in <= timedelta(minutes=20)


async def test_where_one_limit_is_reached_none_is_counted(store: Store) -> None:
    reached, other = uuid4().hex, uuid4().hex
    for _ in range(3):
        await store.rate_limits.take({reached: THREE})
    for _ in range(3):
        with pytest.raises(TooMany):
            await store.rate_limits.take({other: THREE, reached: THREE})

    for _ in range(3):
        await store.rate_limits.take({other: THREE})


async def test_many_at_once_get_no_more_than_there_are(store: Store) -> None:
    keys = [uuid4().hex, uuid4().hex]
    asked = [
        store.rate_limits.take(dict.fromkeys(keys if n % 2 else reversed(keys), THREE))
        for n in range(12)
    ]

    outcomes = await asyncio.gather(*asked, return_exceptions=True)

    assert outcomes.count(None) == 3
    assert sum(isinstance(outcome, TooMany) for outcome in outcomes) == 9

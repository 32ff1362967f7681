"""The whole queue."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from bot.models import Lease
from bot.store.attention import StoredAttention
from bot.store.postgres import PostgresDatabase
from tests.store.contract.scenes import message, take
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

MINUTE = timedelta(minutes=1)
PASS = """
    update attention set due_at = due_at - $1::interval, leased_until = leased_until - $1::interval
"""


@pytest_asyncio.fixture(autouse=True, loop_scope="package")
async def _empty(store: Store) -> None:
    await store.owner.execute("delete from attention")


async def waiting(store: Store, *, wait: float = 0) -> str:
    """Somebody who wrote."""
    sender = store.sender()
    await take(store, message(sender), wait=wait)
    return sender.key


async def claimed(store: Store, *, limit: int = 10) -> list[Lease]:
    return list(await store.attention.claim(worker="w", limit=limit, lease=MINUTE))


async def failed(store: Store, held: Lease, *, most_failures: int | None) -> None:
    await store.attention.fail(held, error="E", again_in=timedelta(0), most_failures=most_failures)


def keys(leases: Iterable[Lease]) -> list[str]:
    return sorted(lease.key for lease in leases)


# --- claiming -----------------------------------------------------------------------------------


async def test_what_is_due_is_claimed_once(store: Store) -> None:
    due = [await waiting(store) for _ in range(2)]
    await waiting(store, wait=3)

    leases = await claimed(store)

    assert keys(leases) == sorted(due)
    assert [lease.attempts for lease in leases] == [1, 1]
    assert await claimed(store) == []


async def test_nobody_is_claimed_by_two_workers(store: Store) -> None:
    due = [await waiting(store) for _ in range(6)]

    shares = await asyncio.gather(*(claimed(store, limit=3) for _ in range(5)))

    assert keys(lease for share in shares for lease in share) == sorted(due)
    assert max(len(share) for share in shares) <= 3


async def test_a_lease_that_ran_out_is_claimed_again(store: Store) -> None:
    key = await waiting(store)
    (lost,) = await claimed(store)
    await store.owner.execute(PASS, MINUTE)

    (again,) = await claimed(store)

    assert (again.key, again.attempts) == (key, 2)
    assert again.id != lost.id


# --- holding ------------------------------------------------------------------------------------


async def test_a_beat_extends_what_is_still_held(store: Store) -> None:
    await waiting(store)
    (held,) = await claimed(store)
    await store.owner.execute(PASS, MINUTE / 2)

    kept = await store.attention.beat([held.id, uuid4()], lease=MINUTE)
    await store.owner.execute(PASS, MINUTE / 2)

    assert kept == {held.id}
    assert await claimed(store) == []


async def test_a_lease_that_somebody_else_took_is_held_no_more(store: Store) -> None:
    await waiting(store)
    (lost,) = await claimed(store)
    await store.owner.execute(PASS, MINUTE)
    (held,) = await claimed(store)

    assert await store.attention.beat([lost.id], lease=MINUTE) == set()
    await store.attention.finish(lost)
    await failed(store, lost, most_failures=1)
    assert await store.attention.beat([held.id], lease=MINUTE) == {held.id}


async def test_no_lease_is_none(store: Store) -> None:
    assert await store.attention.beat([], lease=MINUTE) == set()


# --- giving back --------------------------------------------------------------------------------


async def test_what_is_finished_waits_no_more(store: Store) -> None:
    await waiting(store)
    (held,) = await claimed(store)

    await store.attention.finish(held)

    assert await claimed(store) == []
    assert await store.attention.next_due() is None


async def test_what_came_in_the_meantime_is_due_again(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender))
    (held,) = await claimed(store)
    await take(store, message(sender))

    await store.attention.finish(held)

    (again,) = await claimed(store)
    assert (again.key, again.attempts) == (sender.key, 1)


async def test_what_failed_is_tried_again_in_its_time(store: Store) -> None:
    await waiting(store)
    (held,) = await claimed(store)

    await store.attention.fail(held, error="E", again_in=MINUTE, most_failures=None)

    due = await store.attention.next_due()
    assert due is not None
    assert due / timedelta(seconds=1) == pytest.approx(60, abs=2)
    assert await claimed(store) == []
    await store.owner.execute(PASS, MINUTE)
    assert [lease.attempts for lease in await claimed(store)] == [2]


async def test_too_many_failures_in_a_row_are_the_end(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender))
    for _ in range(3):
        (held,) = await claimed(store)
        await failed(store, held, most_failures=3)

    assert await claimed(store) == []
    assert await store.attention.next_due() is None
    await take(store, message(sender))
    assert [lease.attempts for lease in await claimed(store)] == [1]


async def test_what_is_nobodys_fault_does_not_count(store: Store) -> None:
    key = await waiting(store)
    for most in 3, 3, None, 3, 3:
        (held,) = await claimed(store)
        await failed(store, held, most_failures=most)

    assert keys(await claimed(store)) == [key]


# --- waiting ------------------------------------------------------------------------------------


async def test_in_an_empty_queue_nothing_is_due(store: Store) -> None:
    assert await store.attention.next_due() is None


async def test_the_next_is_due_after_its_wait(store: Store) -> None:
    await waiting(store, wait=5)
    await waiting(store, wait=3)

    due = await store.attention.next_due()

    assert due is not None
    assert due / timedelta(seconds=1) == pytest.approx(3, abs=1)


async def test_a_call_wakes_the_processes_that_listen(store: Store) -> None:
    """They listen directly, which is possible beside Supabase as well."""
    other = StoredAttention(PostgresDatabase(store.url))
    calls = other.woken()
    await anext(calls)  # it listens from now on

    async with asyncio.timeout(10):
        await store.attention.wake_others()
        await anext(calls)

    await calls.aclose()  # type: ignore[attr-defined]


async def test_nobody_wakes_themselves(store: Store) -> None:
    woken = asyncio.Event()

    async def listen() -> None:
        calls = store.attention.woken()
        with suppress(asyncio.CancelledError):
            async for _ in calls:
                woken.set()

    listening = asyncio.create_task(listen())
    with suppress(TimeoutError):  # through PostgREST nobody can be heard, not even at the start
        await asyncio.wait_for(woken.wait(), 0.2)
    woken.clear()
    await store.attention.wake_others()
    await take(store)  # another round trip, so that the call had its time

    assert not woken.is_set()
    listening.cancel()
    await listening

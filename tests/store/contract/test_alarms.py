"""What an operator has to see to: found once, told once, until it is cured."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from bot.upkeep import AlarmChange, AlarmName
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

NUMBER, ALLOWANCE = "900100200300", 1000

STOP = (
    "insert into whatsapp_numbers (phone_number_id, stopped_code, stopped_at)"
    " values ('900100200300', 131042, now())"
    " on conflict (phone_number_id) do update set stopped_code = 131042"
)
RESUME = "update whatsapp_numbers set stopped_code = null"
SEND = (
    "insert into service_messages (phone_number_id, month, accepted)"
    " values ('900100200300', date_trunc('month', now() at time zone 'utc'), {})"
)
NEXT_MONTH = "update service_messages set month = month - interval '1 month'"
GIVE_UP = (
    "insert into attention (key, due_at, dead) values ('wa:1', now(), true);"
    "insert into outbox (key, recipient, body, status, dead_at)"
    " values ('{}', 'wa:1', 'x', 'failed', now())"
)
DROP = "delete from attention; delete from outbox"
WAIT = "insert into attention (key, due_at) values ('wa:1', now() - interval '{} seconds')"
TRY_AGAIN = (
    "insert into attention (key, due_at, attempts, waiting_since, last_error)"
    " select 'wa:' || n, now() + interval '1 minute', 5, now() - interval '{} seconds', '{}'"
    " from generate_series(1, {}) n"
)


@pytest_asyncio.fixture(loop_scope="package", autouse=True)
async def _all_is_well(store: Store) -> AsyncIterator[None]:
    everything = "delete from alarms; delete from service_messages; delete from whatsapp_numbers;"
    await store.owner.execute(everything + DROP)
    yield
    await store.owner.execute(everything + DROP)


async def review(store: Store) -> list[AlarmChange]:
    return list(await store.alarms.review(NUMBER, ALLOWANCE))


async def tell(store: Store, change: AlarmChange) -> None:
    await store.alarms.told(change, ["log", "slack"], is_done=True)


async def test_while_all_is_well_there_is_no_alarm(store: Store) -> None:
    assert await review(store) == []
    assert await store.alarms.standing() == []


@pytest.mark.parametrize(
    ("wrong", "name", "figure", "cure"),
    [
        (STOP, AlarmName.SENDING_STOPPED, 131042, RESUME),
        (SEND.format(800), AlarmName.SERVICE_MESSAGE_ALLOWANCE, 80, NEXT_MONTH),
        (GIVE_UP.format("1"), AlarmName.DEAD_LETTERS, 2, DROP),
        (WAIT.format(150), AlarmName.QUEUE_WAITING, 150, DROP),
        (TRY_AGAIN.format(130, "ModelUnavailable", 3), AlarmName.MODEL_DOWN, 3, DROP),
    ],
)
async def test_an_alarm_stands_and_is_told_once_until_it_is_cured(
    store: Store, wrong: str, name: AlarmName, figure: int, cure: str
) -> None:
    await store.owner.execute(wrong)
    (raised,) = await review(store)
    await tell(store, raised)
    assert (raised.alarm.name, raised.is_cured) == (name, False)
    assert figure <= raised.alarm.figure < figure + 5  # seconds pass
    (standing,) = await store.alarms.standing()
    assert (standing.name, standing.since) == (name, raised.alarm.since)
    assert await review(store) == []

    await store.owner.execute(cure)
    (cured,) = await review(store)
    await tell(store, cured)
    assert (cured.alarm.name, cured.is_cured) == (name, True)
    assert await store.alarms.standing() == []
    assert await review(store) == []


@pytest.mark.parametrize(
    "little",
    [
        SEND.format(799),
        WAIT.format(110),
        TRY_AGAIN.format(110, "ModelUnavailable", 3),
        TRY_AGAIN.format(130, "Postponed", 3),
    ],
)
async def test_what_may_still_be_is_no_alarm(store: Store, little: str) -> None:
    await store.owner.execute(little)

    assert await review(store) == []


async def test_a_queue_that_wavers_is_told_once(store: Store) -> None:
    await store.owner.execute(WAIT.format(150))
    (raised,) = await review(store)
    await tell(store, raised)

    await store.owner.execute("update attention set due_at = now() - interval '90 seconds'")

    assert await review(store) == []
    assert len(await store.alarms.standing()) == 1


async def test_of_processes_that_look_at_the_same_moment_one_tells(store: Store) -> None:
    await store.owner.execute(STOP)

    found = await asyncio.gather(*(review(store) for _ in range(5)))

    assert sorted(map(len, found)) == [0, 0, 0, 0, 1]


async def test_another_process_tells_for_one_that_died(store: Store) -> None:
    await store.owner.execute(STOP)
    (raised,) = await review(store)
    await store.owner.execute("update alarms set telling_until = now() - interval '1 second'")

    assert await review(store) == [raised]


async def test_whoever_could_not_be_told_is_told_later(store: Store) -> None:
    await store.owner.execute(STOP)
    (raised,) = await review(store)

    await store.alarms.told(raised, ["log"], is_done=False)

    assert await review(store) == [replace(raised, told=frozenset({"log"}))]


async def test_that_it_was_raised_does_not_tell_that_it_is_cured(store: Store) -> None:
    await store.owner.execute(STOP)
    (raised,) = await review(store)
    await store.owner.execute(RESUME)
    await review(store)

    await tell(store, raised)  # late
    await store.owner.execute("update alarms set telling_until = null")

    (cured,) = await review(store)
    assert (cured.is_cured, cured.told) == (True, frozenset())


async def test_what_comes_again_is_a_new_alarm(store: Store) -> None:
    for change in (STOP, RESUME):
        await store.owner.execute(change)
        for told in await review(store):
            await tell(store, told)

    await store.owner.execute(STOP)

    (again,) = await review(store)
    assert (again.is_cured, again.told) == (False, frozenset())

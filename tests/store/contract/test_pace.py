"""How fast our number sends, and what one person gets."""

import asyncio

import pytest

from bot.errors import Cure
from tests.store.contract.outgoing import (
    MINUTE,
    SECOND,
    SLOWLY,
    paced,
    queued,
    refused,
)
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

# --- how fast -----------------------------------------------------------------------------------


async def test_a_number_sends_at_its_rate_whoever_gets_it(store: Store, number: str) -> None:
    waits = [await paced(store, number, per_second=SLOWLY) for _ in range(3)]

    assert waits == pytest.approx([0, 11, 22], abs=2)
    assert await paced(store, store.number(), per_second=SLOWLY) == 0


async def test_whoever_comes_back_has_kept_their_place_in_line(store: Store, number: str) -> None:
    ada = store.sender()
    await paced(store, number, per_second=SLOWLY)
    early = [await paced(store, number, ada, per_second=SLOWLY) for _ in range(3)]
    await paced(store, number, per_second=SLOWLY)

    in_time = "update whatsapp_chats set place_at = place_at - interval '12 s' where key = $1"
    await store.owner.execute(in_time, ada.key)

    assert early == pytest.approx([11, 11, 11], abs=2)
    assert await paced(store, number, ada, per_second=SLOWLY) == 0


async def test_behind_a_pause_they_come_one_by_one(store: Store, number: str) -> None:
    send = await queued(store)
    await paced(store, number)
    await refused(store, send.to, Cure.THROTTLED, number=number)

    waits = [await paced(store, number, per_second=1) for _ in range(3)]

    assert waits == pytest.approx([1, 3, 5], abs=1)


async def test_processes_share_what_a_number_may_send(store: Store, number: str) -> None:
    waits = await asyncio.gather(
        *(paced(store, number, per_second=SLOWLY, patience=MINUTE) for _ in range(5)),
    )

    assert sorted(waits) == pytest.approx([0, 11, 22, 33, 44], abs=2)


async def test_one_person_gets_ten_at_once_and_then_one_in_six_seconds(
    store: Store, number: str
) -> None:
    ada = store.sender()
    at_once = await asyncio.gather(*(paced(store, number, ada) for _ in range(10)))

    assert at_once == [0] * 10
    assert await paced(store, number, ada) == pytest.approx(6, abs=2)
    assert await paced(store, number) == 0
    passed = "update whatsapp_chats set paced_until = paced_until - $2::interval,"
    passed += " place_at = place_at - $2::interval"
    await store.owner.execute(f"{passed} where key = $1", ada.key, 6 * SECOND)
    assert await paced(store, number, ada) == 0
    assert await paced(store, number, ada) == pytest.approx(6, abs=2)

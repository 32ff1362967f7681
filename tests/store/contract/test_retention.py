"""What is not needed any more."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from bot.models import Send, Sender
from tests.store.contract.scenes import acquainted, answered, wamid
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

DAY = timedelta(days=1)
MONTH, YEAR = 30 * DAY, 365 * DAY
NUMBER = "900100200300"


async def forget(store: Store, *, updates: timedelta = MONTH, most: int = 10_000) -> int:
    return await store.retention.forget(
        updates=updates, sends=2 * MONTH, chats=3 * MONTH, silenced=YEAR, most=most
    )


@dataclass(frozen=True, slots=True)
class Rows:
    """What there is with a mark of its own, so that other tests' rows do not count."""

    store: Store
    mark: str

    async def updates(self) -> int:
        count = "select count(*) from inbox where key like '%' || $1 || '%'"
        return int(await self.store.owner.fetchval(count, self.mark))

    async def add_update(self, kind: str, *, age: timedelta, handled: bool = True) -> None:
        await self.store.owner.execute(
            "insert into inbox (key, kind, sent_at, received_at, position, payload, handled_at)"
            " values ($1, $2, now(), now() - $3::interval, 1, '{}', case when $4 then now() end)",
            f"{kind}:{self.mark}{uuid4().hex}",
            kind,
            age,
            handled,
        )


@pytest.fixture
def rows(store: Store) -> Rows:
    return Rows(store, uuid4().hex)


# --- updates ------------------------------------------------------------------------------------


async def test_updates_that_are_done_with_go_after_their_time(store: Store, rows: Rows) -> None:
    for kind in "message", "status", "other":
        await rows.add_update(kind, age=31 * DAY)
    await rows.add_update("status", age=31 * DAY, handled=False)  # parked, and nobody came for it
    await rows.add_update("message", age=29 * DAY)

    assert await forget(store) >= 4

    assert await rows.updates() == 1


async def test_a_message_that_nobody_looked_at_stays_for_ever(store: Store, rows: Rows) -> None:
    await rows.add_update("message", age=10 * YEAR, handled=False)

    await forget(store)

    assert await rows.updates() == 1


async def test_nothing_goes_that_meta_may_deliver_again(store: Store, rows: Rows) -> None:
    await rows.add_update("message", age=7 * DAY)

    await forget(store, updates=DAY)

    assert await rows.updates() == 1


async def test_no_more_than_asked_for_goes_at_once(store: Store, rows: Rows) -> None:
    await forget(store)
    for _ in range(3):
        await rows.add_update("other", age=31 * DAY)

    assert [await forget(store, most=2) for _ in range(3)] == [2, 1, 0]


# --- sends --------------------------------------------------------------------------------------

AGED = """
    update outbox set queued_at = now() - interval '61 days', status = $2::reply_status
    where id = $1
"""


@pytest.mark.parametrize(
    ("status", "stays"),
    [
        ("read", False),
        ("failed", False),
        ("queued", True),  # until they write
        ("sending", True),
    ],
)
async def test_of_old_sends_those_that_ended_go(store: Store, status: str, *, stays: bool) -> None:
    (send,) = await store.outbox.queue(uuid4().hex, store.sender(), "Welcome.")
    await store.owner.execute(AGED, send.id, status)

    await forget(store)

    assert await is_in_outbox(store, send) is stays
    await store.owner.execute("delete from outbox where id = $1", send.id)


async def test_a_dead_letter_waits_for_an_operator(store: Store) -> None:
    (send,) = await store.outbox.queue(uuid4().hex, store.sender(), "Welcome.")
    await store.owner.execute(AGED, send.id, "failed")
    await store.owner.execute("update outbox set dead_at = now() where id = $1", send.id)

    await forget(store)

    assert await is_in_outbox(store, send)
    await store.owner.execute("delete from outbox where id = $1", send.id)


async def is_in_outbox(store: Store, send: Send) -> bool:
    there = "select exists (select from outbox where id = $1)"
    return bool(await store.owner.fetchval(there, send.id))


async def test_what_was_said_stays_when_its_sending_is_forgotten(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)
    await store.outbox.sent(send.id, wamid(), NUMBER)
    await store.owner.execute(AGED, send.id, "read")

    await forget(store)

    assert len(await store.history.page(ada, limit=10, before=None)) == 2


# --- chats --------------------------------------------------------------------------------------


async def heard_of(
    store: Store, sender: Sender, *, ago: timedelta, silenced: timedelta | None = None
) -> None:
    await store.owner.execute(
        "insert into whatsapp_chats (key, last_heard_at, silenced_at)"
        " values ($1, now() - $2::interval, now() - $3::interval)",
        sender.key,
        ago,
        silenced,
    )


async def is_known(store: Store, sender: Sender) -> bool:
    there = "select exists (select from whatsapp_chats where key = $1)"
    return bool(await store.owner.fetchval(there, sender.key))


async def test_a_stranger_is_forgotten_some_time_after_their_last_message(store: Store) -> None:
    gone, recent, hidden = store.sender(), store.sender(), Sender(bsuid=f"NL.{uuid4().int}")
    for sender, days in (gone, 91), (hidden, 91), (recent, 89):
        await heard_of(store, sender, ago=days * DAY)

    await forget(store)

    assert [await is_known(store, one) for one in (gone, hidden, recent)] == [False, False, True]


async def test_somebody_with_an_account_is_not_forgotten(store: Store) -> None:
    _, sender = await acquainted(store)
    await store.owner.execute("delete from whatsapp_chats where key = $1", sender.key)
    await heard_of(store, sender, ago=10 * YEAR)

    await forget(store)

    assert await is_known(store, sender)


async def test_a_stop_is_kept_for_a_year(store: Store) -> None:
    kept, over = store.sender(), store.sender()
    await heard_of(store, kept, ago=364 * DAY, silenced=364 * DAY)
    await heard_of(store, over, ago=366 * DAY, silenced=366 * DAY)

    await forget(store)

    assert (await is_known(store, kept), await is_known(store, over)) == (True, False)


# --- beside others ------------------------------------------------------------------------------


async def test_one_process_at_a_time_forgets(store: Store, rows: Rows) -> None:
    await rows.add_update("other", age=31 * DAY)
    other = await asyncpg.connect(store.url)
    async with other.transaction():
        await other.execute("select pg_advisory_xact_lock(hashtextextended('forget_old', 0))")

        assert await forget(store) == 0

    await other.close()
    assert await forget(store) >= 1


async def test_what_somebody_is_at_work_on_is_left_until_later(store: Store, rows: Rows) -> None:
    for _ in range(2):
        await rows.add_update("other", age=31 * DAY)
    other = await asyncpg.connect(store.url)
    async with other.transaction():
        lock = "select from inbox where key like 'other:' || $1 || '%' limit 1 for update"
        await other.execute(lock, rows.mark)

        await forget(store)

        assert await rows.updates() == 1
    await other.close()

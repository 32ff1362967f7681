"""The updates that were stored before their delivery was acknowledged."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import StoreRejected
from bot.models import ReplyStatus, Send, StatusReport, Update, UpdateKind, Wamid
from bot.store.inbox import StoredInbox
from tests.ava import eventually
from tests.store.contract.scenes import acquainted, answered, message, take, wamid
from tests.store.contract.stores import LONGEST_WAIT, Store

pytestmark = pytest.mark.asyncio(loop_scope="package")


def report(
    status: ReplyStatus,
    *,
    of: Send | None = None,
    as_: Wamid | None = None,
    code: int | None = None,
) -> Update:
    """A status as a delivery brings it."""
    sent = as_ or wamid()
    said = StatusReport(wamid=sent, send_id=of.id if of else None, status=status, error_code=code)
    key = f"status:{sent}:{status}:1"
    return Update(key=key, kind=UpdateKind.STATUS, payload="{}", report=said)


async def status_of(store: Store, send: Send) -> tuple[str, int | None]:
    row = await store.owner.fetchrow("select status, error_code from outbox where id = $1", send.id)
    assert row is not None
    return row["status"], row["error_code"]


async def due_in(store: Store, key: str) -> float | None:
    """Seconds."""
    due: float | None = await store.owner.fetchval(
        "select extract(epoch from due_at - clock_timestamp())::float8 from attention"
        " where key = $1",
        key,
    )
    return due


# --- storing ------------------------------------------------------------------------------------


async def test_only_what_is_new_counts(store: Store) -> None:
    sender = store.sender()
    old, new = message(sender), message(sender)

    assert await take(store, old) == 1
    assert await take(store, old, new, new) == 1
    assert await take(store, old, new) == 0
    assert await take(store) == 0


async def test_a_delivery_that_comes_to_many_processes_at_once_is_new_once(store: Store) -> None:
    delivery = [(message(store.sender()), timedelta(0)) for _ in range(3)]
    processes = [StoredInbox(store.database, longest_wait=LONGEST_WAIT) for _ in range(6)]

    counts = await asyncio.gather(
        *(inbox.take(delivery[n % 3 :] + delivery[: n % 3]) for n, inbox in enumerate(processes)),
    )

    assert sum(counts) == 3


async def test_what_somebody_wrote_comes_in_order(store: Store) -> None:
    sender = store.sender()
    payloads = '"first"', '"second"', '"third"', '"fourth"'
    first, second, third, fourth = (message(sender, payload=payload) for payload in payloads)
    second = replace(second, sent_at=third.sent_at)
    first = message(sender, payload='"first"', ago=60)

    await take(store, second, third, fourth)
    await take(store, first, message(store.sender()))

    assert await store.inbox.arrivals(sender) == list(payloads)


async def test_what_is_put_aside_is_handled(store: Store) -> None:
    sender, sticker = store.sender(), wamid()
    await take(store, message(sender, key=f"message:{sticker}"), message(sender, payload='"x"'))

    await store.inbox.put_aside([sticker, wamid()])

    assert await store.inbox.arrivals(sender) == ['"x"']


async def test_payloads_come_back_as_they_were(store: Store) -> None:
    sender, payload = store.sender(), '{"text": "\\u0000 \\ud83c\\udf1e \\"quoted\\" \\\\ "}'
    await take(store, message(sender, payload=payload))

    assert await store.inbox.arrivals(sender) == [payload]


async def test_whoever_wrote_gets_attention_after_the_wait(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender), wait=3)
    first = await due_in(store, sender.key)
    await take(store, message(sender), wait=60)
    moved = await due_in(store, sender.key)

    assert first == pytest.approx(3, abs=1)
    assert moved == pytest.approx(6, abs=1)  # the longest wait


async def test_a_repeated_delivery_gets_no_attention(store: Store) -> None:
    sender = store.sender()
    update = message(sender)
    await take(store, update)
    await store.owner.execute("delete from attention where key = $1", sender.key)

    await take(store, update)

    assert await due_in(store, sender.key) is None


async def test_what_wants_no_attention_gets_none(store: Store) -> None:
    before = await store.owner.fetchval("select count(*) from attention")

    update = Update(key=f"other:{wamid()}", kind=UpdateKind.OTHER, payload="{}")
    assert await take(store, update) == 1
    assert await store.owner.fetchval("select count(*) from attention") == before


# --- reports ------------------------------------------------------------------------------------


async def test_a_report_moves_what_it_is_about(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)

    await take(store, report(ReplyStatus.DELIVERED, of=send))

    assert await status_of(store, send) == ("delivered", None)
    newest, _ = await store.history.page(ada, limit=10, before=None)
    assert newest.status is ReplyStatus.DELIVERED


async def test_a_report_without_our_id_is_matched_by_that_of_meta(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,), sent = await answered(store, ada, sender), wamid()
    await store.outbox.begin(send.id)
    await store.outbox.sent(send.id, sent)

    await take(store, report(ReplyStatus.READ, as_=sent))

    assert await status_of(store, send) == ("read", None)


async def test_reports_only_move_forward(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)

    for status in ReplyStatus.READ, ReplyStatus.DELIVERED, ReplyStatus.FAILED:
        await take(store, report(status, of=send))

    assert await status_of(store, send) == ("read", None)


async def test_of_several_reports_in_a_delivery_the_furthest_counts(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)

    await take(store, report(ReplyStatus.DELIVERED, of=send), report(ReplyStatus.SENT, of=send))

    assert await status_of(store, send) == ("delivered", None)


async def test_a_failure_keeps_the_code_of_meta(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)

    await take(store, report(ReplyStatus.FAILED, of=send, code=131026))

    assert await status_of(store, send) == ("failed", 131026)


# --- deliveries at the same time share a statement, and nothing else ----------------------------


async def test_each_of_many_deliveries_at_once_is_told_what_was_new(store: Store) -> None:
    sender = store.sender()
    old = message(sender)
    await take(store, old)

    new = await asyncio.gather(*(take(store, message(sender), old) for _ in range(50)))

    assert new == [1] * 50


async def test_an_update_that_the_database_refuses_spoils_no_other_delivery(store: Store) -> None:
    sender = store.sender()

    outcomes = await asyncio.gather(
        take(store, message(sender)),
        take(store, message(sender, payload="\0")),
        take(store, message(sender)),
        return_exceptions=True,
    )

    assert outcomes[0] == outcomes[2] == 1
    assert isinstance(outcomes[1], StoreRejected)
    assert len(await store.inbox.arrivals(sender)) == 2


async def test_a_delivery_is_stored_though_the_one_it_shares_with_is_given_up(
    store: Store,
) -> None:
    sender = store.sender()
    given_up = asyncio.create_task(take(store, message(sender)))
    await asyncio.sleep(0)
    other = asyncio.create_task(take(store, message(sender)))
    await asyncio.sleep(0)
    given_up.cancel()

    async def both_are_there() -> bool:
        return len(await store.inbox.arrivals(sender)) == 2

    assert await other == 1
    await eventually(both_are_there)

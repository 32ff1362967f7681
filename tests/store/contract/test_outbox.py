"""What is to be sent through WhatsApp."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from bot.models import Caller, Reply, ReplyStatus, SendId
from tests.store.contract.scenes import acquainted, answered, link, wamid
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

DAY = timedelta(days=1)
LATER = "update outbox set queued_at = queued_at - $1::interval where recipient = $2"


async def queued(store: Store) -> SendId:
    """A message to a stranger."""
    (send,) = await store.outbox.queue(uuid4().hex, store.sender(), "Welcome.")
    return send.id


async def status_of(store: Store, send: SendId) -> str:
    return str(await store.owner.fetchval("select status from outbox where id = $1", send))


async def reply_status(store: Store, caller: Caller) -> ReplyStatus | None:
    newest, *_ = await store.history.page(caller, limit=10, before=None)
    return newest.status


# --- queueing -----------------------------------------------------------------------------------


async def test_a_message_is_queued_once_for_each_key(store: Store) -> None:
    key, stranger = uuid4().hex, store.sender()

    queues = await asyncio.gather(
        *(store.outbox.queue(key, stranger, "Welcome.") for _ in range(6)),
    )

    assert sorted(len(queue) for queue in queues) == [0, 0, 0, 0, 0, 1]
    (send,) = await store.outbox.unsent(stranger)
    assert (send.to, send.text, send.status) == (stranger, "Welcome.", ReplyStatus.QUEUED)


async def test_a_message_may_come_again_after_its_time(store: Store) -> None:
    key, stranger = uuid4().hex, store.sender()
    (first,) = await store.outbox.queue(key, stranger, "Welcome.", again_after=DAY)
    await store.outbox.sent(first.id, wamid())

    early = await store.outbox.queue(key, stranger, "Welcome.", again_after=DAY)
    await store.owner.execute(LATER, DAY, stranger.key)
    late = await store.outbox.queue(key, stranger, "Welcome back.", again_after=DAY)

    assert early == []
    assert [send.text for send in late] == ["Welcome back."]
    assert await store.outbox.unsent(stranger) == late


async def test_what_is_unsent_comes_in_the_order_in_which_it_was_queued(store: Store) -> None:
    stranger = store.sender()
    for text in "3", "1", "2":
        await store.outbox.queue(uuid4().hex, stranger, text)

    unsent = await store.outbox.unsent(stranger)

    assert [send.text for send in unsent] == ["3", "1", "2"]
    assert await store.outbox.unsent(store.sender()) == []


# --- sending ------------------------------------------------------------------------------------


async def test_one_of_many_begins_to_send(store: Store) -> None:
    send = await queued(store)

    begun = await asyncio.gather(*(store.outbox.begin(send) for _ in range(6)))

    assert sorted(begun) == [False] * 5 + [True]
    assert await status_of(store, send) == "sending"


async def test_what_was_sent_is_unsent_no_more(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)
    await store.outbox.begin(send.id)
    await store.outbox.sent(send.id, wamid())

    assert await store.outbox.unsent(sender) == []
    assert await store.outbox.begin(send.id) is False
    assert await reply_status(store, ada) is ReplyStatus.SENT


async def test_what_certainly_was_not_sent_is_queued_again(store: Store) -> None:
    send = await queued(store)
    await store.outbox.begin(send)

    await store.outbox.requeue(send)

    assert await status_of(store, send) == "queued"
    assert await store.outbox.begin(send) is True


async def test_only_what_is_being_sent_is_queued_again(store: Store) -> None:
    send = await queued(store)
    await store.outbox.begin(send)
    await store.outbox.sent(send, wamid())

    await store.outbox.requeue(send)

    assert await status_of(store, send) == "sent"


async def test_what_failed_takes_the_parts_behind_it_along(store: Store) -> None:
    ada, sender = await acquainted(store)
    reply = Reply(text="One. Two.", parts=("One.", "Two."))
    first, _ = await answered(store, ada, sender, reply)
    await store.outbox.begin(first.id)

    await store.outbox.failed(first.id, 131047)

    assert await store.outbox.unsent(sender) == []
    assert await reply_status(store, ada) is ReplyStatus.FAILED
    code = await store.owner.fetchval("select error_code from outbox where id = $1", first.id)
    assert code == 131047


async def test_how_long_a_send_is_in_doubt_counts_from_the_first_doubt(store: Store) -> None:
    send = await queued(store)
    await store.outbox.begin(send)
    first = await store.outbox.doubted_for(send)
    # The server has not been up for a day; before that no status could have told us.
    earlier = "update outbox set doubted_at = doubted_at - interval '50 milliseconds' where id = $1"
    await store.owner.execute(earlier, send)

    second = await store.outbox.doubted_for(send)

    assert timedelta(0) <= first < timedelta(seconds=5)
    assert second - first >= timedelta(milliseconds=50)


async def test_a_new_try_starts_without_doubt(store: Store) -> None:
    send = await queued(store)
    await store.outbox.begin(send)
    await store.outbox.doubted_for(send)
    await store.outbox.requeue(send)

    doubted = "select doubted_at from outbox where id = $1"
    assert await store.owner.fetchval(doubted, send) is None


async def test_nobody_is_in_doubt_about_what_was_deleted(store: Store) -> None:
    nothing = SendId(uuid4())

    assert await store.outbox.doubted_for(nothing) == timedelta(0)
    assert await store.outbox.begin(nothing) is False


async def test_nothing_goes_to_a_number_that_is_theirs_no_more(store: Store) -> None:
    (ada, sender), ben = await acquainted(store), await store.person()
    (waiting,) = await answered(store, ada, sender)
    await link(store, ben, sender)

    assert await store.outbox.unsent(sender) == []
    assert await store.outbox.begin(waiting.id) is False
    assert await reply_status(store, ada) is ReplyStatus.FAILED


async def test_what_was_being_sent_while_a_number_went_is_not_tried_again(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)
    await store.outbox.begin(send.id)
    await store.phone_links.unlink(ada)

    await store.outbox.requeue(send.id)

    assert await status_of(store, send.id) == "failed"

"""What is to be sent through WhatsApp."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from bot.errors import Cure
from bot.models import (
    ReplyStatus,
    SendId,
    SendKind,
)
from tests.store.contract.outgoing import (
    DAY,
    LATER,
    begun,
    is_dead,
    other_news,
    queued,
    refused,
    reply_status,
    status_of,
)
from tests.store.contract.scenes import (
    acquainted,
    answered,
    attended,
    link,
    report,
    take,
    wamid,
)
from tests.store.contract.stores import NUMBER, Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

# --- queueing -----------------------------------------------------------------------------------


async def test_a_message_is_queued_once_for_each_key(store: Store) -> None:
    key, stranger = uuid4().hex, store.sender()

    queues = await asyncio.gather(
        *(store.outbox.queue(key, stranger, "Welcome.") for _ in range(6)),
    )

    assert sorted(len(queue) for queue in queues) == [0, 0, 0, 0, 0, 1]
    (send,) = await store.outbox.unsent(stranger)
    assert (send.to, send.text, send.status) == (stranger, "Welcome.", ReplyStatus.QUEUED)
    assert send.kind is SendKind.TEXT


async def test_a_message_may_come_again_after_its_time(store: Store) -> None:
    key, stranger = uuid4().hex, store.sender()
    (first,) = await store.outbox.queue(key, stranger, "Welcome.", again_after=DAY)
    await store.outbox.sent(first.id, wamid(), NUMBER)

    early = await store.outbox.queue(key, stranger, "Welcome.", again_after=DAY)
    await store.owner.execute(LATER, DAY, stranger.key)
    late = await store.outbox.queue(key, stranger, "Welcome back.", again_after=DAY)

    assert early == []
    assert [send.text for send in late] == ["Welcome back."]
    assert await store.outbox.unsent(stranger) == late


async def test_a_message_that_failed_comes_again_as_if_it_were_new(store: Store) -> None:
    key, stranger = uuid4().hex, store.sender()
    (first,) = await store.outbox.queue(key, stranger, "Welcome.", again_after=DAY)
    await refused(store, stranger, Cure.OURS)
    await store.owner.execute(LATER, DAY, stranger.key)

    (again,) = await store.outbox.queue(key, stranger, "Welcome.", again_after=DAY)

    assert again.id != first.id
    assert not await is_dead(store, again.id)
    assert await refused(store, stranger, Cure.THROTTLED) == 1


async def test_a_template_is_queued_as_one(store: Store) -> None:
    stranger = store.sender()
    await store.outbox.queue(uuid4().hex, stranger, "come_back:nl", kind=SendKind.TEMPLATE)

    (send,) = await store.outbox.unsent(stranger)

    assert (send.kind, send.text) == (SendKind.TEMPLATE, "come_back:nl")


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

    begun = await asyncio.gather(*(store.outbox.begin(send.id) for _ in range(6)))

    assert sorted(begun) == [False] * 5 + [True]
    assert await status_of(store, send.id) == "sending"


async def test_what_was_sent_is_unsent_no_more(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)
    await store.outbox.begin(send.id)
    await store.outbox.sent(send.id, wamid(), NUMBER)

    assert await store.outbox.unsent(sender) == []
    assert await store.outbox.begin(send.id) is False
    assert await reply_status(store, ada) is ReplyStatus.SENT


async def test_what_a_number_has_sent_in_a_month_is_counted_but_for_templates(
    store: Store, number: str
) -> None:
    for kind in SendKind.TEXT, SendKind.TEMPLATE, SendKind.TEXT:
        (send,) = await store.outbox.queue(uuid4().hex, store.sender(), "x:nl", kind=kind)
        await store.outbox.sent(send.id, wamid(), number)

    counted = await store.owner.fetch(
        "select accepted from service_messages"
        " where month = date_trunc('month', now() at time zone 'utc') and phone_number_id = $1",
        number,
    )
    assert [row["accepted"] for row in counted] == [2]


async def test_what_was_told_before_we_knew_is_applied_when_it_is_sent(store: Store) -> None:
    (ada, sender), sent = await acquainted(store), wamid()
    (send,) = await answered(store, ada, sender)
    await store.outbox.begin(send.id)
    await take(store, report(ReplyStatus.DELIVERED, as_=sent), report(ReplyStatus.SENT, as_=sent))
    before = await reply_status(store, ada)

    await store.outbox.sent(send.id, sent, NUMBER)

    assert before is ReplyStatus.SENDING
    assert await reply_status(store, ada) is ReplyStatus.DELIVERED
    parked = "select count(*) from inbox where key like $1 and handled_at is null"
    assert await store.owner.fetchval(parked, f"status:{sent}:%") == 0


async def test_a_refusal_that_was_told_before_we_knew_counts_when_it_is_sent(store: Store) -> None:
    send, sent = await begun(store), wamid()
    failed = report(ReplyStatus.FAILED, as_=sent, code=131016, cure=Cure.TRANSIENT)
    await take(store, failed)

    await store.outbox.sent(send.id, sent, NUMBER)

    (again,) = await store.outbox.unsent(send.to)
    assert again.status is ReplyStatus.QUEUED
    assert (await attended(store, send.to)).unsent == (again,)


# --- when nobody knows --------------------------------------------------------------------------


async def test_how_long_a_send_is_in_doubt_counts_from_the_first_doubt(store: Store) -> None:
    send = await begun(store)
    first = await store.outbox.doubt(send.id)
    # The server has not been up for a day; before that no status could have told us.
    earlier = "update outbox set doubted_at = doubted_at - interval '50 milliseconds' where id = $1"
    await store.owner.execute(earlier, send.id)
    await take(store, other_news())

    second = await store.outbox.doubt(send.id)

    assert first is not None
    assert second is not None
    assert timedelta(0) <= first < timedelta(seconds=5)
    assert second - first >= timedelta(milliseconds=50)


async def test_while_nothing_reaches_us_from_meta_no_time_counts_for_ten_minutes(
    store: Store,
) -> None:
    send = await begun(store)
    await store.outbox.doubt(send.id)
    silent = "update outbox set since = now() + interval '1 minute' where id = $1"
    await store.owner.execute(silent, send.id)

    assert await store.outbox.doubt(send.id) == timedelta(0)


async def test_what_nobody_heard_of_after_three_repeats_is_given_up(store: Store) -> None:
    send = await begun(store)
    repeated = []
    for _ in range(4):
        await store.outbox.doubt(send.id)
        repeated.append(await store.outbox.repeat(send.id))
        await store.outbox.begin(send.id)

    assert repeated == [True, True, True, False]
    assert await is_dead(store, send.id)
    assert await store.outbox.unsent(send.to) == []


async def test_nobody_is_in_doubt_about_what_is_known_or_was_deleted(store: Store) -> None:
    waiting, sent, nothing = await queued(store), await begun(store), SendId(uuid4())
    await store.outbox.sent(sent.id, wamid(), NUMBER)

    assert await store.outbox.doubt(waiting.id) is None
    assert await store.outbox.doubt(sent.id) is None
    assert await store.outbox.doubt(nothing) is None
    assert await store.outbox.begin(nothing) is False


async def test_what_nobody_heard_of_is_sent_again_without_doubt(store: Store) -> None:
    send = await begun(store)
    await store.outbox.doubt(send.id)

    await store.outbox.repeat(send.id)

    doubted = "select doubted_at from outbox where id = $1"
    assert await store.owner.fetchval(doubted, send.id) is None
    assert await store.outbox.begin(send.id) is True


async def test_only_what_is_being_sent_is_sent_again(store: Store) -> None:
    send = await begun(store)
    await store.outbox.sent(send.id, wamid(), NUMBER)

    await store.outbox.repeat(send.id)

    assert await status_of(store, send.id) == "sent"


# --- what is not sent any more ------------------------------------------------------------------


async def test_stop_cancels_what_is_queued(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)
    leaving = await queued(store, sender)
    await store.outbox.begin(leaving.id)

    await store.outbox.silence(sender, silenced=True)

    assert [send.id for send in await store.outbox.unsent(sender)] == [leaving.id]
    assert await reply_status(store, ada) is ReplyStatus.FAILED


async def test_what_left_before_stop_is_not_tried_again_after_it(store: Store) -> None:
    unheard_of, refused_ = await begun(store), await begun(store)
    for send in unheard_of, refused_:
        await store.outbox.silence(send.to, silenced=True)
    await store.outbox.repeat(unheard_of.id)
    await refused(store, refused_.to, Cure.TRANSIENT)

    for send in unheard_of, refused_:
        (again,) = await store.outbox.unsent(send.to)
        assert await store.outbox.begin(again.id) is False
        assert await store.outbox.unsent(send.to) == []


async def test_what_is_said_after_stop_is_sent(store: Store) -> None:
    """As that it was understood, or help."""
    ada = store.sender()
    await store.outbox.silence(ada, silenced=True)
    send = await queued(store, ada)

    assert await store.outbox.begin(send.id) is True


async def test_start_cancels_nothing(store: Store) -> None:
    waiting = await queued(store)

    await store.outbox.silence(waiting.to, silenced=False)

    assert await store.outbox.unsent(waiting.to) == [waiting]


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
    await store.outbox.repeat(send.id)

    assert await store.outbox.begin(send.id) is False
    assert await status_of(store, send.id) == "failed"
    assert not await is_dead(store, send.id)

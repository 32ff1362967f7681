"""What is to be sent through WhatsApp."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from bot.errors import Cure, SendRefused
from bot.models import (
    Caller,
    Reply,
    ReplyStatus,
    Send,
    Sender,
    SendId,
    SendKind,
    Update,
    UpdateKind,
)
from bot.store.inbox import StoredInbox
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

NOW, SECOND, MINUTE, DAY = (timedelta(seconds=seconds) for seconds in (0, 1, 60, 86_400))
LATER = "update outbox set queued_at = queued_at - $1::interval where recipient = $2"
PASS = """
    update whatsapp_numbers set
      paced_until = paced_until - $1::interval, slowed_at = slowed_at - $1::interval,
      paused_until = paused_until - $1::interval, probe_at = probe_at - $1::interval
    where phone_number_id = $2
"""
SLOWLY = 0.1  # messages a second; Ava stays below, at one in 11 seconds
ANY_CODE = 131000


@pytest_asyncio.fixture(name="number", loop_scope="package")
async def _number(store: Store) -> str:
    """A number of ours that nothing was sent from."""
    return store.number()


def other_news() -> Update:
    """Something that reaches us from Meta, and is about nobody."""
    return Update(key=f"other:{uuid4().hex}", kind=UpdateKind.OTHER, payload="{}")


async def queued(store: Store, to: Sender | None = None) -> Send:
    """A message to a stranger."""
    (send,) = await store.outbox.queue(uuid4().hex, to or store.sender(), "Welcome.")
    return send


async def begun(store: Store) -> Send:
    """A message that is being sent to a stranger."""
    send = await queued(store)
    assert await store.outbox.begin(send.id)
    return send


async def status_of(store: Store, send: SendId) -> str:
    return str(await store.owner.fetchval("select status from outbox where id = $1", send))


async def is_dead(store: Store, send: SendId) -> bool:
    dead = "select dead_at is not null from outbox where id = $1"
    return bool(await store.owner.fetchval(dead, send))


async def reply_status(store: Store, caller: Caller) -> ReplyStatus | None:
    newest, *_ = await store.history.page(caller, limit=10, before=None)
    return newest.status


async def paced(
    store: Store,
    number: str,
    to: Sender | None = None,
    *,
    per_second: float = 1000,
    patience: timedelta = NOW,
) -> float:
    """Return the seconds until a message may leave."""
    place = await store.outbox.pace(
        number, to or store.sender(), per_second=per_second, patience=patience
    )
    return place.wait / SECOND


async def gap(store: Store, number: str) -> float:
    """Return the seconds between two messages, once the number is neither busy nor paused."""
    free = "update whatsapp_numbers set paced_until = 'epoch', paused_until = null"
    await store.owner.execute(f"{free} where phone_number_id = $1", number)
    assert await paced(store, number, per_second=SLOWLY) == 0
    return await paced(store, number, per_second=SLOWLY)


async def refused(
    store: Store, to: Sender, cure: Cure, *, number: str = NUMBER, code: int | None = ANY_CODE
) -> float | None:
    """Refuse what is to be sent to them first; return the seconds until the next try."""
    first, *_ = await store.outbox.unsent(to)
    refusal = None if code is None else SendRefused(code, cure)
    again_in = await store.outbox.refused(first.id, refusal, number)
    return None if again_in is None else again_in / SECOND


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


async def test_what_nobody_heard_of_twice_is_given_up(store: Store) -> None:
    send = await begun(store)
    await store.outbox.doubt(send.id)
    first = await store.outbox.repeat(send.id)
    await store.outbox.begin(send.id)
    await store.outbox.doubt(send.id)

    second = await store.outbox.repeat(send.id)

    assert (first, second) == (True, False)
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


# --- refusals: each cure has one behaviour ------------------------------------------------------


async def test_after_an_outage_it_is_tried_again_ever_later_and_never_at_once_with_all(
    store: Store,
) -> None:
    stranger, expected = (await begun(store)).to, [1, 2, 4, 8, 16, 32, 64, 120, 120]

    waits = [await refused(store, stranger, Cure.TRANSIENT, code=None) for _ in expected]

    jitters = [
        wait / about for wait, about in zip(waits, expected, strict=True) if wait is not None
    ]
    assert len(jitters) == len(expected)
    assert len(set(jitters)) > 1
    assert all(0.8 <= jitter <= 1.2 for jitter in jitters)


async def test_what_nobody_understands_is_tried_three_times_and_is_dead_then(store: Store) -> None:
    send = await begun(store)
    waits = [await refused(store, send.to, Cure.FEW_TRIES) or 0 for _ in range(3)]
    (last,) = await store.outbox.unsent(send.to)

    assert await refused(store, send.to, Cure.FEW_TRIES) is None
    assert await store.outbox.unsent(send.to) == []
    assert await status_of(store, last.id) == "failed"
    assert await is_dead(store, last.id)
    assert all(0.8 <= wait / about <= 1.2 for wait, about in zip(waits, [2, 8, 32], strict=True))


async def test_what_something_else_cured_does_not_count_as_a_try(store: Store) -> None:
    send = await begun(store)
    for cure in (Cure.TRANSIENT, Cure.TRANSIENT, Cure.OPERATOR, Cure.OPERATOR):
        await refused(store, send.to, cure, number=store.number())

    again_in = await refused(store, send.to, Cure.FEW_TRIES)

    assert again_in == pytest.approx(2, abs=0.5)


async def test_a_throttle_pauses_the_number_and_halves_its_rate(store: Store, number: str) -> None:
    ada = store.sender()
    await queued(store, ada)
    await paced(store, number)

    waits = [await refused(store, ada, Cure.THROTTLED, number=number) for _ in range(2)]

    assert waits == [1, 2]
    assert await paced(store, number) == pytest.approx(2, abs=1)
    assert await gap(store, number) == pytest.approx(44, abs=2)


async def test_with_each_minute_a_slow_number_is_twice_as_fast_again(
    store: Store, number: str
) -> None:
    ada = store.sender()
    await queued(store, ada)
    await gap(store, number)
    for _ in range(2):
        await refused(store, ada, Cure.THROTTLED, number=number)

    gaps = []
    for _ in range(3):
        await store.owner.execute(PASS, MINUTE + 2 * SECOND, number)
        gaps.append(await gap(store, number))

    assert gaps == pytest.approx([22, 11, 11], abs=2)
    await refused(store, ada, Cure.THROTTLED, number=number)
    assert await gap(store, number) == pytest.approx(22, abs=2)


async def test_a_number_never_slows_down_for_good(store: Store, number: str) -> None:
    ada = store.sender()
    await queued(store, ada)
    await gap(store, number)

    waits = [await refused(store, ada, Cure.THROTTLED, number=number) for _ in range(8)]

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    assert await gap(store, number) == pytest.approx(11.1 * 2**6, abs=2)


async def test_too_many_to_one_person_make_that_person_wait_and_nobody_else(
    store: Store, number: str
) -> None:
    ada = store.sender()
    await queued(store, ada)
    await paced(store, number, ada)

    waits = [await refused(store, ada, Cure.PAIR_RATE, number=number) for _ in range(5)]

    assert waits == [1, 4, 16, 64, 64]
    assert await paced(store, number, ada) == pytest.approx(64, abs=2)
    assert await paced(store, number) == 0


async def test_what_an_operator_must_cure_stops_everybody_but_a_probe_in_half_a_minute(
    store: Store, number: str
) -> None:
    ada = store.sender()
    await queued(store, ada)

    again_in = await refused(store, ada, Cure.OPERATOR, number=number, code=131042)

    assert again_in == 30
    assert await paced(store, number) == pytest.approx(30, abs=2)
    assert await paced(store, store.number()) == 0
    await store.owner.execute(PASS, MINUTE / 2, number)
    probes = await asyncio.gather(*(paced(store, number) for _ in range(4)))
    assert sorted(probes) == pytest.approx([0, 30, 30, 30], abs=2)


async def test_how_long_a_number_is_stopped_counts_from_the_first_refusal(
    store: Store, number: str
) -> None:
    ada = store.sender()
    await queued(store, ada)
    await refused(store, ada, Cure.OPERATOR, number=number, code=190)
    stopped = "select stopped_code, stopped_at from whatsapp_numbers where phone_number_id = $1"
    first = await store.owner.fetchrow(stopped, number)

    await refused(store, ada, Cure.OPERATOR, number=number, code=131042)

    latest = await store.owner.fetchrow(stopped, number)
    assert first is not None
    assert latest is not None
    assert (first["stopped_code"], latest["stopped_code"]) == (190, 131042)
    assert first["stopped_at"] == latest["stopped_at"]


async def test_the_first_message_that_leaves_again_ends_the_stop_and_wakes_who_waits(
    store: Store, number: str
) -> None:
    probe, ben = await queued(store), store.sender()
    await refused(store, probe.to, Cure.OPERATOR, number=number)
    lease = await attended(store, ben)
    await store.attention.fail(lease, error="E", again_in=MINUTE, until_cured=True)

    (probe,) = await store.outbox.unsent(probe.to)
    await store.outbox.sent(probe.id, wamid(), number)

    assert await paced(store, number) == 0
    claimed = await store.attention.claim(worker="w", limit=1, lease=MINUTE)
    assert [lease.key for lease in claimed.leases] == [ben.key]


async def test_who_gives_up_just_when_it_is_cured_does_not_wait(store: Store, number: str) -> None:
    probe, ben = await queued(store), store.sender()
    await refused(store, probe.to, Cure.OPERATOR, number=number)
    lease = await attended(store, ben)
    (probe,) = await store.outbox.unsent(probe.to)
    await store.outbox.sent(probe.id, wamid(), number)
    await store.owner.execute("update whatsapp_numbers set stopped_code = null")

    await store.attention.fail(lease, error="E", again_in=MINUTE, until_cured=True)

    claimed = await store.attention.claim(worker="w", limit=1, lease=MINUTE)
    assert [lease.key for lease in claimed.leases] == [ben.key]


async def test_nothing_more_is_tried_with_whom_meta_does_not_reach(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)

    assert await refused(store, sender, Cure.UNREACHABLE, code=131026) is None
    assert await store.outbox.unsent(sender) == []
    assert await reply_status(store, ada) is ReplyStatus.FAILED
    assert not await is_dead(store, send.id)
    code = "select error_code from outbox where id = $1"
    assert await store.owner.fetchval(code, send.id) == 131026


async def test_what_comes_after_24_hours_is_held_until_they_write(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)

    assert await refused(store, sender, Cure.WINDOW_CLOSED, code=131047) is None
    (held,) = await store.outbox.unsent(sender)
    assert held.status is ReplyStatus.QUEUED
    assert await reply_status(store, ada) is ReplyStatus.QUEUED
    assert await store.outbox.begin(held.id) is True


async def test_what_our_own_code_must_cure_is_dead_at_once(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)

    assert await refused(store, sender, Cure.OURS, code=100) is None
    assert await store.outbox.unsent(sender) == []
    assert await reply_status(store, ada) is ReplyStatus.FAILED
    assert await is_dead(store, send.id)


# --- what a refusal means for the parts of a reply ----------------------------------------------

TWO_PARTS = Reply(text="One. Two.", parts=("One.", "Two."))


async def test_no_template_goes_to_who_said_stop(store: Store) -> None:
    stranger = store.sender()
    await store.outbox.silence(stranger, silenced=True)
    (send,) = await store.outbox.queue(uuid4().hex, stranger, "t:en", kind=SendKind.TEMPLATE)

    assert await store.outbox.begin(send.id) is False
    assert await store.outbox.unsent(stranger) == []


async def test_a_stop_that_a_status_told_of_ends_with_a_status(store: Store, number: str) -> None:
    inbox = StoredInbox(store.database, number=number, longest_wait=MINUTE)
    first, second = await begun(store), await begun(store)
    await store.outbox.sent(first.id, wamid(), number)
    failed = report(ReplyStatus.FAILED, of=first, code=131042, cure=Cure.OPERATOR)
    await inbox.take([(failed, NOW)])

    await store.outbox.sent(second.id, wamid(), number)
    after_the_answer = await paced(store, number)
    await store.owner.execute("update outbox set since = now() + $2 where id = $1", second.id, NOW)
    await inbox.take([(report(ReplyStatus.DELIVERED, of=second), NOW)])

    assert after_the_answer > 20
    assert await paced(store, number) < 1


async def test_a_part_that_failed_before_its_answer_came_holds_up_what_follows(
    store: Store,
) -> None:
    send, as_ = await begun(store), wamid()
    await take(store, report(ReplyStatus.FAILED, of=send, as_=as_, code=2, cure=Cure.TRANSIENT))

    assert await store.outbox.sent(send.id, as_, NUMBER) is False


async def test_a_template_that_meta_will_not_have_stops_nothing_else(
    store: Store, number: str
) -> None:
    stranger = store.sender()
    (send,) = await store.outbox.queue(uuid4().hex, stranger, "t:en", kind=SendKind.TEMPLATE)

    refusal = SendRefused(132015, Cure.OPERATOR, "paused")
    assert await store.outbox.refused(send.id, refusal, number) is None

    assert await is_dead(store, send.id)
    assert await paced(store, number) == 0
    details = "select error_details from outbox where id = $1"
    assert await store.owner.fetchval(details, send.id) == "paused"


async def test_what_failed_takes_the_parts_behind_it_along(store: Store) -> None:
    ada, sender = await acquainted(store)
    _, behind = await answered(store, ada, sender, TWO_PARTS)

    await refused(store, sender, Cure.OURS)

    assert await store.outbox.unsent(sender) == []
    assert await status_of(store, behind.id) == "failed"
    assert not await is_dead(store, behind.id)


async def test_what_is_tried_again_stays_before_the_parts_behind_it(store: Store) -> None:
    ada, sender = await acquainted(store)
    first, _ = await answered(store, ada, sender, TWO_PARTS)
    await store.outbox.begin(first.id)

    await refused(store, sender, Cure.TRANSIENT)

    unsent = await store.outbox.unsent(sender)
    assert [send.text for send in unsent] == ["One.", "Two."]
    assert {send.status for send in unsent} == {ReplyStatus.QUEUED}


async def test_what_is_told_of_a_refused_try_says_nothing_about_the_next(store: Store) -> None:
    send = await begun(store)
    await refused(store, send.to, Cure.TRANSIENT)
    (again,) = await store.outbox.unsent(send.to)

    await take(store, report(ReplyStatus.FAILED, of=send, code=100, cure=Cure.OURS))
    await take(store, report(ReplyStatus.DELIVERED, of=send))
    await store.outbox.sent(send.id, wamid(), NUMBER)

    assert again.id != send.id
    assert await store.outbox.begin(send.id) is False
    assert await store.outbox.unsent(send.to) == [again]


@pytest.mark.parametrize("cure", Cure)
async def test_what_has_arrived_is_refused_no_more(store: Store, cure: Cure) -> None:
    send, number = await begun(store), store.number()
    await take(store, report(ReplyStatus.DELIVERED, of=send))

    assert await store.outbox.refused(send.id, SendRefused(ANY_CODE, cure), number) is None
    assert await status_of(store, send.id) == "delivered"
    assert await paced(store, number) == 0


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

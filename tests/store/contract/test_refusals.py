"""What Meta refuses: each cure has one behaviour."""

import asyncio
from uuid import uuid4

import pytest

from bot.errors import Cure, SendRefused
from bot.models import (
    Reply,
    ReplyStatus,
    SendKind,
)
from bot.store.inbox import StoredInbox
from tests.store.contract.outgoing import (
    ANY_CODE,
    MINUTE,
    NOW,
    PASS,
    SECOND,
    begun,
    gap,
    is_dead,
    paced,
    queued,
    refused,
    reply_status,
    status_of,
)
from tests.store.contract.scenes import (
    acquainted,
    answered,
    attended,
    report,
    take,
    wamid,
)
from tests.store.contract.stores import NUMBER, Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

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

"""The whole queue."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from bot.errors import Cure, SendRefused
from bot.models import Chat, Claimed, Lease, Sender
from bot.store.attention import StoredAttention
from bot.store.postgres import PostgresDatabase
from tests.store.contract.scenes import (
    acquainted,
    answered,
    attended,
    code_for,
    message,
    take,
    wamid,
)
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
PASS = """
    update attention set due_at = due_at - $1::interval, leased_until = leased_until - $1::interval
"""


@pytest_asyncio.fixture(autouse=True, loop_scope="package")
async def _empty(store: Store) -> None:
    await store.owner.execute("delete from attention")
    await store.owner.execute("delete from whatsapp_numbers")


async def waiting(store: Store, *, wait: float = 0) -> str:
    """Somebody who wrote."""
    sender = store.sender()
    await take(store, message(sender), wait=wait)
    return sender.key


async def claim(
    store: Store, *, limit: int = 10, done: Sequence[Lease] = (), held: Sequence[Lease] = ()
) -> Claimed:
    return await store.attention.claim(worker="w", limit=limit, lease=MINUTE, done=done, held=held)


async def claimed(store: Store, *, limit: int = 10) -> list[Lease]:
    return list((await claim(store, limit=limit)).leases)


async def next_due(store: Store) -> float | None:
    """Seconds."""
    due = (await claim(store, limit=0)).next_due
    return None if due is None else due / SECOND


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


# --- what a claim brings ------------------------------------------------------------------------


async def test_it_brings_who_waits_what_they_wrote_and_what_is_unsent(store: Store) -> None:
    ada, number = await store.person(), store.sender()
    sender = Sender(wa_id=number.wa_id, bsuid=f"NL.{number.wa_id}")
    await store.people.redeem(await code_for(store, ada, sender), sender, wamid())
    sends = await answered(store, ada, number)
    sends += await store.outbox.queue(uuid4().hex, number, "Welcome.")
    await take(store, message(sender, payload='"second"'))
    await take(store, message(sender, payload='"first"', ago=60))

    (lease,) = await claimed(store)

    assert (lease.key, lease.person, lease.bsuid) == (number.key, ada.id, sender.bsuid)
    assert lease.arrivals == ('"first"', '"second"')
    assert list(lease.unsent) == sends
    assert lease.chat == Chat()


async def test_what_is_handled_or_sent_is_not_brought(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)
    await store.outbox.begin(send.id)
    await store.outbox.sent(send.id, wamid(), store.number())
    sticker = wamid()
    await take(store, message(sender, key=f"message:{sticker}"))
    await store.inbox.put_aside([sticker])

    (lease,) = await claimed(store)

    assert (lease.arrivals, lease.unsent) == ((), ())


async def test_of_a_stranger_it_brings_what_they_wrote(store: Store) -> None:
    stranger = Sender(bsuid=f"NL.{store.sender().wa_id}")
    await take(store, message(stranger, payload='"hi"'))

    (lease,) = await claimed(store)

    assert (lease.key, lease.person, lease.bsuid) == (stranger.key, None, None)
    assert lease.arrivals == ('"hi"',)


async def test_of_somebody_in_the_app_it_brings_only_who_it_is(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)
    await store.history.say(ada, "Hi.")

    (lease,) = await claimed(store)

    assert lease == Lease(key=f"app:{ada.id}", id=lease.id, attempts=1)


@pytest.mark.parametrize(("ago", "is_open"), [(23.9, True), (23.95, False), (25, False)])
async def test_a_chat_is_open_for_24_hours_but_five_minutes_after_their_last_message(
    store: Store, ago: float, *, is_open: bool
) -> None:
    """By the clock of Meta."""
    sender = store.sender()
    await take(store, message(sender, ago=48 * 3600), message(sender, ago=ago * 3600))

    (lease,) = await claimed(store)

    assert lease.chat == Chat(is_open=is_open)


async def test_what_comes_late_does_not_close_a_chat(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender))
    await claimed(store)
    await store.owner.execute("update inbox set handled_at = now() where sender = $1", sender.key)
    await take(store, message(sender, ago=48 * 3600))

    assert (await attended(store, sender)).chat == Chat(is_open=True)


@pytest.mark.parametrize(
    ("cure", "chat"),
    [
        (Cure.WINDOW_CLOSED, Chat(is_open=False)),
        (Cure.UNREACHABLE, Chat(is_unreachable=True)),
    ],
)
async def test_a_chat_that_meta_calls_closed_is_so_until_they_write(
    store: Store, cure: Cure, chat: Chat
) -> None:
    sender = store.sender()
    await attended(store, sender)
    await take(store, message(sender))
    await attended(store, sender)
    (send,) = await store.outbox.queue(uuid4().hex, sender, "Welcome.")
    await store.owner.execute("update inbox set handled_at = now() where sender = $1", sender.key)

    await store.outbox.refused(send.id, SendRefused(131047, cure), store.number())

    assert (await attended(store, sender)).chat == chat
    await take(store, message(sender))
    assert (await attended(store, sender)).chat == Chat()


async def test_a_chat_is_silenced_from_stop_to_start(store: Store) -> None:
    sender = store.sender()
    await store.outbox.silence(sender, silenced=True)
    await take(store, message(sender))
    said_stop = await attended(store, sender)

    await store.outbox.silence(sender, silenced=False)
    said_start = await attended(store, sender)

    assert said_stop.chat == Chat(is_silenced=True)
    assert said_start.chat == Chat()


async def test_stop_holds_whatever_the_id_by_which_they_write(store: Store) -> None:
    ada, sender = await acquainted(store)
    known = Sender(wa_id=sender.wa_id, bsuid=f"NL.{sender.wa_id}")
    await store.people.recognise(known)
    other = Sender(bsuid=known.bsuid)

    await store.outbox.silence(other, silenced=True)
    silenced = (await attended(store, sender)).chat.is_silenced
    await store.outbox.silence(sender, silenced=False)

    assert silenced
    assert not (await attended(store, other)).chat.is_silenced
    assert ada.id == (await attended(store, sender)).person


async def test_of_many_messages_the_first_come_and_the_others_are_told_of(store: Store) -> None:
    sender = store.sender()
    await take(store, *(message(sender, payload=f'"{number}"') for number in range(201)))

    lease = await attended(store, sender)

    assert (len(lease.arrivals), lease.has_more) == (200, True)
    assert lease.arrivals[0] == '"0"'


async def test_while_a_number_is_stopped_it_tells_for_how_long(store: Store) -> None:
    sender, number = store.sender(), store.number()
    (send,) = await store.outbox.queue(uuid4().hex, sender, "Welcome.")
    await store.outbox.refused(send.id, SendRefused(190, Cure.OPERATOR), number)

    stopped_for = (await attended(store, sender)).chat.stopped_for

    assert stopped_for is not None
    assert stopped_for / SECOND == pytest.approx(30, abs=5)
    await store.owner.execute("update whatsapp_numbers set probe_at = probe_at - interval '1 min'")
    assert (await attended(store, sender)).chat.stopped_for is None


# --- holding ------------------------------------------------------------------------------------


async def test_a_beat_extends_what_is_still_held(store: Store) -> None:
    await waiting(store)
    (held,) = await claimed(store)
    await store.owner.execute(PASS, MINUTE / 2)

    kept = await store.attention.beat([held, replace(held, id=uuid4())], lease=MINUTE)
    await store.owner.execute(PASS, MINUTE / 2)

    assert kept == {held.id}
    assert await claimed(store) == []


async def test_a_lease_that_somebody_else_took_is_held_no_more(store: Store) -> None:
    await waiting(store)
    (lost,) = await claimed(store)
    await store.owner.execute(PASS, MINUTE)
    (held,) = await claimed(store)

    assert await store.attention.beat([lost], lease=MINUTE) == set()
    await claim(store, done=[lost])
    await failed(store, lost, most_failures=1)
    assert await store.attention.beat([held], lease=MINUTE) == {held.id}


async def test_no_lease_is_none(store: Store) -> None:
    assert await store.attention.beat([], lease=MINUTE) == set()


async def test_a_worker_hears_for_which_of_those_it_holds_more_has_come(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender))
    await waiting(store)
    held = await claimed(store)
    (joined,) = [lease for lease in held if lease.key == sender.key]

    before = await claim(store, held=held)
    await take(store, message(sender))
    after = await claim(store, held=held)

    assert before.joined == frozenset()
    assert after.joined == {joined.id}
    assert after.leases == ()


async def test_a_worker_hears_nothing_of_what_another_holds(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender))
    lost = await claimed(store)
    await store.owner.execute(PASS, MINUTE)
    await store.attention.claim(worker="another", limit=1, lease=MINUTE)
    await take(store, message(sender))

    assert (await claim(store, held=lost)).joined == frozenset()


# --- giving back --------------------------------------------------------------------------------


async def test_what_is_done_waits_no_more(store: Store) -> None:
    await waiting(store)
    done = await claimed(store)

    assert await claim(store, done=done) == Claimed(leases=(), joined=frozenset(), next_due=None)


async def test_what_came_in_the_meantime_is_claimed_as_the_rest_is_given_back(
    store: Store,
) -> None:
    sender = store.sender()
    await take(store, message(sender))
    await waiting(store)
    done = await claimed(store)
    await take(store, message(sender))

    (again,) = (await claim(store, done=done)).leases

    assert (again.key, again.attempts) == (sender.key, 1)


async def test_what_came_in_the_meantime_keeps_its_own_wait(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender))
    done = await claimed(store)
    await take(store, message(sender), wait=3)

    given_back = await claim(store, done=done)

    assert given_back.leases == ()
    assert given_back.next_due is not None
    assert given_back.next_due / SECOND == pytest.approx(3, abs=1)


async def test_nothing_is_lost_that_comes_while_it_is_given_back(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender))
    done = await claimed(store)

    await asyncio.gather(claim(store, done=done, limit=0), take(store, message(sender)))

    assert keys(await claimed(store)) == [sender.key]


async def test_what_failed_is_tried_again_in_its_time(store: Store) -> None:
    await waiting(store)
    (held,) = await claimed(store)

    await store.attention.fail(held, error="E", again_in=MINUTE)

    assert await next_due(store) == pytest.approx(60, abs=2)
    assert await claimed(store) == []
    await store.owner.execute(PASS, MINUTE)
    assert [lease.attempts for lease in await claimed(store)] == [2]


async def test_too_many_failures_in_a_row_are_the_end_until_they_write(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender))
    for _ in range(3):
        (held,) = await claimed(store)
        await failed(store, held, most_failures=3)

    assert await claimed(store) == []
    assert await next_due(store) is None
    await take(store, message(sender))
    assert [lease.attempts for lease in await claimed(store)] == [1]


async def test_what_is_nobodys_fault_does_not_count(store: Store) -> None:
    key = await waiting(store)
    for most in 3, 3, None, 3, 3:
        (held,) = await claimed(store)
        await failed(store, held, most_failures=most)

    assert keys(await claimed(store)) == [key]


@pytest.mark.parametrize("is_held", [True, False], ids=["while held", "later"])
async def test_whoever_writes_after_a_failure_is_attended_to_sooner(
    store: Store, *, is_held: bool
) -> None:
    sender = store.sender()
    await take(store, message(sender))
    (held,) = await claimed(store)

    if is_held:
        await take(store, message(sender), wait=3)
    await store.attention.fail(held, error="E", again_in=MINUTE)
    if not is_held:
        await take(store, message(sender), wait=3)

    assert await next_due(store) == pytest.approx(3, abs=1)


@pytest.mark.parametrize("is_held", [True, False], ids=["while held", "later"])
async def test_whoever_writes_after_a_failure_does_not_wait_longer(
    store: Store, *, is_held: bool
) -> None:
    sender = store.sender()
    await take(store, message(sender))
    (held,) = await claimed(store)

    if is_held:
        await take(store, message(sender), wait=60)
    await store.attention.fail(held, error="E", again_in=3 * SECOND)
    if not is_held:
        await take(store, message(sender), wait=60)

    assert await next_due(store) == pytest.approx(3, abs=1)


# --- waiting ------------------------------------------------------------------------------------


async def test_in_an_empty_queue_nothing_is_due(store: Store) -> None:
    assert await next_due(store) is None


async def test_the_next_is_due_after_its_wait(store: Store) -> None:
    await waiting(store, wait=5)
    await waiting(store, wait=3)

    assert await next_due(store) == pytest.approx(3, abs=1)


async def test_what_is_over_the_limit_is_due_now(store: Store) -> None:
    await waiting(store)

    assert await next_due(store) == 0


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

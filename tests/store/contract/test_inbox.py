"""The updates that were stored before their delivery was acknowledged."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from bot.errors import Cure, StoreRejected
from bot.models import ReplyStatus, Send, Sender, Update, UpdateKind, Wamid
from bot.store.inbox import StoredInbox
from tests.ava import eventually
from tests.store.contract.scenes import (
    acquainted,
    answered,
    attended,
    message,
    report,
    take,
    wamid,
)
from tests.store.contract.stores import LONGEST_WAIT, NUMBER, Store

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def arrivals(store: Store, sender: Sender) -> list[str]:
    """The payloads that nobody has looked at, in order."""
    return list((await attended(store, sender)).arrivals)


async def sent(store: Store, sender: Sender, *, number: str = NUMBER) -> tuple[Send, Wamid]:
    """A message that Meta accepted, to somebody with whom we have a chat."""
    await attended(store, sender)
    await store.outbox.pace(number, sender, per_second=1000, patience=timedelta(0))
    (send,), as_ = await store.outbox.queue(uuid4().hex, sender, "Welcome."), wamid()
    await store.outbox.begin(send.id)
    await store.outbox.sent(send.id, as_, number)
    await store.owner.execute("delete from attention")
    return send, as_


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
    processes = [
        StoredInbox(store.database, number=NUMBER, longest_wait=LONGEST_WAIT) for _ in range(6)
    ]

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

    assert await arrivals(store, sender) == list(payloads)


async def test_what_is_put_aside_is_handled(store: Store) -> None:
    sender, sticker = store.sender(), wamid()
    await take(store, message(sender, key=f"message:{sticker}"), message(sender, payload='"x"'))

    await store.inbox.put_aside([sticker, wamid()])

    assert await arrivals(store, sender) == ['"x"']


async def test_payloads_come_back_as_they_were(store: Store) -> None:
    sender, payload = store.sender(), '{"text": "\\u0000 \\ud83c\\udf1e \\"quoted\\" \\\\ "}'
    await take(store, message(sender, payload=payload))

    assert await arrivals(store, sender) == [payload]


async def test_whoever_wrote_gets_attention_after_the_wait(store: Store) -> None:
    sender = store.sender()
    await take(store, message(sender), wait=3)
    first = await due_in(store, sender.key)
    await take(store, message(sender), wait=60)
    moved = await due_in(store, sender.key)

    assert first == pytest.approx(3, abs=1)
    assert moved == pytest.approx(6, abs=1)  # the longest wait


async def test_a_message_that_says_nothing_is_kept_and_gets_no_attention(store: Store) -> None:
    sender = store.sender()
    reaction = replace(message(sender), is_said=False)

    assert await take(store, reaction) == 1
    assert await take(store, reaction) == 0
    assert await due_in(store, sender.key) is None
    assert await arrivals(store, sender) == []


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
    (send,), as_ = await answered(store, ada, sender), wamid()
    await store.outbox.begin(send.id)
    await store.outbox.sent(send.id, as_, NUMBER)

    await take(store, report(ReplyStatus.READ, as_=as_))

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


async def test_of_several_reports_in_a_delivery_a_failure_beats_that_it_was_sent(
    store: Store,
) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)

    await take(
        store,
        report(ReplyStatus.FAILED, of=send, code=131026, cure=Cure.UNREACHABLE),
        report(ReplyStatus.SENT, of=send),
    )

    assert await status_of(store, send) == ("failed", 131026)


async def test_a_report_ends_the_doubt_and_wakes_who_waits_for_it(store: Store) -> None:
    doubted, certain = store.sender(), store.sender()
    for sender in doubted, certain:
        (send,) = await store.outbox.queue(uuid4().hex, sender, "Welcome.")
        await store.outbox.begin(send.id)
        if sender == doubted:
            await store.outbox.doubt(send.id)
        await take(store, report(ReplyStatus.SENT, of=send))

    assert await due_in(store, doubted.key) == pytest.approx(0, abs=1)
    assert await due_in(store, certain.key) is None
    assert await store.outbox.unsent(doubted) == []


# --- what failed after Meta had accepted it -----------------------------------------------------


@pytest.mark.parametrize(
    ("cure", "again_in"),
    [
        (Cure.TRANSIENT, 1),
        (Cure.FEW_TRIES, 2),
        (Cure.THROTTLED, 1),
        (Cure.PAIR_RATE, 1),
        (Cure.OPERATOR, 30),
    ],
)
async def test_what_may_be_tried_again_is_queued_and_somebody_looks_after_it(
    store: Store, cure: Cure, again_in: float
) -> None:
    sender, number = store.sender(), store.number()
    send, as_ = await sent(store, sender, number=number)
    inbox = StoredInbox(store.database, number=number, longest_wait=LONGEST_WAIT)

    failed = report(ReplyStatus.FAILED, as_=as_, code=131000, cure=cure)
    await inbox.take([(failed, timedelta(0))])

    assert await due_in(store, sender.key) == pytest.approx(again_in, abs=1)
    (again,) = await store.outbox.unsent(sender)
    assert (again.status, again.text) == (ReplyStatus.QUEUED, send.text)
    assert again.id != send.id
    await take(store, report(ReplyStatus.DELIVERED, as_=as_))
    assert await store.outbox.unsent(sender) == [again]


@pytest.mark.parametrize(
    ("cure", "waits"),
    [(Cure.THROTTLED, (1, 1)), (Cure.PAIR_RATE, (1, 0)), (Cure.OPERATOR, (30, 30))],
)
async def test_it_slows_down_whom_an_answer_of_meta_would(
    store: Store, cure: Cure, waits: tuple[float, float]
) -> None:
    ada, ben, number = store.sender(), store.sender(), store.number()
    _, as_ = await sent(store, ada, number=number)
    inbox = StoredInbox(store.database, number=number, longest_wait=LONGEST_WAIT)

    failed = report(ReplyStatus.FAILED, as_=as_, code=131000, cure=cure)
    await inbox.take([(failed, timedelta(0))])

    seconds = [
        place.wait / timedelta(seconds=1)
        for to in (ada, ben)
        if (place := await store.outbox.pace(number, to, per_second=1000, patience=timedelta(0)))
    ]
    assert seconds == pytest.approx(waits, abs=1)


async def test_what_came_after_24_hours_is_held_until_they_write(store: Store) -> None:
    sender = store.sender()
    send, as_ = await sent(store, sender)

    failed = report(ReplyStatus.FAILED, as_=as_, code=131047, cure=Cure.WINDOW_CLOSED)
    await take(store, failed)

    assert await due_in(store, sender.key) == pytest.approx(0, abs=1)  # for a template
    lease = await attended(store, sender)
    assert not lease.chat.is_open
    assert [held.text for held in lease.unsent] == [send.text]
    await take(store, message(sender))
    assert (await attended(store, sender)).chat.is_open


async def test_whom_meta_does_not_reach_is_not_tried_again_until_they_write(store: Store) -> None:
    sender = store.sender()
    _, as_ = await sent(store, sender)

    failed = report(ReplyStatus.FAILED, as_=as_, code=131026, cure=Cure.UNREACHABLE)
    await take(store, failed)

    assert await due_in(store, sender.key) is None
    lease = await attended(store, sender)
    assert lease.chat.is_unreachable
    assert lease.unsent == ()
    await take(store, message(sender))
    assert not (await attended(store, sender)).chat.is_unreachable


@pytest.mark.parametrize(
    ("cure", "code"), [(Cure.UNREACHABLE, 131026), (Cure.WINDOW_CLOSED, 131047)]
)
async def test_a_refusal_from_before_they_wrote_closes_no_chat(
    store: Store, cure: Cure, code: int
) -> None:
    sender = store.sender()
    _, as_ = await sent(store, sender)
    await take(store, message(sender, ago=-1))
    await attended(store, sender)

    await take(store, report(ReplyStatus.FAILED, as_=as_, code=code, cure=cure))

    chat = (await attended(store, sender)).chat
    assert chat.is_open
    assert not chat.is_unreachable


async def test_what_is_to_be_sent_again_neither_joins_a_turn_nor_delays_one(store: Store) -> None:
    sender = store.sender()
    _, as_ = await sent(store, sender)
    await take(store, message(sender))
    lease = await attended(store, sender)

    await take(store, report(ReplyStatus.FAILED, as_=as_, code=131056, cure=Cure.PAIR_RATE))
    await take(store, message(sender), wait=2)
    soon = await due_in(store, sender.key)
    claimed = await store.attention.claim(
        worker="w", limit=0, lease=timedelta(minutes=1), held=[lease]
    )

    assert soon == pytest.approx(2, abs=1)
    assert claimed.joined == {lease.id}  # for the message


async def test_a_failure_while_a_reply_is_composed_is_looked_at_afterwards(store: Store) -> None:
    sender = store.sender()
    _, as_ = await sent(store, sender)
    await take(store, message(sender))
    lease = await attended(store, sender)
    await take(store, report(ReplyStatus.FAILED, as_=as_, code=131016, cure=Cure.TRANSIENT))

    held = await store.attention.claim(
        worker="w", limit=0, lease=timedelta(minutes=1), held=[lease]
    )
    await store.attention.claim(worker="w", limit=0, lease=timedelta(minutes=1), done=[lease])

    assert held.joined == frozenset()
    assert await due_in(store, sender.key) == pytest.approx(1, abs=1)


async def test_what_our_own_code_must_cure_is_kept_for_an_operator(store: Store) -> None:
    sender = store.sender()
    send, as_ = await sent(store, sender)

    await take(store, report(ReplyStatus.FAILED, as_=as_, code=100, cure=Cure.OURS))

    assert await due_in(store, sender.key) is None
    assert await status_of(store, send) == ("failed", 100)
    dead = "select error_details from outbox where id = $1 and dead_at is not null"
    assert await store.owner.fetchval(dead, send.id) == "(100) as Meta puts it"


async def test_a_failure_that_is_told_twice_counts_once(store: Store) -> None:
    sender = store.sender()
    send, as_ = await sent(store, sender)
    failed = report(ReplyStatus.FAILED, of=send, as_=as_, code=2, cure=Cure.TRANSIENT)

    await asyncio.gather(*(take(store, failed) for _ in range(4)))

    tries = "select tries from outbox where recipient = $1"
    assert await store.owner.fetchval(tries, sender.key) == 1


# --- what nobody knows yet ----------------------------------------------------------------------


async def is_parked(store: Store, update: Update) -> bool:
    parked = "select handled_at is null and report is not null from inbox where key = $1"
    return bool(await store.owner.fetchval(parked, update.key))


async def test_a_report_waits_until_we_know_what_it_is_about(store: Store) -> None:
    (send,), as_ = await store.outbox.queue(uuid4().hex, store.sender(), "Welcome."), wamid()
    await store.outbox.begin(send.id)
    early, foreign = report(ReplyStatus.READ, as_=as_), report(ReplyStatus.READ)
    await take(store, early, foreign)

    assert await is_parked(store, early)
    await store.outbox.sent(send.id, as_, NUMBER)
    assert await status_of(store, send) == ("read", None)
    assert not await is_parked(store, early)
    assert await is_parked(store, foreign)


async def test_a_report_of_what_we_know_does_not_wait(store: Store) -> None:
    _, as_ = await sent(store, store.sender())
    known = report(ReplyStatus.READ, as_=as_)

    await take(store, known)

    assert not await is_parked(store, known)


# --- deliveries that a process from before this version takes -----------------------------------


@pytest.mark.parametrize("report_", [None, {"status": "failed", "error_code": 131000}])
async def test_a_delivery_without_a_number_is_taken(
    store: Store, report_: dict[str, object] | None
) -> None:
    sender = store.sender()
    send, as_ = await sent(store, sender)
    told = report_ and report_ | {"wamid": as_, "send_id": None, "error_details": None}
    row: dict[str, object] = {
        "key": f"any:{wamid()}",
        "kind": "status" if told else "message",
        "sender": None if told else sender.key,
        "sent_at": None,
        "payload": "{}",
        "wait": 3,
        "report": told,
    }

    new = await store.database.as_bot("take_delivery", updates=[row], longest=LONGEST_WAIT)

    assert new == [row["key"]]
    if told:
        assert await status_of(store, send) == ("failed", 131000)
    else:
        assert await due_in(store, sender.key) == pytest.approx(3, abs=1)


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
    assert len(await arrivals(store, sender)) == 2


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
        taken = "select count(*) from inbox where sender = $1"
        return bool(await store.owner.fetchval(taken, sender.key) == 2)

    assert await other == 1
    await eventually(both_are_there)

"""What was given up: turns that failed too often, and sends that Meta will not have."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.errors import Cure, SendRefused
from bot.models import (
    Caller,
    Channel,
    Reply,
    ReplyStatus,
    Send,
    Sender,
    StatusReport,
    Update,
    UpdateKind,
    Wamid,
)
from bot.upkeep import DeadLetter
from tests.store.contract.scenes import acquainted, answered, arrival, message, take, wamid
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

NUMBER = "900100200300"
KILLED = """
    update attention set dead = true, attempts = 8, failures = 8, last_error = 'KeyError',
      due_at = now() + interval '1 hour' where key = $1
"""
DUE = "select due_at <= clock_timestamp() and not dead from attention where key = $1"


async def dead_turn(store: Store, sender: Sender, *, texts: int = 1) -> DeadLetter:
    """They wrote, and whoever looked at it failed again and again."""
    await take(store, *(message(sender) for _ in range(texts)))
    await store.owner.execute(KILLED, sender.key)
    return await newest(store)


async def dead_send(store: Store, send: Send) -> DeadLetter:
    await store.outbox.begin(send.id)
    await store.outbox.refused(send.id, SendRefused(100, Cure.OURS), NUMBER)
    return await newest(store)


async def newest(store: Store) -> DeadLetter:
    return max(await store.dead_letters.standing(), key=lambda letter: letter.since)


async def status_of(store: Store, caller: Caller) -> ReplyStatus | None:
    line, *_ = await store.history.page(caller, limit=1, before=None)
    return line.status


async def unsent(store: Store, to: Sender) -> Sequence[Send]:
    return await store.outbox.unsent(to)


# --- to see -------------------------------------------------------------------------------------


async def test_a_turn_that_failed_too_often_tells_how_often_and_why(store: Store) -> None:
    _, sender = await acquainted(store)

    letter = await dead_turn(store, sender, texts=3)

    assert (letter.what, letter.channel, letter.tries) == ("turn", Channel.WHATSAPP, 8)
    assert (letter.error, letter.code, letter.messages) == ("KeyError", None, 3)
    assert await store.dead_letters.find(letter.id) == letter


async def test_what_is_in_the_conversation_already_counts_too(store: Store) -> None:
    ada, sender = await acquainted(store)
    await store.turns.open(ada.id, Channel.WHATSAPP, [arrival("One."), arrival("Two.")])

    letter = await dead_turn(store, sender)

    assert letter.messages == 3


async def test_a_turn_in_the_app_is_one_as_well(store: Store) -> None:
    ada, _ = await acquainted(store)
    await store.history.say(ada, "My secret.")
    await store.owner.execute(KILLED, f"app:{ada.id}")

    letter = await newest(store)

    assert (letter.what, letter.channel, letter.messages) == ("turn", Channel.APP, 1)
    assert letter.digits is None


async def test_a_send_that_meta_will_not_have_tells_its_code(store: Store) -> None:
    ada, sender = await acquainted(store)
    reply = Reply(text="One. Two.", parts=("One.", "Two."))
    first, _ = await answered(store, ada, sender, reply)

    letter = await dead_send(store, first)

    assert (letter.what, letter.tries, letter.code, letter.messages) == ("reply", 1, 100, 2)
    assert letter.dead_at is not None
    assert await status_of(store, ada) is ReplyStatus.FAILED


async def test_nothing_in_it_says_who_it_is_or_what_they_said(store: Store) -> None:
    ada, sender = await acquainted(store)
    assert sender.wa_id
    (send,) = await answered(store, ada, sender, Reply(text="My opal.", parts=("My opal.",)))
    letters = [await dead_send(store, send), await dead_turn(store, sender)]

    told = json.dumps([str(letter) for letter in letters])

    assert not any(word in told for word in (sender.wa_id, str(ada.id), "opal", str(send.id)))
    assert [letter.digits for letter in letters] == [sender.wa_id[-2:]] * 2


# --- to try again -------------------------------------------------------------------------------


async def test_a_turn_that_is_replayed_is_due_at_once_and_counts_from_the_start(
    store: Store,
) -> None:
    _, sender = await acquainted(store)
    letter = await dead_turn(store, sender)

    assert await store.dead_letters.replay(letter.id) == 1

    assert await store.owner.fetchval(DUE, sender.key)
    counts = "select attempts + failures from attention where key = $1"
    assert await store.owner.fetchval(counts, sender.key) == 0
    assert await store.dead_letters.find(letter.id) is None


async def test_a_send_that_is_replayed_waits_again_with_the_parts_behind_it(store: Store) -> None:
    ada, sender = await acquainted(store)
    reply = Reply(text="One. Two.", parts=("One.", "Two."))
    first, second = await answered(store, ada, sender, reply)
    letter = await dead_send(store, first)

    assert await store.dead_letters.replay(letter.id) == 2

    again = await unsent(store, sender)
    assert [(send.text, send.status) for send in again] == [
        ("One.", ReplyStatus.QUEUED),
        ("Two.", ReplyStatus.QUEUED),
    ]
    assert not {send.id for send in again} & {first.id, second.id}
    assert await store.owner.fetchval(DUE, sender.key)
    assert await status_of(store, ada) is ReplyStatus.QUEUED
    assert await store.owner.fetchval("select tries from outbox where id = $1", again[0].id) == 0


async def test_a_status_of_the_old_try_says_nothing_about_the_new_one(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)
    await store.dead_letters.replay((await dead_send(store, send)).id)

    report = StatusReport(wamid=wamid(), send_id=send.id, status=ReplyStatus.FAILED, error_code=1)
    key = f"status:{report.wamid}:failed:1"
    await take(store, Update(key=key, kind=UpdateKind.STATUS, payload="{}", report=report))

    assert [waiting.status for waiting in await unsent(store, sender)] == [ReplyStatus.QUEUED]


async def test_a_replayed_send_that_arrives_counts_as_such(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)
    await store.dead_letters.replay((await dead_send(store, send)).id)
    (again,) = await unsent(store, sender)

    await store.outbox.begin(again.id)
    await store.outbox.sent(again.id, Wamid(wamid()), NUMBER)

    assert await status_of(store, ada) is ReplyStatus.SENT


async def test_nothing_is_replayed_to_somebody_who_said_stop(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)
    letter = await dead_send(store, send)
    await store.outbox.silence(sender, silenced=True)

    assert await store.dead_letters.replay(letter.id) == 0

    assert await unsent(store, sender) == []
    assert (await newest(store)).is_silenced


# --- to give up ---------------------------------------------------------------------------------


async def test_what_they_wrote_goes_with_a_turn_that_is_dropped(store: Store) -> None:
    _, sender = await acquainted(store)
    letter = await dead_turn(store, sender, texts=2)

    assert await store.dead_letters.drop(letter.id) is True

    unhandled = "select count(*) from inbox where sender = $1 and handled_at is null"
    assert await store.owner.fetchval(unhandled, sender.key) == 0
    waits = "select exists (select from attention where key = $1)"
    assert not await store.owner.fetchval(waits, sender.key)


async def test_a_send_that_is_dropped_stays_failed(store: Store) -> None:
    ada, sender = await acquainted(store)
    (send,) = await answered(store, ada, sender)
    letter = await dead_send(store, send)

    assert await store.dead_letters.drop(letter.id) is True

    assert await store.dead_letters.find(letter.id) is None
    assert await unsent(store, sender) == []
    assert await status_of(store, ada) is ReplyStatus.FAILED


async def test_an_id_means_one_death_only(store: Store) -> None:
    _, sender = await acquainted(store)
    former = await dead_turn(store, sender)
    await take(store, message(sender))  # which revives it
    await store.owner.execute(KILLED, sender.key)

    assert await store.dead_letters.find(former.id) is None
    assert await store.dead_letters.replay(former.id) is None
    assert await store.dead_letters.drop(former.id) is False
    await store.owner.execute("delete from attention where key = $1", sender.key)


async def test_of_many_dead_letters_the_oldest_comes_first(store: Store) -> None:
    for _ in range(3):
        await dead_turn(store, (await acquainted(store))[1])

    standing = await store.dead_letters.standing()

    ages = [letter.since for letter in standing]
    assert ages == sorted(ages)
    assert ages[-1] - ages[0] < timedelta(hours=1)

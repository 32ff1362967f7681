"""A person's own side of the conversation."""

import asyncio
from uuid import uuid4

import pytest

from bot.errors import Conflict
from bot.models import Caller, Channel, Message, MessageId, ReplyStatus, Role
from tests.ava import eventually
from tests.store.contract.scenes import acquainted, answered, make_avatar
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def somebody(store: Store) -> Caller:
    caller = await store.person()
    await make_avatar(store, caller)
    return caller


async def everything(store: Store, caller: Caller) -> list[Message]:
    return list(await store.history.page(caller, limit=200, before=None))


async def test_what_was_said_is_in_the_history(store: Store) -> None:
    ada = await somebody(store)

    said = await store.history.say(ada, "Grüße 🌞\n\\u0041 '\"")

    (shown,) = await everything(store, ada)
    assert shown.id == said
    assert shown.content == "Grüße 🌞\n\\u0041 '\""
    assert (shown.channel, shown.role, shown.status) == (Channel.APP, Role.USER, None)


async def test_both_channels_are_one_history_newest_first(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)
    await store.history.say(ada, "And here.")

    shown = await everything(store, ada)

    assert [(line.content, line.channel, line.status) for line in shown] == [
        ("And here.", Channel.APP, None),
        ("Hello.", Channel.WHATSAPP, ReplyStatus.QUEUED),
        ("Hi.", Channel.WHATSAPP, None),
    ]


async def test_pages_miss_and_repeat_nothing(store: Store) -> None:
    ada = await somebody(store)
    said = [await store.history.say(ada, f"{number}") for number in range(7)]
    set_equal = "update messages set created_at = now() where id = any ($1)"
    await store.owner.execute(set_equal, said[2:5])

    found: list[Message] = []
    while page := await store.history.page(
        ada, limit=2, before=(found[-1].created_at, found[-1].id) if found else None
    ):
        assert len(page) <= 2
        found += page

    assert [line.id for line in found] == [line.id for line in await everything(store, ada)]
    assert {line.id for line in found} == set(said)


async def test_nobody_reads_what_somebody_else_said(store: Store) -> None:
    ada, ben = await somebody(store), await somebody(store)
    await store.history.say(ada, "My secret.")

    assert await everything(store, ben) == []


async def test_what_was_said_waits_for_an_answer(store: Store) -> None:
    ada = await somebody(store)
    said = await store.history.say(ada, "Hi.")

    turn = await store.turns.open(ada.id, Channel.APP)

    assert [line.id for line in turn.unanswered] == [said]
    waiting = "select count(*) from attention where key = $1"
    assert await store.owner.fetchval(waiting, f"app:{ada.id}") == 1


async def test_without_an_avatar_there_is_nobody_to_talk_with(store: Store) -> None:
    with pytest.raises(Conflict):
        await store.history.say(await store.person(), "Hi.")


async def test_while_the_avatar_is_going_there_is_nobody_to_talk_with(store: Store) -> None:
    ada = await somebody(store)

    async with store.owner.transaction():
        await store.owner.execute("delete from avatars where user_id = $1", ada.id)
        saying = asyncio.create_task(store.history.say(ada, "Hi."))
        await eventually(lambda: somebody_waits(store))
    with pytest.raises(Conflict, match="avatar"):
        await saying

    assert await everything(store, ada) == []


async def somebody_waits(store: Store) -> bool:
    waiting = "select exists (select from pg_locks where not granted)"
    return bool(await store.owner.fetchval(waiting))


async def test_an_account_that_is_gone_says_nothing(store: Store) -> None:
    gone = await store.gone()

    with pytest.raises(Conflict):
        await store.history.say(gone, "Hi.")
    assert await everything(store, gone) == []


async def test_what_is_said_again_under_its_id_was_said_once(store: Store) -> None:
    ada, once = await somebody(store), MessageId(uuid4())

    said = await asyncio.gather(
        *(store.history.say(ada, "Hi.", once_as=once) for _ in range(8)),
    )
    later = await store.history.say(ada, "Something else.", once_as=once)

    assert {*said, later} == {once}
    assert [line.content for line in await everything(store, ada)] == ["Hi."]


async def test_an_id_of_somebody_else_says_nothing(store: Store) -> None:
    ada, ben = await somebody(store), await somebody(store)
    hers = await store.history.say(ada, "My secret.")

    with pytest.raises(Conflict):
        await store.history.say(ben, "Hi.", once_as=hers)

    assert await everything(store, ben) == []
    assert [line.content for line in await everything(store, ada)] == ["My secret."]

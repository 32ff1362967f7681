"""What people may do only so often, even past the endpoints and their limits."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from bot.errors import TooMany
from tests.store.contract.scenes import code_for, make_avatar, wamid
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def heard_before_refused(ask: Callable[[], Awaitable[object]]) -> tuple[int, TooMany]:
    for heard in range(400):
        try:
            await ask()
        except TooMany as refused:
            return heard, refused
    raise AssertionError("it has no limit")


async def test_nobody_says_more_than_120_messages_at_once(store: Store) -> None:
    ada, ben = await store.person(), await store.person()
    for person in (ada, ben):
        await make_avatar(store, person)

    heard, refused = await heard_before_refused(lambda: store.history.say(ada, "Hello?"))

    assert heard >= 120  # and two for each second that passed
    assert timedelta(0) < refused.again_in <= timedelta(seconds=0.5)
    assert await store.history.say(ben, "Hello?")


async def test_nobody_asks_for_more_than_20_codes_at_once(store: Store) -> None:
    ada, sender = await store.person(), store.sender()

    heard, refused = await heard_before_refused(lambda: code_for(store, ada, sender))

    assert heard == 20
    assert timedelta(minutes=2) < refused.again_in <= timedelta(minutes=3)
    assert await code_for(store, await store.person(), sender)


async def test_what_was_refused_did_not_happen(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    codes: list[str] = []

    async def ask() -> None:
        codes.append(await code_for(store, ada, sender))

    await heard_before_refused(ask)

    assert await store.people.redeem(codes[-1], sender, wamid()) == ada.id

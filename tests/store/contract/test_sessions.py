"""The sessions of Ava's own accounts."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from bot.errors import NotSignedIn, TokenReused
from bot.models import Caller
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

PASS = """
    with used as (
      update refresh_tokens set used_at = used_at - $1::interval where session_id = $2)
    update account_sessions set expires_at = expires_at - $1::interval where id = $2
"""


def token() -> str:
    return uuid4().hex


async def opened(store: Store, caller: Caller) -> tuple[UUID, str]:
    first = token()
    session = await store.sessions.open(caller.id, first)
    assert session is not None
    return session, first


async def later(store: Store, session: UUID, passed: timedelta) -> None:
    await store.owner.execute(PASS, passed, session)


async def lives(store: Store, refresh_token: str) -> bool:
    return await store.sessions.refresh(refresh_token, token()) is not None


# --- opening ------------------------------------------------------------------------------------


async def test_a_session_opens_with_the_password_that_is_kept(store: Store) -> None:
    ada = await store.person()
    await store.passwords.change(ada.id, "$new", token())

    assert await store.sessions.open(ada.id, token(), password_hash="$new")
    assert await store.sessions.open(ada.id, token(), password_hash="$old") is None


async def test_an_account_that_is_gone_opens_no_session(store: Store) -> None:
    gone = await store.gone()

    with pytest.raises(NotSignedIn):
        await store.sessions.open(gone.id, token())
    assert await store.sessions.open(gone.id, token(), password_hash="$any") is None


# --- going on -----------------------------------------------------------------------------------


async def test_a_session_goes_on_by_the_token_that_came_last(store: Store) -> None:
    ada, second, third = await store.person(), token(), token()
    session, first = await opened(store, ada)

    assert await store.sessions.refresh(first, second) == (ada.id, session)
    assert await store.sessions.refresh(second, third) == (ada.id, session)
    assert await store.sessions.refresh(token(), token()) is None


async def test_a_client_that_did_not_hear_the_answer_may_ask_again_at_once(store: Store) -> None:
    ada, successors = await store.person(), [token() for _ in range(4)]
    session, first = await opened(store, ada)

    answers = await asyncio.gather(
        *(store.sessions.refresh(first, successor) for successor in successors),
    )

    assert answers == [(ada.id, session)] * 4
    assert await lives(store, successors[2])


async def test_a_token_that_comes_again_later_ends_the_session(store: Store) -> None:
    ada, second = await store.person(), token()
    session, first = await opened(store, ada)
    await store.sessions.refresh(first, second)
    await later(store, session, timedelta(seconds=11))

    with pytest.raises(TokenReused) as reused:
        await store.sessions.refresh(first, token())

    assert (reused.value.person, reused.value.session) == (ada.id, session)
    assert not await lives(store, second)


async def test_a_session_ends_after_sixty_days_without_use(store: Store) -> None:
    (used, first), (unused, other) = [await opened(store, await store.person()) for _ in range(2)]
    second = token()
    for session in used, unused:
        await later(store, session, timedelta(days=59))
    await store.sessions.refresh(first, second)
    for session in used, unused:
        await later(store, session, timedelta(days=1))

    assert await lives(store, second)
    assert not await lives(store, other)


# --- ending -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "alive"),
    [("this", [False, True, True]), ("others", [True, False, False]), ("all", [False] * 3)],
)
async def test_sessions_end_by_their_scope(store: Store, scope: str, alive: list[bool]) -> None:
    ada, ben = await store.person(), await store.person()
    hers = [await opened(store, ada) for _ in range(3)]
    _, his = await opened(store, ben)

    await store.sessions.end(ada.id, hers[0][0], scope)

    assert [await lives(store, first) for _, first in hers] == alive
    assert await lives(store, his)


async def test_nobody_ends_the_session_of_somebody_else(store: Store) -> None:
    ada, ben = await store.person(), await store.person()
    session, first = await opened(store, ada)

    await store.sessions.end(ben.id, session, "this")

    assert await lives(store, first)


async def test_who_has_no_session_of_their_own_ends_all_others(store: Store) -> None:
    ada = await store.person()
    _, first = await opened(store, ada)

    await store.sessions.end(ada.id, None, "others")

    assert not await lives(store, first)

"""First answers to calls that may come again; tests/store/test_first_answers.py knows more."""

import asyncio
from uuid import UUID, uuid4

import pytest

from bot.errors import Invalid, NotSignedIn, StillRunning
from bot.models import PersonId
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

ONE, TWO = uuid4(), uuid4()
LATER = "update idempotency_keys set created_at = created_at - interval '61 seconds' where key = $1"


async def reserve(
    store: Store, key: str, holder: UUID, *, asked: str = "that", person: PersonId | None = None
) -> str | UUID:
    return await store.first_answers.reserve(key, fingerprint=asked, holder=holder, person=person)


async def test_of_many_at_once_one_is_to_answer(store: Store) -> None:
    key = uuid4().hex

    outcomes = await asyncio.gather(
        *(reserve(store, key, uuid4()) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, StillRunning) for outcome in outcomes) == 7


async def test_the_first_answer_is_kept_as_it_was(store: Store) -> None:
    key, answer = uuid4().hex, '{"status": 201} 🌞'
    await reserve(store, key, ONE)
    await store.first_answers.keep(key, holder=ONE, answer=answer)

    assert await reserve(store, key, TWO) == answer


async def test_another_call_cannot_have_the_same_key(store: Store) -> None:
    key = uuid4().hex
    await reserve(store, key, ONE)

    with pytest.raises(Invalid):
        await reserve(store, key, TWO, asked="something else")


async def test_a_run_that_came_to_nothing_lets_the_next_one_try(store: Store) -> None:
    key = uuid4().hex
    await reserve(store, key, ONE)
    await store.first_answers.release(key, holder=ONE, begun=True)

    assert await reserve(store, key, TWO, asked="something else") == TWO


async def test_who_was_taken_over_changes_nothing_any_more(store: Store) -> None:
    key = uuid4().hex
    await reserve(store, key, ONE)
    await store.owner.execute(LATER, key)
    assert await reserve(store, key, TWO) == ONE

    await store.first_answers.keep(key, holder=ONE, answer="late")
    await store.first_answers.release(key, holder=ONE, begun=True)
    await store.first_answers.keep(key, holder=TWO, answer="second")

    assert await reserve(store, key, uuid4()) == "second"


async def test_an_account_that_is_gone_reserves_nothing(store: Store) -> None:
    gone = await store.gone()

    with pytest.raises(NotSignedIn):
        await reserve(store, uuid4().hex, ONE, person=gone.id)
    assert await reserve(store, uuid4().hex, ONE, person=(await store.person()).id) == ONE

"""The passwords of Ava's own accounts. On Supabase nobody makes an account around Supabase Auth."""

import asyncio
from uuid import uuid4

import pytest

from bot.errors import Conflict, NotSignedIn, StoreRejected
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")
on_plain_postgres = pytest.mark.parametrize("store", ["postgres"], indirect=True)
on_supabase = pytest.mark.parametrize("store", ["supabase"], indirect=True)


def token() -> str:
    return uuid4().hex


@on_plain_postgres
async def test_an_account_is_found_by_its_email_and_has_a_session(store: Store) -> None:
    email, first = store.email(), token()

    person, session = await store.passwords.create(email, "$hash", first)

    assert await store.passwords.find(email) == (person, "$hash")
    assert await store.passwords.find(store.email()) is None
    assert await store.sessions.refresh(first, token()) == (person, session)


@on_plain_postgres
async def test_an_email_has_one_account(store: Store) -> None:
    email = store.email()

    outcomes = await asyncio.gather(
        *(store.passwords.create(email, "$hash", token()) for _ in range(4)),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3


@on_plain_postgres
async def test_a_new_password_replaces_the_old_and_ends_every_session(store: Store) -> None:
    email, first, second = store.email(), token(), token()
    person, _ = await store.passwords.create(email, "$old", first)

    session = await store.passwords.change(person, "$new", second)

    assert await store.passwords.find(email) == (person, "$new")
    assert await store.sessions.refresh(first, token()) is None
    assert await store.sessions.refresh(second, token()) == (person, session)


@on_plain_postgres
async def test_an_account_is_forgotten_with_all_that_belongs_to_it(store: Store) -> None:
    email, first = store.email(), token()
    person, _ = await store.passwords.create(email, "$hash", first)

    await store.passwords.forget(person)
    await store.passwords.forget(person)

    assert await store.passwords.find(email) is None
    assert await store.sessions.refresh(first, token()) is None


async def test_an_account_that_is_gone_has_no_password(store: Store) -> None:
    with pytest.raises(NotSignedIn):
        await store.passwords.change((await store.gone()).id, "$hash", token())


@on_supabase
async def test_the_accounts_of_supabase_are_closed_to_it(store: Store) -> None:
    ada = await store.person()

    with pytest.raises(StoreRejected):
        await store.passwords.create(store.email(), "$hash", token())
    with pytest.raises(StoreRejected):
        await store.passwords.find(store.email())
    with pytest.raises(StoreRejected):
        await store.passwords.forget(ada.id)

    assert (await store.account.profile(ada)).id == ada.id

"""Links in e-mails."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from bot.models import Account, LinkPurpose
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")
on_plain_postgres = pytest.mark.parametrize("store", ["postgres"], indirect=True)

SIGN_IN, PASSWORD, SIGN_UP = LinkPurpose.SIGN_IN, LinkPurpose.PASSWORD, LinkPurpose.SIGN_UP
PASS = "update one_time_links set expires_at = expires_at - $1::interval where email = $2"


async def somebody(store: Store) -> Account:
    email = store.email()
    return Account(id=(await store.person(email)).id, email=email)


async def link_for(store: Store, account: Account, purpose: LinkPurpose = SIGN_IN) -> str:
    token = uuid4().hex
    assert await store.links.ask(account.email, purpose, token) is True
    return token


# --- asking -------------------------------------------------------------------------------------


async def test_a_link_belongs_to_whoever_has_the_email(store: Store) -> None:
    ada = await somebody(store)
    token = await link_for(store, ada)

    assert await store.links.purpose(token) is SIGN_IN
    assert await store.links.use(token, [SIGN_IN]) == ada


async def test_for_an_email_that_nobody_has_there_is_no_link(store: Store) -> None:
    token, email = uuid4().hex, store.email()

    assert await store.links.ask(email, SIGN_IN, token) is False
    assert await store.links.purpose(token) is None
    assert await store.links.use(token, [SIGN_IN]) is None


async def test_a_new_link_replaces_the_one_before_for_the_same_purpose(store: Store) -> None:
    ada = await somebody(store)
    old, password, new = [
        await link_for(store, ada, purpose) for purpose in (SIGN_IN, PASSWORD, SIGN_IN)
    ]

    purposes = [await store.links.purpose(token) for token in (old, password, new)]

    assert purposes == [None, PASSWORD, SIGN_IN]


async def test_a_sign_up_with_a_known_email_is_a_link_to_sign_in(store: Store) -> None:
    ada, token = await somebody(store), uuid4().hex

    assert await store.links.ask(ada.email, SIGN_UP, token, password_hash="$new") is True

    assert await store.links.purpose(token) is SIGN_IN
    assert await store.links.use(token, [SIGN_IN, SIGN_UP]) == ada


@on_plain_postgres
async def test_a_sign_up_becomes_an_account_with_its_password(store: Store) -> None:
    email, token = store.email(), uuid4().hex
    assert await store.links.ask(email, SIGN_UP, token, password_hash="$hash") is False
    assert await store.passwords.find(email) is None

    made = await store.links.use(token, [SIGN_IN, SIGN_UP])

    assert made is not None
    assert made.email == email
    assert await store.passwords.find(email) == (made.id, "$hash")


@on_plain_postgres
async def test_a_sign_up_keeps_the_account_that_came_in_between(store: Store) -> None:
    email, token = store.email(), uuid4().hex
    await store.links.ask(email, SIGN_UP, token, password_hash="$late")
    person, _ = await store.passwords.create(email, "$first", uuid4().hex)

    used = await store.links.use(token, [SIGN_UP])

    assert used == Account(id=person, email=email)
    assert await store.passwords.find(email) == (person, "$first")


@on_plain_postgres
async def test_a_sign_up_leaves_the_ones_before_and_brings_its_own_password(store: Store) -> None:
    email, first, second = store.email(), uuid4().hex, uuid4().hex
    await store.links.ask(email, SIGN_UP, first, password_hash="$first")
    await store.links.ask(email, SIGN_UP, second, password_hash="$second")

    made = await store.links.use(first, [SIGN_UP])

    assert made is not None
    assert await store.passwords.find(email) == (made.id, "$first")
    assert await store.links.purpose(second) is None


@on_plain_postgres
async def test_of_simultaneous_sign_ups_with_an_email_one_is_confirmed(store: Store) -> None:
    email, tokens = store.email(), [uuid4().hex for _ in range(5)]
    for token in tokens:
        await store.links.ask(email, SIGN_UP, token, password_hash=f"${token}")

    made = await asyncio.gather(*(store.links.use(token, [SIGN_UP]) for token in tokens))

    ((account, token),) = [(a, t) for a, t in zip(made, tokens, strict=True) if a]
    assert await store.passwords.find(email) == (account.id, f"${token}")


async def test_of_sign_ups_with_an_email_the_five_newest_wait(store: Store) -> None:
    email, tokens = store.email(), [uuid4().hex for _ in range(7)]
    for token in tokens:
        await store.links.ask(email, SIGN_UP, token, password_hash="$hash")

    purposes = [await store.links.purpose(token) for token in tokens]

    assert purposes == [None] * 2 + [SIGN_UP] * 5


# --- using --------------------------------------------------------------------------------------


async def test_looking_at_a_link_does_not_use_it(store: Store) -> None:
    token = await link_for(store, await somebody(store), PASSWORD)

    looks = [await store.links.purpose(token) for _ in range(3)]

    assert looks == [PASSWORD] * 3


async def test_a_link_works_for_one_of_many(store: Store) -> None:
    ada = await somebody(store)
    token = await link_for(store, ada)

    uses = await asyncio.gather(*(store.links.use(token, [SIGN_IN]) for _ in range(6)))

    assert uses.count(ada) == 1
    assert uses.count(None) == 5
    assert await store.links.purpose(token) is None


async def test_a_link_is_good_for_its_purpose_alone(store: Store) -> None:
    ada = await somebody(store)
    token = await link_for(store, ada, PASSWORD)

    assert await store.links.use(token, [SIGN_IN, SIGN_UP]) is None
    assert await store.links.use(token, [PASSWORD]) == ada


async def test_a_link_ends_after_a_quarter_of_an_hour(store: Store) -> None:
    ada = await somebody(store)
    token = await link_for(store, ada)
    await store.owner.execute(PASS, timedelta(minutes=15), ada.email)

    assert await store.links.purpose(token) is None
    assert await store.links.use(token, [SIGN_IN]) is None


async def test_a_link_that_is_given_back_works_again(store: Store) -> None:
    ada = await somebody(store)
    token = await link_for(store, ada)
    await store.links.use(token, [SIGN_IN])

    await store.links.give_back(token)

    assert await store.links.use(token, [SIGN_IN]) == ada


async def test_no_link_works_after_they_were_dropped(store: Store) -> None:
    ada, ben = await somebody(store), await somebody(store)
    hers = [await link_for(store, ada, purpose) for purpose in (SIGN_IN, PASSWORD)]
    his = await link_for(store, ben)

    await store.links.drop(ada.id)
    await store.links.give_back(hers[0])

    assert [await store.links.purpose(token) for token in hers] == [None, None]
    assert await store.links.purpose(his) is SIGN_IN


async def test_a_link_ends_with_its_account(store: Store) -> None:
    ada = await somebody(store)
    token = await link_for(store, ada)
    await store.registry.delete(ada.id)

    assert await store.links.use(token, [SIGN_IN]) is None

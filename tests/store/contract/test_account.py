"""Everything about a person at once. What belongs to it tests/test_deletion.py knows."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from bot.errors import Missing, NotSignedIn
from bot.models import Caller
from tests.store.contract.scenes import acquainted, answered
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_person_sees_who_they_are(store: Store) -> None:
    email = store.email()
    ada = await store.person(email)

    profile = await store.account.profile(ada)

    assert (profile.id, profile.email) == (ada.id, email)
    assert abs(datetime.now(UTC) - profile.created_at) < timedelta(minutes=1)


async def test_a_person_takes_away_all_that_is_theirs(store: Store) -> None:
    (ada, sender), (ben, his) = await acquainted(store), await acquainted(store)
    await answered(store, ada, sender)
    await answered(store, ben, his)

    exported = await store.account.export(ada)

    text = json.dumps(exported)
    assert str(ada.id) in text
    assert str(sender.wa_id) in text
    assert str(ben.id) not in text
    assert str(his.wa_id) not in text
    assert {"avatars", "messages", "outbox", "user_preferences"} < exported.keys()


async def test_a_person_erases_all_that_is_theirs_and_gets_a_receipt(store: Store) -> None:
    (ada, sender), (ben, his) = await acquainted(store), await acquainted(store)
    await answered(store, ada, sender)
    await answered(store, ben, his)

    erasure = await store.account.erase(ada)

    counted = {name: erasure.deleted[name] for name in ("avatars", "messages", "outbox")}
    assert counted == {"avatars": 1, "messages": 2, "outbox": 1}
    assert erasure.events_kept == len(await store.audit_log.page(ada, limit=100, before=None))
    assert await store.people.recognise(sender) is None
    assert await store.history.page(ada, limit=10, before=None) == []
    with pytest.raises(Missing):
        await store.avatars.mine(ada)
    assert len(await store.history.page(ben, limit=10, before=None)) == 2


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
async def test_an_account_that_ava_keeps_goes_at_the_same_moment(store: Store) -> None:
    email = store.email()
    person, _ = await store.passwords.create(email, "$hash", uuid4().hex)

    await store.account.erase(Caller(id=person, token=""))

    assert await store.passwords.find(email) is None
    assert (await store.passwords.create(email, "$hash", uuid4().hex))[0] != person


@pytest.mark.parametrize("store", ["supabase"], indirect=True)
async def test_an_account_that_supabase_keeps_is_still_there_after_that(store: Store) -> None:
    ada = await store.person()
    await store.account.erase(ada)

    assert (await store.account.profile(ada)).id == ada.id


async def test_erasing_twice_at_once_is_erasing_once(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)

    receipts = await asyncio.gather(*(store.account.erase(ada) for _ in range(3)))

    assert sorted(receipt.deleted["messages"] for receipt in receipts) == [0, 0, 2]


async def test_an_account_that_is_gone_has_nothing(store: Store) -> None:
    gone = await store.gone()

    for question in store.account.profile, store.account.export, store.account.erase:
        with pytest.raises(NotSignedIn):
            await question(gone)

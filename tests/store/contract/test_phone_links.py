"""A person's own WhatsApp number."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import Invalid, NotSignedIn
from bot.link_codes import code_in
from bot.models import Phone, Preferences
from tests.store.contract.scenes import acquainted, answered, code_for, link, phone_of, wamid
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

NOTHING = Preferences(whatsapp_phone=None, pending=None)


async def test_at_first_there_is_no_number(store: Store) -> None:
    assert await store.phone_links.preferences(await store.person()) == NOTHING


async def test_a_number_is_pending_for_a_quarter_of_an_hour(store: Store) -> None:
    ada, phone = await store.person(), phone_of(store.sender())
    expires_at = (await store.phone_links.request(ada, phone)).expires_at

    found = await store.phone_links.preferences(ada)

    assert found.whatsapp_phone is None
    assert found.pending is not None
    assert (found.pending.phone, found.pending.expires_at) == (phone, expires_at)
    minutes = (expires_at - datetime.now(UTC)) / timedelta(minutes=1)
    assert minutes == pytest.approx(15, abs=0.5)


async def test_a_code_is_found_again_however_it_is_typed(store: Store) -> None:
    codes = [await store.owner.fetchval("select new_link_code()") for _ in range(500)]

    assert len(set(codes)) == 500
    assert all(code_in(code.lower().replace("-", " ")) == code for code in codes)


async def test_a_new_code_replaces_the_one_before(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    first = await code_for(store, ada, sender)
    second = await code_for(store, ada, sender)

    assert await store.people.redeem(first, sender, wamid()) is None
    assert await store.people.redeem(second, sender, wamid()) == ada.id


async def test_a_linked_number_is_not_pending_any_more(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    await link(store, ada, sender)

    expected = Preferences(whatsapp_phone=phone_of(sender), pending=None)
    assert await store.phone_links.preferences(ada) == expected


async def test_everybody_has_a_number_of_their_own(store: Store) -> None:
    (ada, sender), ben = await acquainted(store), await store.person()
    await code_for(store, ben, sender)
    await store.phone_links.unlink(ben)

    assert await store.phone_links.preferences(ben) == NOTHING
    assert (await store.phone_links.preferences(ada)).whatsapp_phone == phone_of(sender)


async def test_who_unlinks_is_found_no_more_and_gets_nothing_more(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)
    await code_for(store, ada, store.sender())

    await store.phone_links.unlink(ada)

    assert await store.phone_links.preferences(ada) == NOTHING
    assert await store.people.recognise(sender) is None
    assert await store.outbox.unsent(sender) == []


async def test_what_is_no_number_is_refused(store: Store) -> None:
    with pytest.raises(Invalid):
        await store.phone_links.request(await store.person(), Phone("+0123"))


async def test_an_account_that_is_gone_asks_for_no_number(store: Store) -> None:
    with pytest.raises(NotSignedIn):
        await store.phone_links.request(await store.gone(), Phone("+31600000001"))

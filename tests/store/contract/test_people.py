"""From a WhatsApp sender to a person."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.models import Sender
from tests.store.contract.scenes import code_for, link, phone_of, wamid
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

WRONG = "AVA-22222Z"
EXPIRE = "update link_codes set expires_at = expires_at - $1::interval where user_id = $2"


def bsuid_of(sender: Sender) -> str:
    return f"NL.{sender.wa_id}"


async def test_a_person_is_found_by_their_number(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    await link(store, ada, sender)

    assert await store.people.find(sender) == ada.id
    assert await store.people.find(store.sender()) is None


async def test_a_person_is_found_by_whatever_whatsapp_calls_their_number(store: Store) -> None:
    ada = await store.person()
    await link(store, ada, Sender(wa_id="525512345678"))

    assert await store.people.find(Sender(wa_id="5215512345678")) == ada.id


async def test_of_two_spellings_the_one_that_came_counts_first(store: Store) -> None:
    ada, ben = await store.person(), await store.person()
    short, long = Sender(wa_id="525587654321"), Sender(wa_id="5215587654321")
    await link(store, ada, short)
    insert = "insert into user_preferences (user_id, whatsapp_phone) values ($1, $2)"
    await store.owner.execute(insert, ben.id, phone_of(long))

    assert await store.people.find(short) == ada.id
    assert await store.people.find(long) == ben.id


async def test_who_hides_their_number_is_found_by_the_id_that_came_with_it_before(
    store: Store,
) -> None:
    ada, sender = await store.person(), store.sender()
    await link(store, ada, replace(sender, bsuid=bsuid_of(sender)))

    assert await store.people.find(Sender(bsuid=bsuid_of(sender))) == ada.id
    assert await store.people.find(Sender(bsuid="NL.0")) is None


async def test_a_number_counts_more_than_an_id(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    await link(store, ada, replace(sender, bsuid=bsuid_of(sender)))

    assert await store.people.find(replace(store.sender(), bsuid=bsuid_of(sender))) is None


# --- codes --------------------------------------------------------------------------------------


async def test_a_code_from_the_phone_links_it(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    code = await code_for(store, ada, sender)

    assert await store.people.redeem(code, sender, wamid()) == ada.id
    assert (await store.phone_links.preferences(ada)).whatsapp_phone == phone_of(sender)


async def test_a_code_may_be_redeemed_again_for_the_message_that_brought_it(store: Store) -> None:
    ada, sender, first = await store.person(), store.sender(), wamid()
    code = await code_for(store, ada, sender)

    redeemed = [await store.people.redeem(code, sender, first) for _ in range(2)]

    assert redeemed == [ada.id, ada.id]


async def test_a_code_proves_nothing_from_another_phone(store: Store) -> None:
    ada, sender, other = await store.person(), store.sender(), store.sender()
    code = await code_for(store, ada, sender)

    assert await store.people.redeem(code, other, wamid()) is None
    assert await store.people.redeem(code, Sender(bsuid="NL.1"), wamid()) is None
    assert await store.people.find(other) is None


async def test_a_code_ends_after_a_quarter_of_an_hour(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    code = await code_for(store, ada, sender)
    await store.owner.execute(EXPIRE, timedelta(minutes=15), ada.id)

    assert await store.people.redeem(code, sender, wamid()) is None


async def test_five_wrong_guesses_end_every_code_of_a_phone(store: Store) -> None:
    ada, ben, sender = await store.person(), await store.person(), store.sender()
    codes = [await code_for(store, caller, sender) for caller in (ada, ben)]

    guesses = [await store.people.redeem(WRONG, sender, wamid()) for _ in range(5)]

    assert guesses == [None] * 5
    assert [await store.people.redeem(code, sender, wamid()) for code in codes] == [None, None]


async def test_who_proves_a_number_takes_it_from_whoever_had_it(store: Store) -> None:
    ada, ben, sender = await store.person(), await store.person(), store.sender()
    with_id = replace(sender, bsuid=bsuid_of(sender))
    await link(store, ada, with_id)
    await link(store, ben, with_id)

    assert await store.people.find(sender) == ben.id
    assert await store.people.find(Sender(bsuid=bsuid_of(sender))) == ben.id
    assert (await store.phone_links.preferences(ada)).whatsapp_phone is None


async def test_two_copies_of_the_message_with_a_code_link_once(store: Store) -> None:
    ada, sender, first = await store.person(), store.sender(), wamid()
    code = await code_for(store, ada, sender)

    redeemed = await asyncio.gather(
        *(store.people.redeem(code, sender, first) for _ in range(6)),
    )

    assert redeemed == [ada.id] * 6
    events = await store.audit_log.page(ada, limit=10, before=None)
    assert [event.kind for event in events] == ["phone_linked"]


async def test_of_two_who_prove_a_number_at_once_one_has_it(store: Store) -> None:
    people, sender = [await store.person() for _ in range(4)], store.sender()
    codes = [await code_for(store, caller, sender) for caller in people]

    redeemed = await asyncio.gather(
        *(store.people.redeem(code, sender, wamid()) for code in codes),
    )

    phones = [(await store.phone_links.preferences(one)).whatsapp_phone for one in people]
    assert redeemed == [one.id for one in people]
    assert sorted(phones, key=str) == [phone_of(sender), None, None, None]
    owner = people[phones.index(phone_of(sender))]
    assert await store.people.find(sender) == owner.id

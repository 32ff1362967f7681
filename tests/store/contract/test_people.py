"""From a WhatsApp sender to a person."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from bot.models import Caller, Phone, Rename, Sender, Update, UpdateKind
from tests.store.contract.scenes import (
    acquainted,
    answered,
    code_for,
    link,
    make_avatar,
    phone_of,
    wamid,
)
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

WRONG = "AVA-22222Z"
EARLIER = datetime.now(UTC) - timedelta(days=1)
EXPIRE = "update link_codes set expires_at = expires_at - $1::interval where user_id = $2"


def bsuid_of(sender: Sender) -> str:
    return f"NL.{sender.wa_id}"


def new_bsuid() -> str:
    return f"NL.{uuid4().int}"


async def known(store: Store) -> tuple[Caller, Sender]:
    """Somebody whose number came with a business-scoped id."""
    caller, sender = await store.person(), replace(store.sender(), bsuid=new_bsuid())
    await make_avatar(store, caller)
    await link(store, caller, sender)
    return caller, sender


async def phone(store: Store, caller: Caller) -> Phone | None:
    return (await store.phone_links.preferences(caller)).whatsapp_phone


async def rename(store: Store, *ids: str | None) -> None:
    """Each id becomes the next one, in a delivery of its own."""
    for previous, current in pairwise(ids):
        renamed = Rename(previous=str(previous), current=str(current))
        key = f"other:{uuid4()}"
        update = Update(key=key, kind=UpdateKind.OTHER, payload="{}", rename=renamed)
        await store.inbox.take([(update, timedelta(0))])


async def name_in_the_queue(store: Store, sender: Sender) -> str:
    return str(await store.owner.fetchval("select known_sender($1)", sender.key))


async def recipients(store: Store, caller: Caller) -> list[str]:
    """Where their queued replies go."""
    rows = await store.owner.fetch(
        "select recipient from outbox o join messages m on m.id = o.message_id"
        " where m.user_id = $1 and o.status = 'queued'",
        caller.id,
    )
    return [row["recipient"] for row in rows]


async def test_a_person_is_found_by_their_number(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    await link(store, ada, sender)

    assert await store.people.recognise(sender) == ada.id
    assert await store.people.recognise(store.sender()) is None


async def test_a_person_is_found_by_whatever_whatsapp_calls_their_number(store: Store) -> None:
    ada = await store.person()
    await link(store, ada, Sender(wa_id="525512345678"))

    assert await store.people.recognise(Sender(wa_id="5215512345678")) == ada.id


async def test_of_two_spellings_the_one_that_came_counts_first(store: Store) -> None:
    ada, ben = await store.person(), await store.person()
    short, long = Sender(wa_id="525587654321"), Sender(wa_id="5215587654321")
    await link(store, ada, short)
    insert = "insert into user_preferences (user_id, whatsapp_phone) values ($1, $2)"
    await store.owner.execute(insert, ben.id, phone_of(long))

    assert await store.people.recognise(short) == ada.id
    assert await store.people.recognise(long) == ben.id


async def test_who_hides_their_number_is_found_by_the_id_that_came_with_it_before(
    store: Store,
) -> None:
    ada, sender = await store.person(), store.sender()
    await link(store, ada, replace(sender, bsuid=bsuid_of(sender)))

    assert await store.people.recognise(Sender(bsuid=bsuid_of(sender))) == ada.id
    assert await store.people.recognise(Sender(bsuid="NL.0")) is None


async def test_a_number_counts_more_than_an_id(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    await link(store, ada, replace(sender, bsuid=bsuid_of(sender)))

    assert await store.people.recognise(replace(store.sender(), bsuid=bsuid_of(sender))) is None


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
    assert await store.people.recognise(other) is None


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

    assert await store.people.recognise(sender) == ben.id
    assert await store.people.recognise(Sender(bsuid=bsuid_of(sender))) == ben.id
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
    assert await store.people.recognise(sender) == owner.id


# --- two ids ------------------------------------------------------------------------------------


async def test_an_id_that_comes_with_a_proven_number_is_remembered(store: Store) -> None:
    ada, sender = await acquainted(store)
    both = replace(sender, bsuid=new_bsuid())

    assert await store.people.recognise(both) == ada.id

    assert await store.people.recognise(Sender(bsuid=both.bsuid)) == ada.id
    assert await store.people.recognise(sender) == ada.id
    assert await store.people.recognise(Sender(bsuid=both.bsuid)) == ada.id


async def test_an_id_that_comes_with_anybodys_number_is_not(store: Store) -> None:
    stranger = replace(store.sender(), bsuid=new_bsuid())

    assert await store.people.recognise(stranger) is None
    assert await store.people.recognise(Sender(bsuid=stranger.bsuid)) is None


async def test_who_hides_their_number_is_in_the_queue_by_it(store: Store) -> None:
    ada, sender = await known(store)
    hidden = Sender(bsuid=sender.bsuid)

    assert await name_in_the_queue(store, hidden) == Sender(wa_id=sender.wa_id).key
    assert await name_in_the_queue(store, sender) == sender.key
    assert await name_in_the_queue(store, Sender(bsuid="NL.0")) == "bsuid:NL.0"
    await store.phone_links.unlink(ada)
    assert await name_in_the_queue(store, hidden) == hidden.key


async def test_in_the_queue_they_are_what_whatsapp_calls_them_not_what_they_dial(
    store: Store,
) -> None:
    ada, bsuid = await store.person(), new_bsuid()
    code = (await store.phone_links.request(ada, Phone("+5511976543210"))).code
    await store.people.redeem(code, Sender(wa_id="551176543210", bsuid=bsuid), wamid())

    assert await name_in_the_queue(store, Sender(bsuid=bsuid)) == "wa:551176543210"
    assert await store.people.recognise(Sender(wa_id="5511976543210", bsuid=bsuid)) == ada.id
    assert await name_in_the_queue(store, Sender(bsuid=bsuid)) == "wa:5511976543210"


async def test_a_known_id_tells_an_argentine_mobile_from_a_landline(store: Store) -> None:
    ada, mobile = await store.person(), Sender(wa_id="5491123456701", bsuid=new_bsuid())
    await link(store, ada, mobile)

    assert await store.people.recognise(replace(mobile, wa_id="541123456701")) == ada.id


async def test_a_landline_that_is_spelt_like_a_mobile_takes_nothing_and_sees_nothing(
    store: Store,
) -> None:
    ada, mobile = await store.person(), Sender(wa_id="5491123456702", bsuid=new_bsuid())
    code = (await store.phone_links.request(ada, Phone("+541123456702"))).code
    await store.people.redeem(code, mobile, wamid())

    landline = Sender(wa_id="541123456702", bsuid=new_bsuid())

    assert await store.people.recognise(landline) is None
    assert await store.people.recognise(mobile) == ada.id


# --- a number that is somebody else's by now ----------------------------------------------------


async def test_another_id_at_a_number_is_another_person(store: Store) -> None:
    ada, sender = await known(store)
    await answered(store, ada, sender)

    newcomer = replace(sender, bsuid=new_bsuid())

    assert await store.people.recognise(newcomer) is None
    assert await store.people.recognise(sender) is None
    for one in sender, newcomer:
        assert await store.people.recognise(Sender(bsuid=one.bsuid)) is None
    assert await phone(store, ada) is None
    assert await recipients(store, ada) == []
    events = await store.audit_log.page(ada, limit=1, before=None)
    assert [event.kind for event in events] == ["phone_taken_over"]


async def test_the_former_owner_does_not_come_back_by_writing_from_the_number(
    store: Store,
) -> None:
    _, sender = await known(store)
    await store.people.recognise(replace(sender, bsuid=new_bsuid()))

    assert await store.people.recognise(sender) is None
    assert await name_in_the_queue(store, Sender(bsuid=sender.bsuid)) == f"bsuid:{sender.bsuid}"


async def test_the_former_owner_may_prove_another_number(store: Store) -> None:
    ada, sender = await known(store)
    await store.people.recognise(replace(sender, bsuid=new_bsuid()))
    elsewhere = replace(store.sender(), bsuid=new_bsuid())

    await link(store, ada, elsewhere)

    assert await store.people.recognise(elsewhere) == ada.id
    assert await store.people.recognise(Sender(bsuid=sender.bsuid)) is None


async def test_what_was_sent_before_a_number_was_theirs_takes_it_from_nobody(store: Store) -> None:
    ada, sender = await known(store)
    ben = await store.person()
    await link(store, ben, replace(sender, bsuid=new_bsuid()))

    assert await store.people.recognise(sender, sent_at=EARLIER) is None
    assert await store.people.recognise(replace(sender, bsuid=None)) == ben.id
    assert await phone(store, ada) is None


async def test_an_id_of_somebody_does_not_open_the_number_of_somebody_else(store: Store) -> None:
    ada, of_ada = await known(store)
    _, sender = await acquainted(store)  # whose id is not known yet

    assert await store.people.recognise(replace(sender, bsuid=of_ada.bsuid)) is None
    assert await store.people.recognise(of_ada) == ada.id


async def test_an_id_alone_does_not_bring_a_chat_to_a_new_number(store: Store) -> None:
    ada, sender = await known(store)

    assert await store.people.recognise(replace(store.sender(), bsuid=sender.bsuid)) is None
    assert await phone(store, ada) == phone_of(sender)


async def test_of_two_ids_at_once_at_one_number_one_is_theirs_at_most(store: Store) -> None:
    ada, sender = await acquainted(store)
    ids = [new_bsuid() for _ in range(6)]

    found = await asyncio.gather(
        *(store.people.recognise(replace(sender, bsuid=bsuid)) for bsuid in ids)
    )

    assert found.count(ada.id) == 1
    assert await store.people.recognise(sender) is None


# --- another id ---------------------------------------------------------------------------------


async def test_a_new_id_of_which_meta_tells_is_theirs(store: Store) -> None:
    ada, sender = await known(store)
    new = new_bsuid()

    await rename(store, sender.bsuid, new)
    await rename(store, sender.bsuid, new)  # a copy

    for bsuid in new, sender.bsuid:  # what was sent before may still come
        assert await store.people.recognise(replace(sender, bsuid=bsuid)) == ada.id
        assert await store.people.recognise(Sender(bsuid=bsuid)) == ada.id


async def test_ids_that_change_in_a_circle_stay_theirs(store: Store) -> None:
    ada, sender = await known(store)
    new = new_bsuid()

    await rename(store, sender.bsuid, new, sender.bsuid, new, new)

    for bsuid in new, sender.bsuid:
        assert await store.people.recognise(replace(sender, bsuid=bsuid)) == ada.id


async def test_nobody_comes_of_an_id_that_nobody_knows(store: Store) -> None:
    former, new = new_bsuid(), new_bsuid()

    await rename(store, former, new)

    assert await store.people.recognise(Sender(bsuid=new)) is None


async def test_whoever_has_a_new_id_is_answered_by_it_until_their_number_is_known(
    store: Store,
) -> None:
    ada, sender = await known(store)
    elsewhere = replace(store.sender(), bsuid=new_bsuid())

    await rename(store, sender.bsuid, elsewhere.bsuid)

    assert await name_in_the_queue(store, Sender(bsuid=elsewhere.bsuid)) == (
        f"bsuid:{elsewhere.bsuid}"
    )
    assert await store.people.recognise(elsewhere) == ada.id
    assert await phone(store, ada) == phone_of(elsewhere)
    assert await store.people.recognise(sender) is None


async def test_a_rename_behind_the_first_message_with_the_new_id_gives_the_number_back(
    store: Store,
) -> None:
    ada, sender = await known(store)
    renamed = replace(sender, bsuid=new_bsuid())
    assert await store.people.recognise(renamed) is None

    await rename(store, sender.bsuid, renamed.bsuid)

    assert await store.people.recognise(renamed) == ada.id
    assert await phone(store, ada) == phone_of(sender)


async def test_a_rename_to_another_id_than_the_newcomers_gives_nothing_back(store: Store) -> None:
    ada, sender = await known(store)
    newcomer = replace(sender, bsuid=new_bsuid())
    await store.people.recognise(newcomer)

    await rename(store, sender.bsuid, new_bsuid())

    assert await phone(store, ada) is None
    assert await store.people.recognise(newcomer) is None


async def test_a_number_that_was_proven_in_the_meantime_is_not_given_back(store: Store) -> None:
    ada, sender = await known(store)
    newcomer, ben = replace(sender, bsuid=new_bsuid()), await store.person()
    await store.people.recognise(newcomer)
    await link(store, ben, newcomer)

    await rename(store, sender.bsuid, newcomer.bsuid)

    assert await store.people.recognise(newcomer) == ben.id
    assert await phone(store, ada) is None


# --- another number -----------------------------------------------------------------------------


async def test_a_changed_number_keeps_its_person(store: Store) -> None:
    ada, sender = await known(store)
    await answered(store, ada, sender)
    new = replace(store.sender(), bsuid=new_bsuid())

    moved = [
        await store.people.moved(replace(sender, bsuid=None), new, datetime.now(UTC))
        for _ in range(2)
    ]

    assert moved == [ada.id, ada.id]
    assert await phone(store, ada) == phone_of(new)
    assert await store.people.recognise(new) == ada.id
    assert await store.people.recognise(sender) is None
    assert await recipients(store, ada) == [Sender(wa_id=new.wa_id).key]


async def test_what_is_about_to_be_sent_to_the_former_number_is_not(store: Store) -> None:
    ada, sender = await known(store)
    (send,) = await answered(store, ada, sender)

    await store.people.moved(sender, store.sender(), datetime.now(UTC))

    assert not await store.outbox.begin(send.id)


async def test_a_changed_number_is_taken_from_whoever_had_it(store: Store) -> None:
    ada, sender = await known(store)
    ben, new = await known(store)
    await answered(store, ben, new)
    both = replace(new, bsuid=new_bsuid())

    assert await store.people.moved(sender, both, datetime.now(UTC)) == ada.id

    assert await phone(store, ben) is None
    assert await recipients(store, ben) == []
    assert await store.people.recognise(Sender(bsuid=new.bsuid)) is None
    assert await store.people.recognise(both) == ada.id


async def test_a_notice_that_comes_late_changes_nothing(store: Store) -> None:
    ada, sender = await known(store)
    ben, new = await known(store)

    assert await store.people.moved(sender, store.sender(), EARLIER) is None
    assert await phone(store, ada) == phone_of(sender)
    since = "update user_preferences set linked_at = linked_at - '2 days'::interval"
    await store.owner.execute(f"{since} where user_id = $1", ada.id)
    assert await store.people.moved(sender, new, EARLIER) is None
    assert await phone(store, ben) == phone_of(new)


async def test_a_recycled_number_that_changes_again_does_not_take_the_chat_along(
    store: Store,
) -> None:
    ada, sender = await known(store)
    newcomer = replace(sender, bsuid=new_bsuid())
    new = replace(store.sender(), bsuid=new_bsuid())

    assert await store.people.moved(newcomer, new, datetime.now(UTC)) is None

    assert await store.people.recognise(new) is None
    assert await phone(store, ada) is None


async def test_a_stranger_who_moves_to_somebodys_number_stays_a_stranger(store: Store) -> None:
    ada, sender = await known(store)
    stranger = replace(store.sender(), bsuid=new_bsuid())

    new = replace(sender, bsuid=new_bsuid())

    assert await store.people.moved(stranger, new, datetime.now(UTC)) is None
    assert await store.people.recognise(sender) == ada.id


async def test_a_new_id_without_a_number_is_theirs_and_answered_as_such(store: Store) -> None:
    ada, sender = await known(store)
    new = Sender(bsuid=new_bsuid())

    moved = [await store.people.moved(sender, new, datetime.now(UTC)) for _ in range(2)]

    assert moved == [ada.id, ada.id]
    assert await store.people.recognise(new) == ada.id
    assert await name_in_the_queue(store, new) == new.key


@pytest.mark.parametrize("order", ["rename first", "message first", "notice first"])
async def test_in_whatever_order_meta_tells_of_a_new_number_it_is_theirs(
    store: Store, order: str
) -> None:
    ada, sender = await known(store)
    new = replace(store.sender(), bsuid=new_bsuid())
    if order == "message first":
        assert await store.people.recognise(new) is None
    if order != "notice first":
        await rename(store, sender.bsuid, new.bsuid)
        assert await store.people.recognise(new) == ada.id

    notice = replace(sender, bsuid=None)
    assert await store.people.moved(notice, new, datetime.now(UTC)) == ada.id
    await rename(store, sender.bsuid, new.bsuid)

    assert await store.people.recognise(new) == ada.id
    assert await store.people.recognise(Sender(bsuid=new.bsuid)) == ada.id
    assert await phone(store, ada) == phone_of(new)


async def test_notices_that_contradict_each_other_leave_a_number_one_owner(store: Store) -> None:
    ada, of_ada = await known(store)
    ben, of_ben = await known(store)
    at = datetime.now(UTC)

    await asyncio.gather(
        *(store.people.moved(of_ada, of_ben, at) for _ in range(4)),
        *(store.people.moved(of_ben, of_ada, at) for _ in range(4)),
    )

    phones = [await phone(store, one) for one in (ada, ben)]
    assert phones.count(None) == 1


async def test_an_argentine_landline_is_nobody_whom_whatsapp_knows_by_a_mobile(
    store: Store,
) -> None:
    ada, digits = await store.person(), str(store.sender().wa_id)[-10:]
    code = (await store.phone_links.request(ada, Phone(f"+54{digits}"))).code
    mobile = Sender(wa_id=f"549{digits}", bsuid=new_bsuid())
    await store.people.redeem(code, mobile, wamid())

    assert await store.people.recognise(Sender(wa_id=f"54{digits}")) is None
    assert await store.people.recognise(Sender(wa_id=mobile.wa_id)) == ada.id


async def test_an_invitation_that_waits_is_not_sent_to_who_is_in_by_now(store: Store) -> None:
    ada, sender = await store.person(), store.sender()
    await store.outbox.queue(f"invitation:{sender.key}", sender, "Sign up!")

    await link(store, ada, sender)

    assert await store.outbox.unsent(sender) == []

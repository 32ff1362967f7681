"""The conversation, as the bot sees it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import AnsweredElsewhere
from bot.models import (
    Arrival,
    Caller,
    Channel,
    Dropped,
    Line,
    Reply,
    ReplyStatus,
    Role,
    Said,
    Send,
    Wamid,
)
from tests.store.contract.scenes import (
    HELLO,
    acquainted,
    answered,
    arrival,
    attended,
    heard,
    link,
    make_avatar,
    message,
    take,
    wamid,
)
from tests.store.contract.stores import NUMBER, Store

pytestmark = pytest.mark.asyncio(loop_scope="package")


def texts(said: Sequence[Said]) -> list[str]:
    return [line.line.text for line in said]


def stored(answer: Sequence[Send] | Dropped) -> Sequence[Send]:
    assert not isinstance(answer, Dropped)
    return answer


async def reply_status(store: Store, caller: Caller) -> ReplyStatus | None:
    newest, *_ = await store.history.page(caller, limit=10, before=None)
    return newest.status


# --- opening ------------------------------------------------------------------------------------


async def test_a_turn_is_everything_that_is_not_answered(store: Store) -> None:
    ada = await store.person()
    avatar = await make_avatar(store, ada)
    await heard(store, ada, "One.")
    two, three = arrival("Two."), arrival("Three.")

    turn = await store.turns.open(ada.id, Channel.WHATSAPP, [two, three])

    assert (turn.person, turn.channel, turn.avatar) == (ada.id, Channel.WHATSAPP, avatar)
    assert texts(turn.unanswered) == ["One.", "Two.", "Three."]
    assert {line.role for line in turn.unanswered} == {Role.USER}
    assert (turn.history, turn.latest_wamid) == ((), three.wamid)


async def test_who_has_no_avatar_is_heard_all_the_same(store: Store) -> None:
    turn = await heard(store, await store.person(), "Hi.")

    assert turn.avatar is None
    assert texts(turn.unanswered) == ["Hi."]


async def test_nothing_is_heard_twice(store: Store) -> None:
    ada, hi = await store.person(), arrival("Hi.")

    turns = await asyncio.gather(
        *(store.turns.open(ada.id, Channel.WHATSAPP, [hi]) for _ in range(4)),
    )

    assert [texts(turn.unanswered) for turn in turns] == [["Hi."]] * 4


async def test_what_is_not_words_is_marked_and_names_its_attachment(store: Store) -> None:
    ada = await store.person()
    photo = Line(text="[image]", readable=False, attachment="image")

    turn = await store.turns.open(ada.id, Channel.WHATSAPP, [Arrival(wamid=wamid(), line=photo)])

    assert [line.line for line in turn.unanswered] == [photo]


async def test_what_is_heard_is_handled_in_the_inbox(store: Store) -> None:
    ada, sender, hi = await store.person(), store.sender(), arrival("Hi.")
    await take(store, message(sender, key=f"message:{hi.wamid}"), message(sender, payload='"x"'))

    await store.turns.open(ada.id, Channel.WHATSAPP, [hi])

    assert (await attended(store, sender)).arrivals == ('"x"',)


async def test_what_was_answered_is_history_on_both_channels(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)
    await store.history.say(ada, "And here.")

    turn = await store.turns.open(ada.id, Channel.APP)

    assert texts(turn.history) == ["Hi.", "Hello."]
    assert [line.role for line in turn.history] == [Role.USER, Role.ASSISTANT]
    assert texts(turn.unanswered) == ["And here."]
    assert turn.latest_wamid is None


async def test_what_waits_on_the_other_channel_is_not_in_this_turn(store: Store) -> None:
    ada, _ = await acquainted(store)
    await store.history.say(ada, "Here.")

    turn = await heard(store, ada, "There.")

    assert texts(turn.unanswered) == ["There."]
    assert turn.history == ()


async def test_a_quote_shows_the_words_it_answers_to(store: Store) -> None:
    ada, sender = await acquainted(store)
    first = arrival("First.")
    turn = await store.turns.open(ada.id, Channel.WHATSAPP, [first])
    (send,) = stored(await store.turns.answer(turn, HELLO, sender))
    sent = wamid()
    await store.outbox.begin(send.id)
    await store.outbox.sent(send.id, sent, NUMBER)

    quoting = [
        arrival("To mine.", quoted=first.wamid),
        arrival("To yours.", quoted=sent),
        arrival("To nothing.", quoted=Wamid("wamid.unknown")),
    ]
    turn = await store.turns.open(ada.id, Channel.WHATSAPP, quoting)

    assert [line.quoted for line in turn.unanswered] == ["First.", "Hello.", None]


async def test_nobody_can_quote_what_somebody_else_wrote(store: Store) -> None:
    ada, ben, secret = await store.person(), await store.person(), arrival("My secret.")
    await store.turns.open(ada.id, Channel.WHATSAPP, [secret])

    turn = await store.turns.open(ben.id, Channel.WHATSAPP, [arrival("This?", quoted=secret.wamid)])

    assert [line.quoted for line in turn.unanswered] == [None]


async def test_a_turn_tells_for_how_long_the_first_of_it_has_waited(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)
    await heard(store, ada, "One.")
    await store.owner.execute(
        "update messages set created_at = created_at - interval '1 h' where user_id = $1", ada.id
    )

    turn = await heard(store, ada, "Two.")

    assert turn.waited / timedelta(seconds=1) == pytest.approx(3600, abs=2)


async def test_where_nothing_is_unanswered_nobody_waits(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)

    assert (await heard(store, ada)).waited == timedelta(0)


async def test_somebody_who_left_is_not_heard(store: Store) -> None:
    with pytest.raises(AnsweredElsewhere):
        await heard(store, await store.gone(), "Hi.")


# --- answering ----------------------------------------------------------------------------------


async def test_an_answer_is_queued_part_by_part(store: Store) -> None:
    ada, sender = await acquainted(store)
    reply = Reply(text="One. Two.", parts=("One.", "Two."))

    sends = await answered(store, ada, sender, reply)

    assert [(send.to, send.text, send.status) for send in sends] == [
        (sender, "One.", ReplyStatus.QUEUED),
        (sender, "Two.", ReplyStatus.QUEUED),
    ]
    assert await store.outbox.unsent(sender) == sends
    newest, _ = await store.history.page(ada, limit=10, before=None)
    assert (newest.content, newest.status) == ("One. Two.", ReplyStatus.QUEUED)


async def test_in_the_app_an_answer_is_sent_at_once(store: Store) -> None:
    ada = await store.person()
    await make_avatar(store, ada)
    await store.history.say(ada, "Hi.")

    sends = await store.turns.answer(await store.turns.open(ada.id, Channel.APP), HELLO, None)

    assert sends == []
    newest, _ = await store.history.page(ada, limit=10, before=None)
    assert (newest.content, newest.status) == ("Hello.", ReplyStatus.SENT)


async def test_nothing_is_answered_twice(store: Store) -> None:
    ada, sender = await acquainted(store)
    turn = await heard(store, ada, "Hi.", "There?")

    drafts = await asyncio.gather(
        *(store.turns.answer(turn, HELLO, sender) for _ in range(4)),
    )

    assert drafts.count(Dropped.ANSWERED) == 3
    assert len(await store.outbox.unsent(sender)) == 1
    assert len(await store.history.page(ada, limit=10, before=None)) == 3


async def test_a_draft_about_more_than_is_unanswered_is_dropped(store: Store) -> None:
    ada, sender = await acquainted(store)
    early = await heard(store, ada, "One.")
    late = await heard(store, ada, "Two.")
    await store.turns.answer(early, HELLO, sender)

    assert await store.turns.answer(late, HELLO, sender) is Dropped.ANSWERED
    assert texts((await heard(store, ada)).unanswered) == ["Two."]


async def test_a_draft_for_a_number_that_is_theirs_no_more_is_dropped(store: Store) -> None:
    (ada, sender), ben = await acquainted(store), await store.person()
    turn = await heard(store, ada, "My secret.")
    await link(store, ben, sender)

    assert await store.turns.answer(turn, HELLO, sender) is Dropped.ANSWERED
    assert await store.turns.notice(turn, HELLO, sender) == []
    assert await store.outbox.unsent(sender) == []


async def test_a_draft_for_a_number_that_was_never_theirs_is_dropped(store: Store) -> None:
    ada, _ = await acquainted(store)
    turn = await heard(store, ada, "My secret.")

    assert await store.turns.answer(turn, HELLO, store.sender()) is Dropped.ANSWERED


async def test_a_draft_for_somebody_who_left_is_dropped(store: Store) -> None:
    ada = await store.person()
    turn = await heard(store, ada, "Hi.")
    await store.registry.delete(ada.id)

    assert await store.turns.answer(turn, HELLO, None) is Dropped.ANSWERED


async def test_the_first_part_may_be_on_its_way_already(store: Store) -> None:
    ada, sender = await acquainted(store)
    turn = await heard(store, ada, "Hi.")
    reply = Reply(text="One. Two.", parts=("One.", "Two."))

    first, second = stored(await store.turns.answer(turn, reply, sender, begin=True))

    assert (first.status, second.status) == (ReplyStatus.SENDING, ReplyStatus.QUEUED)
    assert await store.outbox.begin(first.id) is False
    assert await reply_status(store, ada) is ReplyStatus.SENDING


# --- what came while an answer was thought of ---------------------------------------------------


async def test_a_draft_that_more_joins_is_dropped_and_all_of_it_is_answered(store: Store) -> None:
    ada, sender = await acquainted(store)
    turn = await heard(store, ada, "One.")
    await take(store, message(sender))

    assert await store.turns.answer(turn, HELLO, sender, joins=True) is Dropped.JOINED
    again = await heard(store, ada, "Two.")
    assert texts(again.unanswered) == ["One.", "Two."]
    assert await store.turns.answer(turn, HELLO, sender, joins=True) is Dropped.JOINED


async def test_in_the_app_more_joins_as_well(store: Store) -> None:
    ada, _ = await acquainted(store)
    await store.history.say(ada, "One.")
    turn = await store.turns.open(ada.id, Channel.APP)
    await store.history.say(ada, "Two.")

    assert await store.turns.answer(turn, HELLO, None, joins=True) is Dropped.JOINED
    assert await store.turns.answer(turn, HELLO, None) == []


async def test_where_nothing_may_join_the_draft_is_stored_and_the_rest_comes_after(
    store: Store,
) -> None:
    ada, sender = await acquainted(store)
    turn = await heard(store, ada, "One.")
    await take(store, message(sender))

    assert stored(await store.turns.answer(turn, HELLO, sender))
    assert texts((await heard(store, ada, "Two.")).unanswered) == ["Two."]


async def test_what_is_answered_said_elsewhere_or_by_others_does_not_join(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)
    turn = await heard(store, ada, "One.")
    await store.history.say(ada, "And here.")
    await take(store, message(store.sender()))

    assert stored(await store.turns.answer(turn, HELLO, sender, joins=True))


async def test_what_was_put_aside_does_not_join(store: Store) -> None:
    ada, sender = await acquainted(store)
    turn, sticker = await heard(store, ada, "One."), wamid()
    await take(store, message(sender, key=f"message:{sticker}"))
    await store.inbox.put_aside([sticker])

    assert stored(await store.turns.answer(turn, HELLO, sender, joins=True))


# --- STOP and START -----------------------------------------------------------------------------


async def test_the_answer_to_stop_is_the_last_that_is_sent(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)
    turn = await heard(store, ada, "STOP")

    sends = await store.turns.answer(turn, replace(HELLO, silences=True), sender)

    assert await store.outbox.unsent(sender) == sends
    assert (await attended(store, sender)).chat.is_silenced


async def test_the_answer_to_start_lets_them_hear_again(store: Store) -> None:
    ada, sender = await acquainted(store)
    await store.outbox.silence(sender, silenced=True)
    turn = await heard(store, ada, "START")

    assert stored(await store.turns.answer(turn, replace(HELLO, silences=False), sender))
    assert not (await attended(store, sender)).chat.is_silenced


async def test_any_other_answer_leaves_that_as_it_is(store: Store) -> None:
    ada, sender = await acquainted(store)
    await store.outbox.silence(sender, silenced=True)
    await answered(store, ada, sender)

    assert (await attended(store, sender)).chat.is_silenced


async def test_a_dropped_draft_silences_nobody(store: Store) -> None:
    ada, sender = await acquainted(store)
    turn = await heard(store, ada, "STOP")
    await store.turns.answer(turn, HELLO, sender)

    dropped = await store.turns.answer(turn, replace(HELLO, silences=True), sender)

    assert dropped is Dropped.ANSWERED
    assert not (await attended(store, sender)).chat.is_silenced


# --- notices ------------------------------------------------------------------------------------


async def test_a_turn_has_one_notice_which_answers_nothing(store: Store) -> None:
    ada, sender = await acquainted(store)
    turn = await heard(store, ada, "Hi.")

    notices = await asyncio.gather(
        *(store.turns.notice(turn, HELLO, sender) for _ in range(4)),
    )

    assert sorted(len(notice) for notice in notices) == [0, 0, 0, 1]
    again = await heard(store, ada)
    assert (texts(again.unanswered), again.history) == (["Hi."], ())
    assert len(await store.history.page(ada, limit=10, before=None)) == 2


async def test_the_answer_may_come_after_the_notice(store: Store) -> None:
    ada, sender = await acquainted(store)
    turn = await heard(store, ada, "Hi.")
    await store.turns.notice(turn, HELLO, sender)

    assert stored(await store.turns.answer(turn, HELLO, sender))
    assert await store.turns.notice(turn, HELLO, sender) == []


# --- silence ------------------------------------------------------------------------------------


async def test_what_is_settled_is_history_and_never_answered(store: Store) -> None:
    ada, sender = await acquainted(store)
    await answered(store, ada, sender)
    turn = await heard(store, ada, "Anybody?")

    await store.turns.settle(turn)

    after = await heard(store, ada, "START")
    assert texts(after.unanswered) == ["START"]
    assert texts(after.history) == ["Hi.", "Hello.", "Anybody?"]
    assert await store.turns.answer(turn, HELLO, sender) is Dropped.ANSWERED

"""The conversation, as the bot sees it."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.errors import AnsweredElsewhere
from bot.models import (
    Arrival,
    Channel,
    Line,
    Reply,
    ReplyStatus,
    Role,
    Said,
    Send,
    Sender,
    Wamid,
)
from tests.store.contract.scenes import (
    HELLO,
    acquainted,
    answered,
    arrival,
    heard,
    link,
    make_avatar,
    message,
    take,
    wamid,
)
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")


def texts(said: Sequence[Said]) -> list[str]:
    return [line.line.text for line in said]


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

    assert await store.inbox.arrivals(sender) == ['"x"']


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
    (send,) = await store.turns.answer(turn, HELLO, sender) or ()
    sent = wamid()
    await store.outbox.begin(send.id)
    await store.outbox.sent(send.id, sent)

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


async def test_the_id_that_comes_with_a_proven_number_is_remembered(store: Store) -> None:
    ada, sender = await acquainted(store)
    bsuid = f"NL.{sender.wa_id}"

    await store.turns.open(ada.id, Channel.WHATSAPP, bsuid=bsuid)

    assert await store.people.find(Sender(bsuid=bsuid)) == ada.id


async def test_an_id_without_a_proven_number_is_not_remembered(store: Store) -> None:
    ada, bsuid = await store.person(), f"NL.{store.sender().wa_id}"

    await store.turns.open(ada.id, Channel.WHATSAPP, bsuid=bsuid)

    assert await store.people.find(Sender(bsuid=bsuid)) is None


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

    drafts: list[Sequence[Send] | None] = await asyncio.gather(
        *(store.turns.answer(turn, HELLO, sender) for _ in range(4)),
    )

    assert sum(draft is not None for draft in drafts) == 1
    assert len(await store.outbox.unsent(sender)) == 1
    assert len(await store.history.page(ada, limit=10, before=None)) == 3


async def test_a_draft_about_more_than_is_unanswered_is_dropped(store: Store) -> None:
    ada, sender = await acquainted(store)
    early = await heard(store, ada, "One.")
    late = await heard(store, ada, "Two.")
    await store.turns.answer(early, HELLO, sender)

    assert await store.turns.answer(late, HELLO, sender) is None
    assert texts((await heard(store, ada)).unanswered) == ["Two."]


async def test_a_draft_for_a_number_that_is_theirs_no_more_is_dropped(store: Store) -> None:
    (ada, sender), ben = await acquainted(store), await store.person()
    turn = await heard(store, ada, "My secret.")
    await link(store, ben, sender)

    assert await store.turns.answer(turn, HELLO, sender) is None
    assert await store.turns.notice(turn, HELLO, sender) == []
    assert await store.outbox.unsent(sender) == []


async def test_a_draft_for_somebody_who_left_is_dropped(store: Store) -> None:
    ada = await store.person()
    turn = await heard(store, ada, "Hi.")
    await store.registry.delete(ada.id)

    assert await store.turns.answer(turn, HELLO, None) is None


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

    assert await store.turns.answer(turn, HELLO, sender)
    assert await store.turns.notice(turn, HELLO, sender) == []

"""A person and their avatar, over WhatsApp and in the app."""

import asyncio
from datetime import timedelta

import pytest

from bot.chat.burst import Pace
from tests.ava import ADA, BEN, Ava, Person, at, ava_in, eventually
from tests.homes import Home, in_one_home


async def asked(ava: Ava, times: int) -> bool:
    return len(ava.model.asked) >= times


async def has_lines(person: Person, count: int) -> bool:
    return len(await person.messages()) >= count


PHOTO = {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg", "sha256": "x"}}


async def test_a_message_is_answered_by_the_avatar(ava: Ava) -> None:
    person = await ava.acquainted()

    await ava.simulator.say(ADA, "Hello there.")

    assert (await ava.heard(ADA, 2))[1] == "You said: Hello there."
    said, answered = await person.messages()
    assert (said["role"], said["channel"], said["content"]) == ("user", "whatsapp", "Hello there.")
    assert (answered["role"], answered["content"]) == ("assistant", "You said: Hello there.")


@in_one_home
async def test_three_quick_messages_become_one_turn(home: Home) -> None:
    pace = Pace(finished=timedelta(seconds=0.3), fragment=timedelta(seconds=0.3))
    async with ava_in(home, pace=pace) as ava:
        await ava.acquainted()

        for second, text in enumerate(("hi", "it is me", "how are you?")):
            await ava.simulator.say(ADA, text, timestamp=at(second))

        assert await ava.heard(ADA, 2)
        assert ava.model.asked[-1][-1]["content"] == "hi\nit is me\nhow are you?"
        assert len(ava.model.asked) == 1


@in_one_home
async def test_messages_of_one_delivery_are_answered_in_the_order_they_were_sent(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.batch = 10

    first = {"type": "text", "text": {"body": "first"}, "timestamp": at(1)}
    second = {"type": "text", "text": {"body": "second"}, "timestamp": at(2)}
    await ava.simulator.send(ADA, second)
    await ava.simulator.send(ADA, first)

    await ava.heard(ADA, 2)
    assert ava.model.asked[-1][-1]["content"] == "first\nsecond"


@in_one_home
async def test_a_delivery_that_comes_five_times_is_answered_once(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.duplicate = 4

    await ava.simulator.say(ADA, "Once.")

    await ava.heard(ADA, 2)
    await ava.simulator.until_quiet()
    assert [line["content"] for line in await person.messages()] == ["Once.", "You said: Once."]


@in_one_home
async def test_what_comes_while_a_reply_is_composed_joins_the_turn(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.model.let_go.clear()
    await ava.simulator.say(ADA, "One.")
    await ava.model.called.wait()

    await ava.simulator.say(ADA, "Two.")
    await eventually(lambda: asked(ava, 2))
    ava.model.let_go.set()

    assert (await ava.heard(ADA, 2))[1:] == ["You said: One.\nTwo."]
    assert len(await person.messages()) == 3


@in_one_home
async def test_two_people_do_not_wait_for_each_other(ava: Ava) -> None:
    await ava.acquainted("ada@example.com", ADA)
    await ava.acquainted("ben@example.com", BEN)
    ava.model.let_go.clear()

    await ava.simulator.say(ADA, "Slow.")
    await ava.model.called.wait()
    ava.model.called.clear()
    await ava.simulator.say(BEN, "Slow too.")

    await asyncio.wait_for(ava.model.called.wait(), 5)
    ava.model.let_go.set()
    assert (await ava.heard(ADA, 2))[1:] == ["You said: Slow."]
    assert (await ava.heard(BEN, 2))[1:] == ["You said: Slow too."]


@in_one_home
async def test_the_person_sees_read_and_typing_while_the_avatar_thinks(ava: Ava) -> None:
    await ava.acquainted()

    wamid = await ava.simulator.say(ADA, "Hello.")

    await ava.heard(ADA, 2)
    typing = [call for call in ava.simulator.received if call.get("status") == "read"]
    assert typing[-1]["message_id"] == wamid
    assert typing[-1]["typing_indicator"] == {"type": "text"}


@in_one_home
async def test_the_ticks_of_a_reply_reach_the_history(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.open_chat(ADA)

    await ava.simulator.say(ADA, "Hello.")

    await ava.heard(ADA, 2)
    await ava.simulator.until_quiet()
    assert [line["status"] for line in await person.messages()] == [None, "read"]


@in_one_home
async def test_a_reply_that_meta_could_not_deliver_is_shown_as_failed(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.fail(131026)

    await ava.simulator.say(ADA, "Hello.")

    await ava.simulator.until(lambda: len(ava.simulator.messages(ADA)) == 4)
    await ava.simulator.until_quiet()
    assert (await person.messages())[-1]["status"] == "failed"


async def test_the_app_and_whatsapp_are_one_conversation(ava: Ava) -> None:
    person = await ava.acquainted()
    await ava.simulator.say(ADA, "On WhatsApp.")
    await ava.heard(ADA, 2)

    ava.model.called.clear()
    status, answer = await person.ask("POST", "/messages", json={"content": "In the app."})
    await ava.model.called.wait()
    await eventually(lambda: has_lines(person, 4))
    history = await person.messages()

    assert (status, answer["id"]) == (202, history[2]["id"])
    assert [line["content"] for line in history[2:]] == ["In the app.", "You said: In the app."]
    assert [line["channel"] for line in history] == ["whatsapp", "whatsapp", "app", "app"]
    assert [said["content"] for said in ava.model.asked[-1][1:]] == [
        "On WhatsApp.",
        "You said: On WhatsApp.",
        "In the app.",
    ]
    assert len(ava.simulator.replies(ADA)) == 2


@in_one_home
async def test_the_model_is_given_what_a_message_quotes(ava: Ava) -> None:
    await ava.acquainted()
    await ava.simulator.say(ADA, "I like tea.")
    reply = (await ava.simulator.until_replies(ADA, 2))[1]

    await ava.simulator.say(ADA, "Really?", context={"id": reply.wamid})

    await ava.heard(ADA, 3)
    assert ava.model.asked[-1][-1]["content"] == "> You said: I like tea.\nReally?"


@in_one_home
async def test_a_quote_from_the_same_burst_is_known_too(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.batch = 10

    first = await ava.simulator.say(ADA, "I like tea.", timestamp=at(1))
    await ava.simulator.say(ADA, "A lot.", timestamp=at(2), context={"id": first})

    await ava.heard(ADA, 2)
    assert ava.model.asked[-1][-1]["content"] == "I like tea.\n> I like tea.\nA lot."


@in_one_home
async def test_markdown_becomes_whatsapp_marks_on_whatsapp_only(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.model.answers.append("That is **great**.")

    await ava.simulator.say(ADA, "I won.")

    assert (await ava.heard(ADA, 2))[1] == "That is *great*."
    assert (await person.messages())[-1]["content"] == "That is **great**."


@in_one_home
async def test_a_reply_too_long_for_one_message_comes_in_order_as_several(ava: Ava) -> None:
    person = await ava.acquainted()
    long = " ".join(f"This is sentence number {n}." for n in range(300))
    ava.model.answers.append(long)

    await ava.simulator.say(ADA, "Tell me a story.")

    parts = (await ava.heard(ADA, 4))[1:]
    assert " ".join(parts) == long
    assert max(map(len, parts)) <= 4096
    assert all(part.endswith(".") for part in parts)
    await ava.simulator.until_quiet()
    assert [line["status"] for line in await person.messages()] == [None, "delivered"]


@in_one_home
async def test_what_the_avatar_cannot_see_is_answered_kindly_without_the_model(ava: Ava) -> None:
    person = await ava.acquainted()

    await ava.simulator.send(ADA, PHOTO)

    assert "photo" in (await ava.heard(ADA, 2))[1].lower()
    assert ava.model.asked == []
    assert (await person.messages())[0]["content"] == "[image]"


@in_one_home
async def test_reactions_are_left_alone(ava: Ava) -> None:
    await ava.acquainted()
    wamid = await ava.simulator.say(ADA, "Hello.")
    await ava.heard(ADA, 2)

    reaction = {"type": "reaction", "reaction": {"message_id": wamid, "emoji": "👍"}}
    await ava.simulator.send(ADA, reaction)
    await ava.simulator.say(ADA, "Bye.")

    assert (await ava.heard(ADA, 3))[2] == "You said: Bye."
    assert len(ava.model.asked) == 2


@in_one_home
async def test_a_stranger_is_invited_once_a_day(ava: Ava) -> None:
    await ava.simulator.say(BEN, "Hello?")
    await ava.heard(BEN, 1)

    await ava.simulator.say(BEN, "Anybody?")
    await ava.acquainted()  # everything of Ben's has been seen by the time this is through

    (invitation,) = ava.simulator.replies(BEN)
    assert "https://ava.example.com" in invitation.text
    assert ava.model.asked == []


@in_one_home
async def test_a_stranger_with_a_wrong_code_is_told_so(ava: Ava) -> None:
    await ava.simulator.say(BEN, "AVA-222222")

    assert "does not fit" in (await ava.heard(BEN, 1))[0]


@in_one_home
async def test_nobody_answers_into_a_group(ava: Ava) -> None:
    await ava.acquainted()

    await ava.simulator.say(ADA, "Hello everybody.", group_id="Y2FwOmdyb3Vw")
    await ava.simulator.say(ADA, "Just you.")

    assert (await ava.heard(ADA, 2))[1] == "You said: Just you."


@in_one_home
async def test_somebody_without_a_phone_number_is_invited_by_their_id(ava: Ava) -> None:
    await ava.simulator.send(None, {"type": "text", "text": {"body": "Hi"}}, bsuid="NL.4091772")

    await ava.simulator.until(lambda: bool(ava.simulator.received))
    assert ava.simulator.received[0]["recipient"] == "NL.4091772"


@in_one_home
async def test_a_person_is_known_by_their_id_once_it_came_with_their_number(ava: Ava) -> None:
    text = {"type": "text", "text": {"body": "It is me."}}
    await ava.simulator.send(ADA, text, bsuid="NL.4091772")
    await ava.heard(ADA, 1)
    await ava.acquainted()

    await ava.simulator.send(None, text, bsuid="NL.4091772")

    assert (await ava.heard(ADA, 3))[2] == "You said: It is me."


@in_one_home
async def test_a_brazilian_is_found_under_the_other_spelling_of_the_number(ava: Ava) -> None:
    person = await ava.sign_up()
    await person.make_avatar()
    _, answer = await person.ask("PUT", "/preferences/whatsapp", json={"phone": "+5511987654321"})

    await ava.simulator.say("551187654321", answer["code"])

    assert "linked" in (await ava.heard("551187654321", 1))[0]
    _, preferences = await person.ask("GET", "/preferences")
    assert preferences["whatsapp_phone"] == "+5511987654321"


@in_one_home
async def test_without_a_model_there_is_one_notice_and_then_the_late_answer(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.model.down = True
    await ava.simulator.say(ADA, "Are you there?")
    notice = (await ava.heard(ADA, 2))[1]

    ava.model.down = False

    answered = (await ava.heard(ADA, 3))[2]
    assert "will come" in notice
    assert answered == "You said: Are you there?"
    assert len(ava.simulator.replies(ADA)) == 3
    await ava.simulator.say(ADA, "Good.")
    await ava.heard(ADA, 4)
    assert notice not in [said["content"] for said in ava.model.asked[-1]]
    assert [line["content"] for line in await person.messages()][1] == notice


@in_one_home
async def test_someone_linked_without_an_avatar_is_told_to_make_one(ava: Ava) -> None:
    person = await ava.sign_up()
    await ava.link(person, ADA)

    await ava.simulator.say(ADA, "Hello?")

    assert "avatar" in (await ava.heard(ADA, 2))[1]
    assert ava.model.asked == []


@pytest.mark.parametrize(
    "body",
    [
        "a\0b",
        "lone \udc00 surrogate",
        "x" * 1_000_000,
        "",
        "🏳️‍🌈" * 1000,
    ],
    ids=["NUL", "surrogate", "1 MB", "empty", "emoji"],
)
async def test_no_text_is_too_odd_to_store_and_to_go_on_from(ava: Ava, body: str) -> None:
    await ava.acquainted()

    await ava.simulator.say(ADA, body)
    await ava.simulator.say(ADA, "And?")

    await ava.simulator.until(lambda: any("And?" in r.text for r in ava.simulator.replies(ADA)))


@in_one_home
async def test_talk_that_looks_like_a_code_is_talk(ava: Ava) -> None:
    person = await ava.acquainted()

    await ava.simulator.say(ADA, "Ava 3 years I have wanted to tell you this.")
    await ava.heard(ADA, 2)
    await ava.simulator.say(ADA, "Ava 2 weeks long I have wanted to die. I want to kill myself.")

    replies = await ava.heard(ADA, 3)
    assert replies[1] == "You said: Ava 3 years I have wanted to tell you this."
    assert len(ava.model.asked) == 1  # the second was a matter for a helpline
    assert len(await person.messages()) == 4


@in_one_home
async def test_more_than_a_worker_carries_at_once_is_one_turn_all_the_same(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.batch = 500

    for number in range(250):
        await ava.simulator.say(ADA, f"Line {number}.")

    (answer,) = (await ava.heard(ADA, 2))[1:]
    assert answer.startswith("You said: Line 0.\nLine 1.")
    assert answer.rstrip().endswith("Line 249.") or len(answer) > 1000

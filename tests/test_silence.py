"""STOP and START: somebody who wants no messages on WhatsApp gets none."""

from tests.ava import ADA, BEN, Ava, Person, eventually
from tests.homes import in_one_home

pytestmark = in_one_home


_SILENCED = "select exists (select from whatsapp_chats where silenced_at is not null)"
_NOBODY_WAITS = "select not exists (select from attention)"


async def has_lines(person: Person, count: int) -> bool:
    return len(await person.messages()) >= count


async def test_stop_is_confirmed_once_and_then_there_is_silence_until_start(ava: Ava) -> None:
    person = await ava.acquainted()
    await ava.simulator.say(ADA, "Stop. Thank you")
    (confirmed,) = (await ava.heard(ADA, 2))[1:]

    for text in ("Are you there?", "STOP"):
        await ava.simulator.say(ADA, text)
    await eventually(lambda: ava.home.look(_NOBODY_WAITS))
    await ava.simulator.say(ADA, "START")
    (back,) = (await ava.heard(ADA, 3))[2:]
    await ava.simulator.say(ADA, "Hello.")

    assert "START" in confirmed
    assert "STOP" in back
    assert (await ava.heard(ADA, 4))[3] == "You said: Hello."
    assert len(ava.model.asked) == 1
    assert "Are you there?" in [line["content"] for line in await person.messages()]


async def test_stop_in_the_middle_of_a_sentence_is_talk(ava: Ava) -> None:
    await ava.acquainted()

    await ava.simulator.say(ADA, "stop it, you make me laugh")

    assert (await ava.heard(ADA, 2))[1] == "You said: stop it, you make me laugh"


async def test_a_reply_that_waits_is_cancelled_by_stop(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.answer(131016, times=1000)
    await ava.simulator.say(ADA, "Tell me.")
    await eventually(lambda: has_lines(person, 2))

    await ava.simulator.say(ADA, "STOP")
    await eventually(lambda: ava.home.look(_SILENCED))
    ava.simulator.faults.clear()

    assert "START" in (await ava.heard(ADA, 2))[1]
    assert len(ava.simulator.replies(ADA)) == 2
    assert [line["status"] for line in await person.messages()][1] == "failed"


async def test_the_app_goes_on_while_whatsapp_is_silent(ava: Ava) -> None:
    person = await ava.acquainted()
    await ava.simulator.say(ADA, "STOP")
    await ava.heard(ADA, 2)

    await person.ask("POST", "/messages", json={"content": "In the app?"})

    await eventually(lambda: has_lines(person, 4))
    assert (await person.messages())[-1]["content"] == "You said: In the app?"


async def test_whoever_may_need_help_is_offered_it_even_in_silence(ava: Ava) -> None:
    await ava.acquainted()
    await ava.simulator.say(ADA, "STOP")
    await ava.heard(ADA, 2)

    await ava.simulator.say(ADA, "I want to kill myself.")

    assert len(await ava.heard(ADA, 3)) == 3
    assert ava.model.asked == []


async def test_a_stranger_who_says_stop_is_never_invited_again(ava: Ava) -> None:
    await ava.simulator.say(BEN, "STOP")
    await ava.heard(BEN, 1)

    await ava.simulator.say(BEN, "Who is this?")
    await eventually(lambda: ava.home.look(_NOBODY_WAITS))

    (confirmed,) = await ava.heard(BEN, 1)
    assert "START" in confirmed


async def test_a_silenced_stranger_comes_back_with_start(ava: Ava) -> None:
    await ava.simulator.say(BEN, "STOP")
    await ava.heard(BEN, 1)

    await ava.simulator.say(BEN, "START")

    assert "not linked" in (await ava.heard(BEN, 2))[1]


async def test_whoever_links_a_silenced_number_is_answered(ava: Ava) -> None:
    await ava.simulator.say(ADA, "STOP")
    await ava.heard(ADA, 1)

    await ava.acquainted()
    await ava.simulator.say(ADA, "Hello.")

    assert (await ava.heard(ADA, 3))[2] == "You said: Hello."


async def test_a_long_reply_ends_with_the_part_before_stop(ava: Ava) -> None:
    await ava.acquainted()
    ava.model.answers.append("This is a sentence. " * 900)
    ava.simulator.faults.answer_delay_seconds = 0.3
    await ava.simulator.say(ADA, "Tell me a story.")
    await ava.heard(ADA, 2)

    await ava.simulator.say(ADA, "STOP")
    await ava.simulator.until(lambda: "START" in ava.simulator.replies(ADA)[-1].text, timeout=20)
    await eventually(lambda: ava.home.look(_NOBODY_WAITS))

    assert len(ava.simulator.replies(ADA)) < 6  # of the five parts some were never sent
    assert "START" in ava.simulator.replies(ADA)[-1].text


async def test_an_invitation_that_waits_is_cancelled_by_stop(ava: Ava) -> None:
    ava.simulator.faults.answer(131016, times=1000)
    await ava.simulator.say(BEN, "Who is this?")
    await ava.simulator.until(lambda: ava.simulator.faults.planned < 1000)

    await ava.simulator.say(BEN, "STOP")
    await eventually(lambda: ava.home.look(_SILENCED))
    ava.simulator.faults.clear()

    (confirmed,) = await ava.heard(BEN, 1)
    assert "START" in confirmed

"""Whose number is it, and who hears what, while a number changes hands."""

from tests.ava import ADA, Ava, Person, at, eventually
from tests.homes import in_one_home


async def code_for(person: Person, wa_id: str) -> str:
    _, answer = await person.ask("PUT", "/preferences/whatsapp", json={"phone": f"+{wa_id}"})
    return str(answer["code"])


async def has_lines(person: Person, count: int) -> bool:
    return len(await person.messages()) >= count


async def asked(ava: Ava, times: int) -> bool:
    return len(ava.model.asked) >= times


@in_one_home
async def test_a_reply_that_waits_is_never_sent_to_the_new_owner_of_a_number(ava: Ava) -> None:
    ada = await ava.acquainted("ada@example.com", ADA)
    ben = await ava.sign_up("ben@example.com")
    await ben.make_avatar()
    ava.simulator.faults.answer(131016, times=1000)
    await ava.simulator.say(ADA, "My secret.")
    await ava.simulator.until(lambda: "secret" in str(ava.simulator.received), timeout=20)

    await ava.simulator.say(ADA, await code_for(ben, ADA))
    ava.simulator.faults.clear()

    await ava.simulator.until(lambda: "linked" in ava.simulator.replies(ADA)[-1].text, timeout=20)
    await ava.simulator.say(ADA, "Hello.")
    assert (await ava.heard(ADA, 3))[2] == "You said: Hello."
    assert not any("secret" in reply.text for reply in ava.simulator.replies(ADA))
    assert [line["status"] for line in await ada.messages()] == [None, "failed"]


@in_one_home
async def test_what_was_said_before_a_code_stays_with_the_former_owner(ava: Ava) -> None:
    ada = await ava.acquainted("ada@example.com", ADA)
    ben = await ava.sign_up("ben@example.com")
    await ben.make_avatar()
    ava.simulator.faults.batch = 10

    await ava.simulator.say(ADA, "My secret.", timestamp=at(1))
    await ava.simulator.say(ADA, await code_for(ben, ADA), timestamp=at(2))
    await ava.simulator.say(ADA, "Hello.", timestamp=at(3))

    assert (await ava.heard(ADA, 3))[2] == "You said: Hello."
    assert [line["content"] for line in await ada.messages()] == ["My secret."]
    assert [line["content"] for line in await ben.messages()] == ["Hello.", "You said: Hello."]


@in_one_home
async def test_nothing_is_sent_to_a_number_after_it_was_unlinked(ava: Ava) -> None:
    ada = await ava.acquainted()
    ava.simulator.faults.answer(131016, times=1000)
    await ava.simulator.say(ADA, "My secret.")
    await eventually(lambda: has_lines(ada, 2))

    status, _ = await ada.ask("DELETE", "/preferences/whatsapp")
    ava.simulator.faults.clear()
    await ava.simulator.say(ADA, "Still me?")

    assert status == 204
    assert "not linked" in (await ava.heard(ADA, 2))[1]
    assert not any("secret" in reply.text for reply in ava.simulator.replies(ADA))


@in_one_home
async def test_a_reply_composed_while_the_number_was_unlinked_is_dropped(ava: Ava) -> None:
    ada = await ava.acquainted()
    ava.model.let_go.clear()
    await ava.simulator.say(ADA, "My secret.")
    await ava.model.called.wait()

    await ada.ask("DELETE", "/preferences/whatsapp")
    ava.model.let_go.set()
    await ava.simulator.say(ADA, "Still me?")

    assert "not linked" in (await ava.heard(ADA, 2))[1]
    assert len(ava.simulator.replies(ADA)) == 2


@in_one_home
async def test_the_code_that_linked_a_number_may_be_sent_again(ava: Ava) -> None:
    person = await ava.sign_up()
    code = await code_for(person, ADA)
    await ava.simulator.say(ADA, code)
    await ava.heard(ADA, 1)

    await ava.simulator.say(ADA, code)

    assert "is linked" in (await ava.heard(ADA, 2))[1]


@in_one_home
async def test_the_app_and_whatsapp_do_not_answer_each_others_lines(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.model.let_go.clear()
    await person.ask("POST", "/messages", json={"content": "In the app?"})
    await ava.model.called.wait()

    await ava.simulator.say(ADA, "On WhatsApp?")
    await eventually(lambda: asked(ava, 2))
    ava.model.let_go.set()

    assert ava.model.asked[1][-1]["content"] == "On WhatsApp?"

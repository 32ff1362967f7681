"""One person, many ids: whoever writes is known by what Meta signs, and by nothing else."""

import pytest

from bot.simulator.ids import bsuid_of
from tests.ava import ADA, Ava, Person, eventually

pytestmark = pytest.mark.parametrize("home", ["postgres"], indirect=True)  # the contract has both

NEW, SOMEBODY = "31600000003", "NL.600600600"


def id_of(ava: Ava, wa_id: str) -> str:
    return bsuid_of(wa_id, business=str(ava.settings.whatsapp_phone_number_id))


def text(body: str) -> dict[str, object]:
    return {"type": "text", "text": {"body": body}}


def changed_number(ava: Ava) -> dict[str, object]:
    new = {"wa_id": NEW, "user_id": id_of(ava, NEW)}
    return {"type": "system", "system": {"type": "user_changed_number", "body": "…", **new}}


async def renamed(ava: Ava, previous: str, current: str) -> None:
    ids = {"previous": previous, "current": current}
    value = {"user_id_update": [{"detail": "…", "user_id": ids, "timestamp": "1790000020"}]}
    await ava.simulator.notify("user_id_update", value)
    await ava.simulator.until_quiet()


async def has_number(person: Person, number: str | None) -> bool:
    _, preferences = await person.ask("GET", "/preferences")
    return bool(preferences["whatsapp_phone"] == number)


async def with_a_secret(ava: Ava) -> Person:
    person = await ava.acquainted()
    await ava.simulator.say(ADA, "My secret.")
    await ava.heard(ADA, 2)
    return person


def secrets_asked_about(ava: Ava) -> int:
    return sum("secret" in str(messages[1:]) for messages in ava.model.asked)


async def test_a_chat_goes_on_from_a_changed_number(ava: Ava) -> None:
    person = await with_a_secret(ava)

    await ava.simulator.send(ADA, changed_number(ava))
    await eventually(lambda: has_number(person, f"+{NEW}"))
    await ava.simulator.say(NEW, "Still me.")

    assert (await ava.heard(NEW, 1))[0] == "You said: Still me."
    assert secrets_asked_about(ava) == 2
    await ava.simulator.say(ADA, "And me?")
    assert "not linked" in (await ava.heard(ADA, 3))[2]


async def test_the_new_owner_of_a_number_is_a_stranger(ava: Ava) -> None:
    person = await with_a_secret(ava)

    await ava.simulator.send(ADA, text("Whose number was this?"), bsuid=SOMEBODY)

    await ava.simulator.until(lambda: "not linked" in ava.simulator.replies(ADA)[-1].text)
    await ava.simulator.send(None, text("And now?"), bsuid=SOMEBODY)
    await ava.simulator.until_quiet()
    assert await has_number(person, None)
    assert secrets_asked_about(ava) == 1
    assert len(await person.messages()) == 2


async def test_a_changed_number_of_its_new_owner_takes_no_chat_along(ava: Ava) -> None:
    person = await with_a_secret(ava)

    await ava.simulator.send(ADA, changed_number(ava), bsuid=SOMEBODY)
    await eventually(lambda: has_number(person, None))
    await ava.simulator.say(NEW, "What do you know of me?")

    assert "not linked" in (await ava.heard(NEW, 1))[0]
    assert secrets_asked_about(ava) == 1


async def test_who_hides_a_known_number_is_answered_on_it(ava: Ava) -> None:
    await with_a_secret(ava)

    await ava.simulator.send(None, text("Guess who."), bsuid=id_of(ava, ADA))

    assert (await ava.heard(ADA, 3))[2] == "You said: Guess who."
    assert ava.simulator.received[-1]["to"] == f"+{ADA}"
    assert secrets_asked_about(ava) == 2


async def test_who_has_a_new_id_and_shows_no_number_is_answered_by_the_id(ava: Ava) -> None:
    await with_a_secret(ava)

    await renamed(ava, id_of(ava, ADA), SOMEBODY)
    await ava.simulator.send(None, text("Guess who."), bsuid=SOMEBODY)

    await ava.simulator.until(lambda: ava.simulator.received[-1].get("recipient") == SOMEBODY)
    assert ava.simulator.received[-1]["text"]["body"] == "You said: Guess who."
    assert secrets_asked_about(ava) == 2


async def test_a_new_id_brings_the_chat_to_the_number_it_comes_with(ava: Ava) -> None:
    person = await with_a_secret(ava)

    await renamed(ava, id_of(ava, ADA), id_of(ava, NEW))
    await ava.simulator.say(NEW, "Guess who.")

    assert (await ava.heard(NEW, 1))[0] == "You said: Guess who."
    assert secrets_asked_about(ava) == 2
    assert await has_number(person, f"+{NEW}")

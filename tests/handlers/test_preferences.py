"""A number is linked by a message from it, and by nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from asyncpg import Connection

from bot.models import PersonId
from bot.store.database import Denied
from bot.store.postgres import PostgresDatabase
from tests.ava import Ava, Person
from tests.handlers.conftest import Newcomer

pytestmark = pytest.mark.asyncio(loop_scope="package")

Number = Callable[[], str]
NOTHING = {"whatsapp_phone": None, "pending": None}


async def ask_for(person: Person, wa_id: str) -> Any:
    """Say that a number is theirs; what must be sent from it."""
    status, answer = await person.ask("PUT", "/preferences/whatsapp", json={"phone": f"+{wa_id}"})
    assert status == 202, answer
    return answer


async def preferences(person: Person) -> Any:
    status, answer = await person.ask("GET", "/preferences")
    assert status == 200, answer
    return answer


async def linked(ava: Ava, newcomer: Newcomer, wa_id: str) -> Person:
    """Somebody with an avatar, who is answered on this number."""
    person = await newcomer()
    await person.make_avatar()
    await ava.link(person, wa_id)
    return person


async def answer_to(ava: Ava, wa_id: str, text: str) -> str:
    """Say it from this phone; the reply to it."""
    before = len(ava.simulator.replies(wa_id))
    await ava.simulator.say(wa_id, text)
    return (await ava.heard(wa_id, before + 1))[before]


# --- asking ---------------------------------------------------------------------------------


async def test_a_number_that_is_asked_for_is_pending(newcomer: Newcomer, number: Number) -> None:
    person, wa_id = await newcomer(), number()
    assert await preferences(person) == NOTHING

    answer = await ask_for(person, wa_id)

    assert answer.keys() == {"status", "code", "wa_link", "expires_at"}
    assert answer["status"] == "pending"
    assert await preferences(person) == {
        "whatsapp_phone": None,
        "pending": {"phone": f"+{wa_id}", "expires_at": answer["expires_at"]},
    }


async def test_the_link_opens_a_chat_with_avas_number_and_the_code_typed_in(
    ava: Ava, newcomer: Newcomer, number: Number
) -> None:
    answer = await ask_for(await newcomer(), number())

    link = urlsplit(answer["wa_link"])
    assert parse_qs(link.query) == {"text": [answer["code"]]}
    assert link.path.split("/")[-1].isdigit()
    assert answer["wa_link"].startswith(ava.settings.wa_me_url)


async def test_a_code_lasts_fifteen_minutes(newcomer: Newcomer, number: Number) -> None:
    answer = await ask_for(await newcomer(), number())

    lasts = datetime.fromisoformat(answer["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < lasts <= timedelta(minutes=15)


@pytest.mark.parametrize(
    "phone",
    [
        "31600000001",
        "0600000001",
        "+31 600000001",
        "+0600000001",
        "+" + "1" * 16,
        "+3\uff11600000001",
    ],
)
async def test_what_is_not_a_number_in_full_is_refused(somebody: Person, phone: str) -> None:
    status, problem = await somebody.ask("PUT", "/preferences/whatsapp", json={"phone": phone})

    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["phone"])
    assert await preferences(somebody) == NOTHING


async def guess_wrong(ava: Ava, wa_id: str, *, times: int) -> None:
    """Send wrong codes, of which the first is answered; return when all have been seen to."""
    for number in range(times):
        await ava.simulator.say(wa_id, f"AVA-{number + 2}WRNGX")
    await ava.simulator.until_quiet()
    await ava.simulator.say(wa_id, "Hm.")
    await ava.simulator.until(lambda: ava.simulator.replies(wa_id)[-1].text == "You said: Hm.")


# --- proving --------------------------------------------------------------------------------


async def test_the_code_from_that_phone_links_it(
    ava: Ava, newcomer: Newcomer, number: Number
) -> None:
    person, wa_id = await newcomer(), number()
    code = (await ask_for(person, wa_id))["code"]

    assert "linked" in await answer_to(ava, wa_id, f"Here it is: {code.lower()}.")

    assert await preferences(person) == {"whatsapp_phone": f"+{wa_id}", "pending": None}


async def test_the_code_from_another_phone_links_nothing(
    ava: Ava, newcomer: Newcomer, number: Number
) -> None:
    person, theirs, other = await newcomer(), number(), number()
    await linked(ava, newcomer, other)
    code = (await ask_for(person, theirs))["code"]

    assert "does not fit" in await answer_to(ava, other, code)

    assert (await preferences(person))["whatsapp_phone"] is None
    assert "linked" in await answer_to(ava, theirs, code)


async def test_somebody_who_hides_their_number_proves_nothing(
    ava: Ava, newcomer: Newcomer, number: Number
) -> None:
    person = await newcomer()
    code = (await ask_for(person, number()))["code"]

    await ava.simulator.send(None, {"type": "text", "text": {"body": code}}, bsuid="NL.600600600")

    await ava.simulator.until(
        lambda: any(call.get("recipient") == "NL.600600600" for call in ava.simulator.received)
    )
    assert (await preferences(person))["whatsapp_phone"] is None


async def test_a_code_works_once(ava: Ava, newcomer: Newcomer, number: Number) -> None:
    former, latter, wa_id = await newcomer(), await newcomer(), number()
    await latter.make_avatar()
    old = (await ask_for(former, wa_id))["code"]
    await answer_to(ava, wa_id, old)
    await ava.link(latter, wa_id)

    assert "does not fit" in await answer_to(ava, wa_id, old)

    assert (await preferences(former))["whatsapp_phone"] is None
    assert (await preferences(latter))["whatsapp_phone"] == f"+{wa_id}"


async def test_a_code_is_useless_after_its_time(
    ava: Ava, newcomer: Newcomer, number: Number, owner: Connection
) -> None:
    person, wa_id = await newcomer(), number()
    await linked(ava, newcomer, wa_id)
    code = (await ask_for(person, wa_id))["code"]
    await owner.execute(
        "update link_codes set expires_at = now() where user_id = $1::text::uuid", person.id
    )

    assert "does not fit" in await answer_to(ava, wa_id, code)

    assert await preferences(person) == NOTHING


async def test_a_new_code_ends_the_one_before(ava: Ava, newcomer: Newcomer, number: Number) -> None:
    person, wa_id = await newcomer(), number()
    await linked(ava, newcomer, wa_id)
    first = (await ask_for(person, wa_id))["code"]
    second = (await ask_for(person, wa_id))["code"]

    assert "does not fit" in await answer_to(ava, wa_id, first)
    assert "linked" in await answer_to(ava, wa_id, second)


async def test_five_wrong_guesses_end_a_code(ava: Ava, newcomer: Newcomer, number: Number) -> None:
    person, wa_id = await newcomer(), number()
    await linked(ava, newcomer, wa_id)
    code = (await ask_for(person, wa_id))["code"]
    await guess_wrong(ava, wa_id, times=5)

    await ava.simulator.say(wa_id, code)
    assert await answer_to(ava, wa_id, "Did that work?") == "You said: Did that work?"

    assert (await preferences(person))["whatsapp_phone"] is None


async def test_four_wrong_guesses_do_not_end_it(
    ava: Ava, newcomer: Newcomer, number: Number
) -> None:
    person, wa_id = await newcomer(), number()
    await linked(ava, newcomer, wa_id)
    code = (await ask_for(person, wa_id))["code"]
    await guess_wrong(ava, wa_id, times=4)

    assert "linked" in await answer_to(ava, wa_id, code)


# --- moving and letting go ------------------------------------------------------------------


async def test_a_number_moves_on_proof_and_the_history_stays(
    ava: Ava, newcomer: Newcomer, number: Number
) -> None:
    wa_id = number()
    former, latter = await linked(ava, newcomer, wa_id), await newcomer()
    await latter.make_avatar(name="Noa")
    await answer_to(ava, wa_id, "Mine.")

    code = (await ask_for(latter, wa_id))["code"]
    assert (await preferences(former))["whatsapp_phone"] == f"+{wa_id}"
    assert await answer_to(ava, wa_id, "Still mine.") == "You said: Still mine."
    assert "linked" in await answer_to(ava, wa_id, code)
    await answer_to(ava, wa_id, "No longer.")

    assert await preferences(former) == NOTHING
    assert (await preferences(latter))["whatsapp_phone"] == f"+{wa_id}"
    assert [m["content"] for m in await former.messages() if m["role"] == "user"] == [
        "Mine.",
        "Still mine.",
    ]
    assert [m["content"] for m in await latter.messages()] == ["No longer.", "You said: No longer."]
    assert "mine" not in str(ava.model.asked[-1]).lower()


async def test_a_person_who_links_another_number_lets_go_of_the_first(
    ava: Ava, newcomer: Newcomer, number: Number
) -> None:
    first, second = number(), number()
    person = await linked(ava, newcomer, first)

    await ava.link(person, second)

    assert (await preferences(person))["whatsapp_phone"] == f"+{second}"
    assert "https://ava.example.com" in await answer_to(ava, first, "Hello?")


async def test_unlinking_forgets_the_number_and_what_was_pending(
    ava: Ava, newcomer: Newcomer, number: Number
) -> None:
    wa_id, next_one = number(), number()
    person = await linked(ava, newcomer, wa_id)
    code = (await ask_for(person, next_one))["code"]

    assert await person.ask("DELETE", "/preferences/whatsapp") == (204, None)

    assert await preferences(person) == NOTHING
    assert "https://ava.example.com" in await answer_to(ava, wa_id, "Hello?")
    assert "does not fit" in await answer_to(ava, next_one, code)
    assert await preferences(person) == NOTHING
    assert await person.ask("DELETE", "/preferences/whatsapp") == (204, None)


# --- around the endpoints -------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "insert into user_preferences (user_id, whatsapp_phone) values ($1, '+31699999999')",
        "update user_preferences set whatsapp_phone = '+31699999999' where user_id = $1",
        "update user_preferences set user_id = $1",
        "delete from user_preferences where user_id = $1",
        "insert into link_codes values ($1, '+31699999999', '', now() + interval '1 year')",
        "update link_codes set expires_at = now() + interval '1 year' where user_id = $1",
        "update link_codes set wrong_guesses = -100 where user_id = $1",
        "select code_hash from link_codes where user_id = $1",
        "insert into whatsapp_identities (bsuid, user_id) values ('NL.1', $1)",
    ],
)
async def test_nobody_writes_a_number_without_proof(
    somebody: Person, database: PostgresDatabase, statement: str
) -> None:
    person = PersonId(UUID(somebody.id))

    with pytest.raises(Denied):
        async with database.user_conn(person) as connection:
            await connection.execute(statement, person)


async def test_a_code_asked_for_in_the_database_lasts_no_longer(
    newcomer: Newcomer, database: PostgresDatabase
) -> None:
    person = PersonId(UUID((await newcomer()).id))

    async with database.user_conn(person) as connection:
        lasts = await connection.fetchval(
            "select (request_link('+31699999999') ->> 'expires_at')::timestamptz"
            " - clock_timestamp()"
        )

    assert lasts <= timedelta(minutes=15)


async def test_nobody_sees_the_number_of_somebody_else(
    ava: Ava, newcomer: Newcomer, number: Number, database: PostgresDatabase
) -> None:
    ada, eve = await linked(ava, newcomer, number()), await newcomer()
    await ask_for(ada, number())

    assert await preferences(eve) == NOTHING
    async with database.user_conn(PersonId(UUID(eve.id))) as connection:
        assert await connection.fetch("select * from user_preferences") == []
        assert await connection.fetch("select user_id, phone from link_codes") == []
        await connection.execute("select unlink_phone()")
    assert (await preferences(ada))["pending"]
    assert (await preferences(ada))["whatsapp_phone"]

"""An avatar: one for each person, an adult, and nobody else's business."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest

from bot.errors import StoreRejected
from bot.models import PersonId
from bot.store.database import RuleBroken
from bot.store.postgres import PostgresDatabase
from tests.ava import Person
from tests.handlers.conftest import Newcomer

pytestmark = pytest.mark.asyncio(loop_scope="package")

MIA = {"name": "Mia", "age": 27, "personality": "playful", "physical_description": "Red hair."}
INSERT = "insert into avatars (user_id, name, age, personality) values ($1, 'Mia', $2, 'shy')"


async def test_an_avatar_is_made_and_shown(newcomer: Newcomer) -> None:
    person = await newcomer()

    status, made = await person.ask("POST", "/avatars", json=MIA)

    assert status == 201
    assert made.keys() == MIA.keys() | {"id", "created_at"}
    assert MIA.items() <= made.items()
    assert await person.ask("GET", "/avatars/me") == (200, made)


async def test_a_description_may_be_left_out_and_names_lose_their_edges(newcomer: Newcomer) -> None:
    person = await newcomer()
    await person.make_avatar(name="  Mia \n", age=20)

    _, made = await person.ask("GET", "/avatars/me")

    assert (made["name"], made["age"], made["physical_description"]) == ("Mia", 20, None)


async def test_what_is_left_out_of_a_change_stays(newcomer: Newcomer) -> None:
    person = await newcomer()
    _, made = await person.ask("POST", "/avatars", json=MIA)

    for change in (
        {"name": "Zoë 🐘"},
        {"age": 120},
        {"personality": "adventurous"},
        {"physical_description": "Blue hair."},
        {"physical_description": None},
        {},
    ):
        made |= change

        assert await person.ask("PATCH", "/avatars/me", json=change) == (200, made)
    assert await person.ask("GET", "/avatars/me") == (200, made)


async def test_a_second_avatar_is_a_conflict(newcomer: Newcomer) -> None:
    person = await newcomer()

    asked = (person.ask("POST", "/avatars", json=MIA) for _ in range(4))
    answers = Counter([status for status, _ in await asyncio.gather(*asked)])

    assert answers == {201: 1, 409: 3}
    _, problem = await person.ask("POST", "/avatars", json=MIA)
    assert problem["detail"] == "You have an avatar already."


async def test_before_there_is_one_it_is_not_found(somebody: Person) -> None:
    for method, how in ("GET", {}), ("PATCH", {"json": {"age": 30}}), ("DELETE", {}):
        status, problem = await somebody.ask(method, "/avatars/me", **how)

        assert (status, problem["detail"]) == (404, "You have no avatar yet.")


async def test_a_deleted_avatar_makes_room_for_another(newcomer: Newcomer) -> None:
    person = await newcomer()
    await person.make_avatar()

    assert await person.ask("DELETE", "/avatars/me") == (204, None)
    assert (await person.ask("GET", "/avatars/me"))[0] == 404
    await person.make_avatar(name="Noa")


async def test_nineteen_is_too_young(newcomer: Newcomer) -> None:
    person = await newcomer()

    for method, path in ("POST", "/avatars"), ("PATCH", "/avatars/me"):
        for age in 19, 0, -20, 121, 2**31, 10**30:
            status, problem = await person.ask(method, path, json=MIA | {"age": age})

            assert (status, [error["field"] for error in problem["errors"]]) == (422, ["age"])
    await person.make_avatar(age=20)
    assert (await person.ask("PATCH", "/avatars/me", json={"age": 19}))[0] == 422
    assert (await person.ask("GET", "/avatars/me"))[1]["age"] == 20


async def test_nineteen_is_too_young_for_the_database_as_well(
    newcomer: Newcomer, database: PostgresDatabase
) -> None:
    person = PersonId(UUID((await newcomer()).id))

    with pytest.raises(RuleBroken):
        async with database.user_conn(person) as connection:
            await connection.execute(INSERT, person, 19)
    async with database.user_conn(person) as connection:
        await connection.execute(INSERT, person, 20)
    with pytest.raises(RuleBroken):
        async with database.user_conn(person) as connection:
            await connection.execute("update avatars set age = 19")


async def test_nobody_reaches_the_avatar_of_somebody_else(
    newcomer: Newcomer, database: PostgresDatabase
) -> None:
    ada, eve = await newcomer(), await newcomer()
    await ada.make_avatar()
    victim, attacker = PersonId(UUID(ada.id)), PersonId(UUID(eve.id))

    async with database.user_conn(attacker) as connection:
        assert await connection.fetch("select * from avatars") == []
        assert await connection.execute("update avatars set name = 'Eve'") == "UPDATE 0"
        assert await connection.execute("delete from avatars") == "DELETE 0"
    for statement, values in (
        (INSERT, (victim, 30)),
        ("update avatars set user_id = $1", (victim,)),
    ):
        await eve.ask("POST", "/avatars", json=MIA)
        with pytest.raises(StoreRejected):
            async with database.user_conn(attacker) as connection:
                await connection.execute(statement, *values)

    assert (await ada.ask("GET", "/avatars/me"))[1]["name"] == "Mia"

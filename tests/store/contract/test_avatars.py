"""A person's own avatar."""

import asyncio

import pytest

from bot.errors import Conflict, Invalid, Missing, NotSignedIn
from bot.models import Avatar, AvatarChanges, Personality
from tests.store.contract.scenes import make_avatar
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

REFUSED: list[tuple[str, AvatarChanges]] = [
    ("age", {"age": 19}),
    ("age", {"age": 121}),
    ("name", {"name": ""}),
    ("name", {"name": "x" * 61}),
    ("physical_description", {"physical_description": "x" * 1001}),
]


async def test_an_avatar_is_what_its_person_made(store: Store) -> None:
    ada = await store.person()

    made = await store.avatars.create(
        ada,
        name="Ægir 🌊",
        age=120,
        personality=Personality.ADVENTUROUS,
        physical_description='Grey; a "sailor".\n',
    )

    assert (made.name, made.age) == ("Ægir 🌊", 120)
    assert made.personality is Personality.ADVENTUROUS
    assert made.physical_description == 'Grey; a "sailor".\n'
    assert await store.avatars.mine(ada) == made


async def test_there_is_one_avatar_for_each_person(store: Store) -> None:
    ada = await store.person()

    outcomes = await asyncio.gather(
        *(make_avatar(store, ada) for _ in range(4)), return_exceptions=True
    )

    (made,) = [outcome for outcome in outcomes if isinstance(outcome, Avatar)]
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3
    assert await store.avatars.mine(ada) == made


@pytest.mark.parametrize(("field", "wrong"), REFUSED)
async def test_what_the_database_refuses_is_made_of_nothing(
    store: Store, field: str, wrong: AvatarChanges
) -> None:
    ada = await store.person()
    right: AvatarChanges = {"name": "Mia", "age": 27, "physical_description": None}
    asked: AvatarChanges = {**right, **wrong}

    with pytest.raises(Invalid) as refused:
        await store.avatars.create(
            ada,
            name=asked["name"],
            age=asked["age"],
            personality=Personality.SHY,
            physical_description=asked["physical_description"],
        )

    assert [fault.field for fault in refused.value.faults] == [field]
    with pytest.raises(Missing):
        await store.avatars.mine(ada)


@pytest.mark.parametrize(("field", "wrong"), REFUSED)
async def test_what_the_database_refuses_changes_nothing(
    store: Store, field: str, wrong: AvatarChanges
) -> None:
    ada = await store.person()
    made = await make_avatar(store, ada)

    with pytest.raises(Invalid) as refused:
        await store.avatars.change(ada, wrong)

    assert [fault.field for fault in refused.value.faults] == [field]
    assert await store.avatars.mine(ada) == made


async def test_only_what_is_named_changes(store: Store) -> None:
    ada = await store.person()
    made = await make_avatar(store, ada, name="Mia")

    described = await store.avatars.change(ada, {"physical_description": "Tall."})
    older = await store.avatars.change(ada, {"age": 28, "personality": Personality.CARING})
    bare = await store.avatars.change(ada, {"physical_description": None})

    assert described.physical_description == older.physical_description == "Tall."
    assert (older.age, older.personality, older.name) == (28, Personality.CARING, "Mia")
    assert bare.physical_description is None
    assert bare.id == made.id


async def test_without_an_avatar_there_is_nothing_to_see_change_or_delete(store: Store) -> None:
    ada = await store.person()

    with pytest.raises(Missing):
        await store.avatars.mine(ada)
    with pytest.raises(Missing):
        await store.avatars.change(ada, {"age": 30})
    with pytest.raises(Missing):
        await store.avatars.delete(ada)


async def test_an_avatar_is_deleted_once(store: Store) -> None:
    ada = await store.person()
    await make_avatar(store, ada)

    outcomes = await asyncio.gather(
        *(store.avatars.delete(ada) for _ in range(4)), return_exceptions=True
    )

    assert outcomes.count(None) == 1
    assert sum(isinstance(outcome, Missing) for outcome in outcomes) == 3


async def test_nobody_sees_or_touches_the_avatar_of_somebody_else(store: Store) -> None:
    ada, ben = await store.person(), await store.person()
    made = await make_avatar(store, ada)

    with pytest.raises(Missing):
        await store.avatars.mine(ben)
    with pytest.raises(Missing):
        await store.avatars.change(ben, {"age": 30})
    with pytest.raises(Missing):
        await store.avatars.delete(ben)

    assert await store.avatars.mine(ada) == made


async def test_an_account_that_is_gone_makes_no_avatar(store: Store) -> None:
    with pytest.raises(NotSignedIn):
        await make_avatar(store, await store.gone())

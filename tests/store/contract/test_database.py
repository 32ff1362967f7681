"""The two transports: the same arguments, the same answers, the same errors."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from bot.errors import (
    AvaError,
    Conflict,
    Forbidden,
    Invalid,
    StoreRejected,
    StoreTimeout,
    StoreUnavailable,
)
from bot.store.database import Denied, RuleBroken, SchemaBehind, constraints
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")

TOLD = """
    create or replace function told(
      p_text text, p_number bigint, p_ratio float8, p_flag boolean, p_id uuid, p_at timestamptz,
      p_for interval, p_texts text[], p_ids uuid[], p_times float8[], p_json jsonb)
    returns jsonb language sql return jsonb_build_object(
      'text', p_text, 'number', p_number, 'ratio', p_ratio, 'flag', p_flag, 'id', p_id,
      'at', extract(epoch from p_at), 'for', extract(epoch from p_for), 'texts', p_texts,
      'ids', p_ids, 'times', p_times, 'json', p_json)
"""
WHO = """
    create or replace function who() returns text language sql stable
    return current_user || ' ' || coalesce(auth.uid()::text, 'nobody')
"""
SETS = """
    create or replace function numbers(p_up_to integer) returns setof integer language sql stable
    return generate_series(1, p_up_to)
"""
NOTHING = "create or replace function nothing() returns uuid language sql return null::uuid"
REFUSE = """
    create or replace function refuse(p_state text) returns void language plpgsql as $$
    begin
      raise exception 'the words of the database' using errcode = p_state, detail = 'Key (x)';
    end $$
"""
AT_THE_SECOND_TRY = """
    create sequence if not exists tries;
    create or replace function try() returns bigint language plpgsql security definer as $$
    declare
      v_try constant bigint := nextval('tries');
    begin
      if v_try % 2 = 1 then
        raise serialization_failure;
      end if;
      return v_try;
    end $$
"""
ADA = UUID("00000000-0000-4000-8000-0000000000ad")
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)

REFUSALS: list[tuple[str, type[AvaError]]] = [
    ("08006", StoreUnavailable),
    ("22001", StoreRejected),
    ("22012", StoreRejected),
    ("22P02", StoreRejected),
    ("23502", RuleBroken),
    ("23503", RuleBroken),
    ("23505", RuleBroken),
    ("23514", RuleBroken),
    ("25006", StoreUnavailable),
    ("40001", StoreUnavailable),
    ("40P01", StoreUnavailable),
    ("42501", Denied),
    ("42703", SchemaBehind),
    ("42704", SchemaBehind),
    ("42883", SchemaBehind),
    ("42P01", SchemaBehind),
    ("42P10", StoreRejected),
    ("53100", StoreUnavailable),
    ("53300", StoreUnavailable),
    ("55P03", StoreTimeout),
    ("57014", StoreTimeout),
    ("57P01", StoreUnavailable),
    ("57P03", StoreUnavailable),
    ("P0001", StoreRejected),
    ("XX000", StoreRejected),
]
REFUSED_TO_A_PERSON: list[tuple[str, type[AvaError]]] = [
    ("22001", Invalid),
    ("22P02", Invalid),
    ("23502", Invalid),
    ("23503", Conflict),
    ("23505", Conflict),
    ("23514", Invalid),
    ("42501", Forbidden),
    ("42883", SchemaBehind),
    ("57014", StoreTimeout),
    ("P0001", Invalid),
    ("XX000", StoreRejected),
]
AVATAR = {"name": "Mia", "age": 27, "personality": "shy", "physical_description": None}


async def bot(store: Store, function: str, **arguments: object) -> Any:
    return await store.database.as_bot(function, **arguments)


# --- arguments and answers ----------------------------------------------------------------------


async def test_what_is_given_arrives(store: Store) -> None:
    await store.owner.execute(TOLD)

    told = await bot(
        store,
        "told",
        text="Grüße 🌞\n\\u0041 '\";--",
        number=2**53 + 1,
        ratio=0.1,
        flag=False,
        id=ADA,
        at=NOON,
        **{"for": timedelta(days=60, microseconds=1)},
        texts=["a", "", '{"b",}'],
        ids=[ADA],
        times=[0.5, 3600.0],
        json={"deep": [1, None, {"ü": "\u2028"}]},
    )

    assert told == {
        "text": "Grüße 🌞\n\\u0041 '\";--",
        "number": 2**53 + 1,
        "ratio": 0.1,
        "flag": False,
        "id": str(ADA),
        "at": NOON.timestamp(),
        "for": 60 * 86400 + 0.000001,
        "texts": ["a", "", '{"b",}'],
        "ids": [str(ADA)],
        "times": [0.5, 3600.0],
        "json": {"deep": [1, None, {"ü": "\u2028"}]},
    }


async def test_nothing_arrives_as_nothing(store: Store) -> None:
    await store.owner.execute(TOLD)
    empty: dict[str, object] = dict.fromkeys(("text", "number", "ratio", "flag", "id", "at", "for"))
    lists: dict[str, list[str]] = {"texts": [], "ids": [], "times": []}

    told = await bot(store, "told", **empty, **lists, json=[])

    assert told == {**empty, **lists, "json": []}


@pytest.mark.parametrize("moment", [timedelta(microseconds=1), timedelta(0), timedelta(days=-1)])
async def test_the_smallest_time_arrives(store: Store, moment: timedelta) -> None:
    await store.owner.execute(TOLD)
    rest = dict.fromkeys(("text", "number", "ratio", "flag", "id", "at", "texts", "ids", "times"))

    told = await bot(store, "told", **rest, **{"for": moment}, json={})

    assert told["for"] == pytest.approx(moment.total_seconds(), abs=1e-9)


async def test_a_set_is_a_list(store: Store) -> None:
    await store.owner.execute(SETS)

    assert await bot(store, "numbers", up_to=3) == [1, 2, 3]
    assert await bot(store, "numbers", up_to=0) == []


async def test_null_is_none(store: Store) -> None:
    await store.owner.execute(NOTHING)

    assert await bot(store, "nothing") is None


# --- who asks -----------------------------------------------------------------------------------


async def test_the_bot_and_each_person_are_themselves(store: Store) -> None:
    await store.owner.execute(WHO)
    people = [await store.person() for _ in range(3)]

    async def ask(n: int) -> tuple[str, str]:
        if n % 4 == 3:
            return await bot(store, "who"), "service_role nobody"
        caller = people[n % 4]
        answer = await store.database.as_person(caller, "who")
        return answer, f"authenticated {caller.id}"

    answers = await asyncio.gather(*(ask(n) for n in range(60)))

    assert [answer for answer, _ in answers] == [expected for _, expected in answers]


async def test_a_person_may_not_do_the_work_of_the_bot(store: Store) -> None:
    ada = await store.person()

    with pytest.raises(Forbidden):
        await store.database.as_person(ada, "oldest_waiting")


async def test_the_bot_may_not_do_what_only_a_person_may(store: Store) -> None:
    with pytest.raises(Denied):
        await bot(store, "my_avatar")


# --- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sqlstate", "kind"), REFUSALS)
async def test_a_refusal_says_what_can_be_done_and_not_why(
    store: Store, sqlstate: str, kind: type[AvaError]
) -> None:
    await store.owner.execute(REFUSE)

    with pytest.raises(kind) as refused:
        await bot(store, "refuse", state=sqlstate)

    assert "words" not in str(refused.value)
    assert "Key" not in str(refused.value)
    assert isinstance(refused.value, StoreUnavailable) == issubclass(kind, StoreUnavailable)


@pytest.mark.parametrize(("sqlstate", "kind"), REFUSED_TO_A_PERSON)
async def test_a_person_is_told_what_is_their_own_to_mend(
    store: Store, sqlstate: str, kind: type[AvaError]
) -> None:
    await store.owner.execute(REFUSE)

    with pytest.raises(kind) as refused:
        await store.database.as_person(await store.person(), "refuse", state=sqlstate)

    assert "words" not in str(refused.value)
    assert "Key" not in str(refused.value)


async def test_a_value_that_its_type_does_not_allow_is_invalid(store: Store) -> None:
    ada = await store.person()

    for wrong in {"personality": "rude"}, {"name": None}, {"name": "\0"}:
        with pytest.raises(Invalid):
            await store.database.as_person(ada, "create_avatar", **AVATAR | wrong)


async def test_a_broken_rule_has_its_name(store: Store) -> None:
    person, rules = (await store.person()).id, []
    await bot(store, "open_session", person=person, token_hash="a" * 64)

    for someone, token_hash in (person, "a" * 64), (person, "x"), (uuid4(), "b" * 64):
        with pytest.raises(RuleBroken) as broken:
            await bot(store, "open_session", person=someone, token_hash=token_hash)
        rules.append((broken.value.sqlstate, broken.value.rule))

    assert rules == [
        ("23505", "refresh_tokens_pkey"),
        ("23514", "refresh_tokens_token_hash_check"),
        ("23503", "account_sessions_user_id_fkey"),
    ]


async def test_whoever_knows_a_rule_says_what_it_means(store: Store) -> None:
    ada = await store.person()
    await store.database.as_person(ada, "create_avatar", **AVATAR)

    with pytest.raises(Conflict, match=r"You have one\."), constraints(taken="You have one."):
        await store.database.as_person(ada, "create_avatar", **AVATAR)
    with pytest.raises(Invalid) as young, constraints(fields={"avatars_age_check": "age"}):
        await store.database.as_person(ada, "change_avatar", changes={"age": 19})
    with pytest.raises(Invalid) as unknown, constraints():
        await store.database.as_person(ada, "change_avatar", changes={"age": 19})

    assert [fault.field for fault in young.value.faults] == ["age"]
    assert [fault.field for fault in unknown.value.faults] == [""]


async def test_a_rule_that_a_function_states_itself_has_no_name(store: Store) -> None:
    await store.owner.execute(REFUSE)

    with pytest.raises(RuleBroken) as broken:
        await bot(store, "refuse", state="23514")

    assert (broken.value.sqlstate, broken.value.rule) == ("23514", "")


async def test_a_function_that_is_not_there_means_a_missing_migration(store: Store) -> None:
    with pytest.raises(SchemaBehind):
        await bot(store, "there_is_no_such_function")
    with pytest.raises(SchemaBehind):
        await bot(store, "oldest_waiting", strange=1)
    with pytest.raises(SchemaBehind):
        await store.database.as_person(await store.person(), "there_is_no_such_function")


async def test_what_the_database_rolled_back_is_tried_once_more(store: Store) -> None:
    await store.owner.execute(AT_THE_SECOND_TRY)

    assert [await bot(store, "try") for _ in range(2)] == [2, 4]
    assert await store.database.as_person(await store.person(), "try") == 6


async def test_text_that_is_none_is_refused(store: Store) -> None:
    await store.owner.execute(TOLD)
    rest = dict.fromkeys(("number", "ratio", "flag", "id", "at", "for", "texts", "ids", "times"))

    for text in "\0", "\ud800":
        with pytest.raises(StoreRejected):
            await bot(store, "told", text=text, **rest, json={})

"""That the stand-in runs functions and reads tables as PostgREST does."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from asyncpg import Connection
from postgrest.exceptions import APIError
from postgrest.types import ReturnMethod
from supabase import AsyncClient

from tests.supabase.conftest import Clients
from tests.supabase.standin import Standin

WHO = """
    create function who() returns text language sql stable
    as $$ select current_user || ' ' || coalesce(auth.uid()::text, 'nobody') $$
"""
AVATAR = {"name": "Mia", "age": 27, "personality": "playful"}


async def person(client: AsyncClient) -> str:
    session = await client.auth.get_session()
    assert session is not None
    return session.user.id


async def make_avatar(client: AsyncClient) -> str:
    row = AVATAR | {"user_id": await person(client)}
    answer = await client.table("avatars").insert(row).execute()
    (made,) = answer.data
    assert isinstance(made, dict)
    return str(made["id"])


async def result(client: AsyncClient, function: str, **arguments: Any) -> Any:
    return (await client.rpc(function, arguments).execute()).data


async def posted(
    http: httpx.AsyncClient, standin: Standin, path: str, body: Any, token: str | None = None
) -> httpx.Response:
    headers = {"apikey": standin.anon_key}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return await http.post(f"{standin.url}/rest/v1/{path}", json=body, headers=headers)


# --- who one is ----------------------------------------------------------------------------------


async def test_a_function_runs_as_whoever_calls_it(
    owner: Connection, client: Clients, ada: AsyncClient, service: AsyncClient
) -> None:
    await owner.execute(WHO)

    assert await result(client(), "who") == "anon nobody"
    assert await result(ada, "who") == f"authenticated {await person(ada)}"
    assert await result(service, "who") == "service_role nobody"


async def test_the_legacy_keys_open_the_same_doors(
    owner: Connection, client: Clients, standin: Standin
) -> None:
    await owner.execute(WHO)

    assert await result(client(standin.legacy_anon_key), "who") == "anon nobody"
    assert await result(client(standin.legacy_service_role_key), "who") == "service_role nobody"


async def test_a_legacy_key_that_is_only_an_apikey_is_anonymous(
    owner: Connection, http: httpx.AsyncClient, standin: Standin
) -> None:
    await owner.execute(WHO)
    address = f"{standin.url}/rest/v1/rpc/who"
    old = await http.post(address, headers={"apikey": standin.legacy_service_role_key})
    new = await http.post(address, headers={"apikey": standin.service_role_key})

    assert (old.json(), new.json()) == ("anon nobody", "service_role nobody")


async def test_without_a_key_there_is_no_way_in(http: httpx.AsyncClient, standin: Standin) -> None:
    address = f"{standin.url}/rest/v1/avatars"

    assert (await http.get(address)).status_code == 401
    assert (await http.get(address, headers={"apikey": "guessed"})).status_code == 401


async def test_a_token_that_proves_nothing_is_refused(
    http: httpx.AsyncClient, standin: Standin
) -> None:
    for token in ("nonsense", "a.b.c", standin.service_role_key):
        answer = await posted(http, standin, "rpc/who", {}, token)

        assert (answer.status_code, answer.json()["code"]) == (401, "PGRST301")


async def test_a_token_that_ran_out_is_refused(http: httpx.AsyncClient, standin: Standin) -> None:
    standin.policy.access_token_seconds = -60
    credentials = {"email": "ada@example.com", "password": "correct horse"}
    signup = await http.post(
        f"{standin.url}/auth/v1/signup", json=credentials, headers={"apikey": standin.anon_key}
    )
    answer = await posted(http, standin, "rpc/who", {}, signup.json()["access_token"])

    assert (answer.status_code, answer.json()["code"]) == (401, "PGRST303")


# --- functions -----------------------------------------------------------------------------------


async def test_results_come_in_the_shape_of_the_function(
    owner: Connection, client: Clients
) -> None:
    shapes = {
        "integer": ("select 7", 7),
        "bigint": ("select null::bigint", None),
        "text[]": ("select array['a', 'b']", ["a", "b"]),
        "jsonb": ("""select '{"a": [1]}'::jsonb""", {"a": [1]}),
        "timestamptz": ("select '2026-11-22 12:00Z'::timestamptz", "2026-11-22T12:00:00+00:00"),
        "pair": ("select 1, 'x'", {"n": 1, "t": "x"}),
        "setof integer": ("select generate_series(1, 3)", [1, 2, 3]),
        "setof bigint": ("select 1::bigint where false", []),
        "setof pair": ("select 1, 'x' where false", []),
        "table (n integer)": ("select generate_series(1, 2)", [{"n": 1}, {"n": 2}]),
        "table (n integer, t text)": ("select 1, 'x'", [{"n": 1, "t": "x"}]),
    }
    await owner.execute("create type pair as (n integer, t text)")
    for number, (returns, (body, _)) in enumerate(shapes.items()):
        await owner.execute(
            f"create function f{number}() returns {returns} language sql as $$ {body} $$"
        )

    results = [await result(client(), f"f{number}") for number in range(len(shapes))]
    assert dict(zip(shapes, results, strict=True)) == {
        returns: expected for returns, (_, expected) in shapes.items()
    }


async def test_a_function_that_returns_nothing_answers_with_nothing(
    owner: Connection, http: httpx.AsyncClient, standin: Standin
) -> None:
    await owner.execute("create table done (n integer)")
    await owner.execute(
        "create function f() returns void language sql security definer"
        " as $$ insert into done values (1) $$"
    )
    answer = await posted(http, standin, "rpc/f", {})

    assert (answer.status_code, answer.content) == (204, b"")
    assert await owner.fetchval("select count(*) from done") == 1


async def test_arguments_are_read_as_the_types_they_are_for(
    owner: Connection, client: Clients
) -> None:
    await owner.execute(
        "create function f(p_id uuid, p_at timestamptz, p_words text[], p_json jsonb,"
        " p_for interval default '1 hour') returns jsonb language sql as $$ select"
        " jsonb_build_array(p_id, extract(epoch from p_at), p_words[2], p_json -> 'a', p_for) $$"
    )
    number = str(uuid4())
    arguments = {"p_id": number, "p_words": ["x", "é'\""], "p_json": {"a": None}}

    answer = await result(client(), "f", p_at="1970-01-01T01:00:00Z", **arguments)
    assert answer == [number, 3600, "é'\"", None, "01:00:00"]


async def test_a_function_that_does_not_take_these_arguments_is_not_found(
    owner: Connection, client: Clients
) -> None:
    await owner.execute("create function f(p_a integer) returns integer return p_a")
    codes = []
    for arguments in ({}, {"p_a": 1, "p_b": 2}, {"a": 1}):
        with pytest.raises(APIError) as refusal:
            await result(client(), "f", **arguments)
        codes.append(refusal.value.code)

    assert codes == ["PGRST202"] * 3


async def test_two_functions_that_fit_are_one_too_many(owner: Connection, client: Clients) -> None:
    await owner.execute("create function f(p_a integer) returns integer return p_a")
    await owner.execute("create function f(p_a text) returns text return p_a")
    with pytest.raises(APIError) as refusal:
        await result(client(), "f", p_a=1)

    assert refusal.value.code == "PGRST203"


async def test_reading_functions_can_be_got_and_others_not(
    owner: Connection, client: Clients
) -> None:
    await owner.execute("create function r(p_a integer) returns integer stable return p_a + 1")
    await owner.execute("create sequence s; grant usage on s to anon")
    await owner.execute("create function w() returns bigint return nextval('s')")
    read = await client().rpc("r", {"p_a": 41}, get=True).execute()
    with pytest.raises(APIError) as refusal:
        await client().rpc("w", {}, get=True).execute()

    assert read.data == 42
    assert refusal.value.code == "25006"


async def test_an_error_of_the_database_has_a_status(
    owner: Connection, http: httpx.AsyncClient, standin: Standin
) -> None:
    statuses = {
        "23505": 409,
        "23503": 409,
        "23514": 400,
        "P0001": 400,
        "22P02": 400,
        "42501": 401,
        "40001": 500,
        "53300": 503,
        "PT429": 429,
    }
    await owner.execute(
        "create function f(p_code text) returns void language plpgsql as $$ begin"
        " raise exception 'no' using errcode = p_code, detail = 'd', hint = 'h'; end $$"
    )
    answers = {code: await posted(http, standin, "rpc/f", {"p_code": code}) for code in statuses}

    assert {code: answer.status_code for code, answer in answers.items()} == statuses
    assert answers["P0001"].json() == {
        "code": "P0001",
        "message": "no",
        "details": "d",
        "hint": "h",
    }


async def test_what_takes_too_long_is_ended(
    owner: Connection, client: Clients, standin: Standin
) -> None:
    timeouts = dict(standin.timeouts)
    standin.timeouts["anon"] = "20ms"
    await owner.execute("create function f() returns void language sql as 'select pg_sleep(9)'")
    with pytest.raises(APIError) as refusal:
        await result(client(), "f")

    assert timeouts == {"anon": "3s", "authenticated": "8s", "authenticator": "8s"}
    assert refusal.value.code == "57014"


async def test_a_function_that_fails_has_done_nothing(owner: Connection, client: Clients) -> None:
    await owner.execute("create table done (n integer primary key)")
    await owner.execute(
        "create function f() returns void language plpgsql security definer"
        " as $$ begin insert into done values (1); insert into done values (1); end $$"
    )
    with pytest.raises(APIError) as refusal:
        await result(client(), "f")

    assert refusal.value.code == "23505"
    assert await owner.fetchval("select count(*) from done") == 0


# --- tables --------------------------------------------------------------------------------------


async def test_people_see_what_is_theirs(
    ada: AsyncClient, ben: AsyncClient, service: AsyncClient, client: Clients
) -> None:
    await make_avatar(ada)
    his = await make_avatar(ben)
    seen = await ben.table("avatars").select("id, name").execute()
    all_of_them = await service.table("avatars").select("*").execute()
    with pytest.raises(APIError) as refusal:
        await client().table("avatars").select("*").execute()

    assert seen.data == [{"id": his, "name": "Mia"}]
    assert len(all_of_them.data) == 2
    assert refusal.value.code == "42501"


async def test_nobody_writes_in_anothers_name(ada: AsyncClient, ben: AsyncClient) -> None:
    hers = await make_avatar(ada)
    with pytest.raises(APIError) as refusal:
        await ben.table("avatars").insert(AVATAR | {"user_id": await person(ada)}).execute()
    changed = await ben.table("avatars").update({"name": "Eve"}).eq("id", hers).execute()
    deleted = await ben.table("avatars").delete().eq("id", hers).execute()

    assert refusal.value.code == "42501"
    assert (changed.data, deleted.data) == ([], [])


async def test_a_person_changes_and_deletes_what_is_theirs(ada: AsyncClient) -> None:
    hers = await make_avatar(ada)
    changed = await ada.table("avatars").update({"name": "Eve"}).eq("id", hers).execute()
    (row,) = changed.data
    await ada.table("avatars").delete().eq("id", hers).execute()
    rest = await ada.table("avatars").select("*").eq("name", "Eve").execute()

    assert isinstance(row, dict)
    assert row["name"] == "Eve"
    assert rest.data == []


async def test_rows_are_filtered_and_ordered(owner: Connection, client: Clients) -> None:
    expected = {
        "eq.2": "b",
        "neq.2": "ca",
        "gt.2": "c",
        "gte.2": "cb",
        "lt.2": "a",
        "lte.2": "ba",
        "in.(1,3)": "ca",
        "is.null": "d",
    }
    await owner.execute("create table t (n integer, name text); grant select on t to anon")
    await owner.execute("insert into t values (1, 'a'), (2, 'b'), (3, 'c'), (null, 'd')")

    found = {}
    for condition in expected:
        query = client().table("t").select("name").filter("n", *condition.split(".", 1))
        rows = (await query.order("name", desc=True).limit(5).execute()).data
        found[condition] = "".join(str(row["name"]) for row in rows if isinstance(row, dict))
    assert found == expected


async def test_one_row_can_be_demanded(ada: AsyncClient) -> None:
    await make_avatar(ada)
    one = await ada.table("avatars").select("name").single().execute()
    with pytest.raises(APIError) as refusal:
        await ada.table("avatars").select("name").eq("name", "Eve").single().execute()

    assert one.data == {"name": "Mia"}
    assert refusal.value.code == "PGRST116"


async def test_whoever_may_not_read_may_still_write(owner: Connection, client: Clients) -> None:
    await owner.execute("create table t (n integer); grant insert on t to anon")
    await client().table("t").insert({"n": 1}, returning=ReturnMethod.minimal).execute()
    with pytest.raises(APIError) as refusal:
        await client().table("t").insert({"n": 1}).execute()

    assert refusal.value.code == "42501"
    assert await owner.fetchval("select count(*) from t") == 1


async def test_a_new_table_is_closed_to_everybody(owner: Connection, service: AsyncClient) -> None:
    await owner.execute("create table t (n integer)")
    with pytest.raises(APIError) as refusal:
        await service.table("t").select("*").execute()

    assert refusal.value.code == "42501"


async def test_the_accounts_are_out_of_reach(service: AsyncClient) -> None:
    with pytest.raises(APIError) as refusal:
        await service.schema("auth").table("users").select("*").execute()

    assert refusal.value.code == "PGRST106"


async def test_what_the_schema_does_not_have_is_said(ada: AsyncClient) -> None:
    codes = []
    for query in (
        ada.table("nothing").select("*"),
        ada.table("avatars").select("nothing"),
        ada.table("avatars").insert({"nothing": 1}),
        ada.table("avatars").delete(),
    ):
        with pytest.raises(APIError) as refusal:
            await query.execute()
        codes.append(refusal.value.code)

    assert codes == ["PGRST205", "42703", "PGRST204", "21000"]

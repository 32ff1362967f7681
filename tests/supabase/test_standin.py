"""What the stand-in is beyond a project: it sees, it fails on demand, and it owns its limits."""

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest
from asyncpg import Connection
from postgrest.exceptions import APIError
from postgrest.types import CountMethod
from supabase import AsyncClient

from bot.store.migrate import MIGRATIONS, migrate
from tests.supabase.conftest import Clients
from tests.supabase.fixtures import SupabaseDatabases
from tests.supabase.standin import Standin
from tests.supabase.weather import Fault

RPC = "/rest/v1/rpc/"


async def counter(owner: Connection) -> None:
    await owner.execute("create sequence s; grant usage on s to anon")
    await owner.execute("create function f() returns bigint return nextval('s')")


async def called(client: AsyncClient) -> object:
    return (await client.rpc("f", {}).execute()).data


# --- the database --------------------------------------------------------------------------------


async def test_the_migrations_apply_to_a_new_project_unchanged(
    empty_supabase_database: str,
) -> None:
    applied = await migrate(empty_supabase_database)

    assert applied[0] == "001_initial_schema"
    assert await migrate(empty_supabase_database) == []


async def test_a_project_s_database_is_migrated(owner: Connection) -> None:
    applied = await owner.fetchval("select count(*) from schema_migrations")

    assert applied == len(list(MIGRATIONS.glob("[0-9]*.sql")))
    assert await owner.fetchval("select current_setting('is_superuser')") == "off"


async def test_without_a_database_there_is_503(
    client: Clients,
    standin: Standin,
    supabase_database: str,
    supabase_databases: SupabaseDatabases,
) -> None:
    name = urlsplit(supabase_database).path.removeprefix("/")
    await supabase_databases.shut(name)
    with pytest.raises(APIError) as away:
        await called(client())
    await supabase_databases.open(name)
    with pytest.raises(APIError) as back:
        await called(client())

    assert (away.value.code, back.value.code) == ("PGRST000", "PGRST202")
    assert standin.url


# --- what it sees --------------------------------------------------------------------------------


async def test_every_request_is_noted_with_its_credentials(
    http: httpx.AsyncClient, standin: Standin
) -> None:
    headers = {"apikey": "k", "Authorization": "Bearer t", "Sb-Forwarded-For": "192.0.2.1"}
    await http.get(f"{standin.url}/auth/v1/user", headers=headers)

    (seen,) = standin.seen
    assert (seen.method, seen.path) == ("GET", "/auth/v1/user")
    assert (seen.apikey, seen.authorization) == ("k", "Bearer t")
    assert seen.forwarded_for == "192.0.2.1"


# --- what goes wrong -----------------------------------------------------------------------------


async def test_a_fault_hits_as_often_as_it_says(
    owner: Connection, client: Clients, standin: Standin
) -> None:
    await counter(owner)
    refusal = {"code": "PGRST003", "message": "Timed out", "details": None, "hint": None}
    standin.faults.append(Fault(path=RPC, status=504, body=refusal))
    with pytest.raises(APIError) as failed:
        await called(client())

    assert failed.value.code == "PGRST003"
    assert await called(client()) == 1


async def test_a_proxy_answers_with_a_page(client: Clients, standin: Standin) -> None:
    standin.faults.append(Fault(path="/rest/", status=502, body="<h1>Bad Gateway</h1>"))
    with pytest.raises(APIError) as failed:
        await called(client())

    assert failed.value.code == "502"


async def test_an_answer_waits_until_a_test_lets_it_go(
    owner: Connection, client: Clients, standin: Standin
) -> None:
    await counter(owner)
    fault = Fault(path=RPC, delay=(gate := asyncio.Event()))
    standin.faults.append(fault)
    slow = asyncio.create_task(called(client()))
    await fault.reached.wait()
    quick = await called(client())
    gate.set()

    assert (quick, await slow) == (1, 2)


@pytest.mark.parametrize(("late", "next_number"), [(False, 1), (True, 2)])
async def test_a_connection_breaks_before_or_after_the_work(
    owner: Connection, client: Clients, standin: Standin, *, late: bool, next_number: int
) -> None:
    await counter(owner)
    standin.faults.append(Fault(path=RPC, drop=True, late=late))
    with pytest.raises(httpx.TransportError):
        await called(client())

    assert await called(client()) == next_number


async def test_a_project_that_was_away_is_the_same_project(
    ada: AsyncClient, standin: Standin
) -> None:
    await standin.stop()
    with pytest.raises(httpx.ConnectError):
        await called(ada)
    await standin.start()

    assert await ada.auth.get_user()


# --- what it is not ------------------------------------------------------------------------------


async def test_what_it_does_not_imitate_it_refuses_loudly(
    http: httpx.AsyncClient, standin: Standin
) -> None:
    requests = [
        ("HEAD", "/rest/v1/avatars"),
        ("GET", "/rest/v1/avatars?or=(a.eq.1)"),
        ("GET", "/rest/v1/avatars?select=*,messages(*)"),
        ("POST", "/rest/v1/rpc/f?order=a"),
        ("GET", "/storage/v1/bucket"),
        ("GET", "/auth/v1/authorize"),
        ("POST", "/auth/v1/token?grant_type=pkce"),
    ]
    headers = {"apikey": standin.anon_key}
    for method, path in requests:
        answer = await http.request(method, f"{standin.url}{path}", headers=headers)

        assert answer.status_code == 501, path


async def test_upserts_and_counts_are_refused_loudly(service: AsyncClient) -> None:
    for query in (
        service.table("avatars").upsert({"name": "Mia"}),
        service.table("avatars").select("*", count=CountMethod.exact),
    ):
        with pytest.raises(APIError) as refusal:
            await query.execute()
        assert refusal.value.code == "STANDIN"

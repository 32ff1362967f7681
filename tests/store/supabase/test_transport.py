"""What only the way through PostgREST can do wrong: keys, tokens, gateways and the network."""

import asyncio
import math
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from asyncpg import Connection

from bot.accounts.supabase import SupabaseAccounts
from bot.errors import (
    AvaError,
    Conflict,
    Forbidden,
    Invalid,
    NotSignedIn,
    StoreRejected,
    StoreTimeout,
    StoreUnavailable,
)
from bot.models import Caller, MessageId, Personality
from bot.store import supabase
from bot.store.avatars import StoredAvatars
from bot.store.database import Denied, RolledBack, SchemaBehind
from bot.store.history import StoredHistory
from bot.store.supabase import SupabaseDatabase
from tests.ava import eventually
from tests.store.contract.stores import LONGEST_WAIT, WAIT
from tests.store.supabase.ways import RPC, database_on, refusal, signed_up
from tests.supabase.standin import Standin
from tests.supabase.weather import Fault

DOZE = "create or replace function doze() returns void language sql return pg_sleep(30)"
PAGE = "<h1>the words of Supabase</h1>"


@pytest.fixture(params=["new", "legacy"])
def keys(request: pytest.FixtureRequest, standin: Standin) -> dict[str, str]:
    """The API keys of either generation."""
    if request.param == "new":
        return {"anon_key": standin.anon_key, "service_role_key": standin.service_role_key}
    return {
        "anon_key": standin.legacy_anon_key,
        "service_role_key": standin.legacy_service_role_key,
    }


# --- keys and tokens ----------------------------------------------------------------------------


@pytest.mark.usefixtures("owner")
async def test_both_generations_of_keys_open_the_same_doors(
    http: httpx.AsyncClient,
    standin: Standin,
    keys: dict[str, str],
    ada: Caller,
) -> None:
    database = database_on(http, standin, **keys)

    assert await database.as_bot("who") == "service_role nobody"
    assert await database.as_person(ada, "who") == f"authenticated {ada.id}"


async def test_a_key_is_a_token_only_if_it_is_of_the_old_kind(
    http: httpx.AsyncClient, standin: Standin, keys: dict[str, str], ada: Caller
) -> None:
    database, secret = database_on(http, standin, **keys), keys["service_role_key"]
    standin.seen.clear()
    await database.as_bot("oldest_waiting")
    await database.as_person(ada, "my_preferences")

    bots, persons = standin.seen
    expected = None if secret.startswith("sb_") else f"Bearer {secret}"
    assert (bots.apikey, bots.authorization) == (secret, expected)
    assert (persons.apikey, persons.authorization) == (keys["anon_key"], f"Bearer {ada.token}")


async def test_a_token_of_yesterday_signs_nobody_in(
    database: SupabaseDatabase, accounts: SupabaseAccounts, standin: Standin
) -> None:
    standin.policy.access_token_seconds = -60

    with pytest.raises(NotSignedIn):
        await database.as_person(await signed_up(accounts), "my_preferences")


async def test_a_token_outlives_the_key_that_signed_it_until_that_is_revoked(
    database: SupabaseDatabase, ada: Caller, standin: Standin
) -> None:
    standin.rotate_keys()
    assert await database.as_person(ada, "my_preferences")

    standin.rotate_keys(revoke=True)

    with pytest.raises(NotSignedIn):
        await database.as_person(ada, "my_preferences")


@pytest.mark.parametrize("token", ["x", "a.b.c", "sb_secret_made_up"])
async def test_what_is_no_token_signs_nobody_in(
    database: SupabaseDatabase, ada: Caller, token: str
) -> None:
    with pytest.raises(NotSignedIn):
        await database.as_person(Caller(id=ada.id, token=token), "my_preferences")


@pytest.mark.parametrize("key", ["sb_secret_wrong", "legacy of another project"])
async def test_a_wrong_key_of_ours_is_not_the_fault_of_whoever_asks(
    http: httpx.AsyncClient, standin: Standin, supabase_database: str, key: str
) -> None:
    if not key.startswith("sb_"):
        other = Standin(database=supabase_database, jwt_secret="the secret of another, 32 or more")
        key = other.legacy_service_role_key

    with pytest.raises(StoreRejected):
        await database_on(http, standin, service_role_key=key).as_bot("oldest_waiting")


async def test_the_keys_of_a_person_never_pass_for_those_of_the_bot(
    http: httpx.AsyncClient, standin: Standin
) -> None:
    mistaken = database_on(http, standin, service_role_key=standin.anon_key)

    with pytest.raises(Denied):
        await mistaken.as_bot("oldest_waiting")


# --- what Supabase and the gateway before it answer ---------------------------------------------

ANSWERS: list[tuple[int, Any, type[AvaError]]] = [
    (400, refusal("PGRST102"), StoreRejected),
    (200, PAGE, StoreUnavailable),  # a proxy that says 200 to anything
    (403, PAGE, StoreRejected),
    (404, PAGE, StoreRejected),
    (404, refusal("PGRST202"), SchemaBehind),
    (404, refusal("PGRST205"), SchemaBehind),
    (400, refusal("PGRST204"), SchemaBehind),
    (401, {"message": "Invalid API key", "hint": "the words of Supabase"}, StoreRejected),
    (406, refusal("PGRST116"), StoreRejected),
    (429, PAGE, StoreUnavailable),
    (500, PAGE, StoreUnavailable),
    (500, refusal("PGRST300"), StoreRejected),
    (502, PAGE, StoreUnavailable),
    (502, {"message": "An invalid response was received"}, StoreUnavailable),
    (503, PAGE, StoreUnavailable),
    (503, {"message": "name resolution failed"}, StoreUnavailable),
    (503, refusal("PGRST000"), StoreUnavailable),
    (503, refusal("PGRST001"), StoreUnavailable),
    (503, refusal("PGRST002"), StoreUnavailable),
    (503, refusal("53300"), StoreUnavailable),
    (504, PAGE, StoreTimeout),
    (504, refusal("PGRST003"), StoreTimeout),
    (520, PAGE, StoreUnavailable),
    (522, PAGE, StoreUnavailable),
]
TO_A_PERSON: list[tuple[int, Any, type[AvaError]]] = [
    (401, refusal("PGRST301"), NotSignedIn),
    (401, refusal("PGRST302"), NotSignedIn),
    (401, refusal("PGRST303"), NotSignedIn),
    (400, refusal("22P02"), Invalid),
    (403, refusal("42501"), Forbidden),
    (409, refusal("23505"), Conflict),
    (500, refusal("57014"), StoreTimeout),
]


@pytest.mark.parametrize("answer", [*ANSWERS, *TO_A_PERSON])
async def test_what_is_answered_becomes_what_can_be_done(
    database: SupabaseDatabase,
    standin: Standin,
    ada: Caller,
    answer: tuple[int, Any, type[AvaError]],
) -> None:
    status, body, kind = answer
    standin.faults.append(Fault(path=RPC, status=status, body=body))

    with pytest.raises(AvaError) as refused:
        await database.as_person(ada, "my_preferences")

    assert type(refused.value) is kind
    assert "words" not in str(refused.value)
    assert "Key" not in str(refused.value)
    assert await database.as_person(ada, "my_preferences")


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_what_was_rolled_back_is_asked_once_more_and_no_more(
    database: SupabaseDatabase, standin: Standin, sqlstate: str
) -> None:
    fault = Fault(path=RPC, status=500, body=refusal(sqlstate))
    standin.faults.append(fault)
    await database.as_bot("oldest_waiting")
    fault.times = math.inf
    standin.seen.clear()

    with pytest.raises(RolledBack):
        await database.as_bot("oldest_waiting")

    assert len(standin.seen) == 2


@pytest.mark.parametrize("trouble", [{"status": 503, "body": PAGE}, {"drop": True}])
async def test_nothing_else_is_asked_again(
    database: SupabaseDatabase, standin: Standin, trouble: dict[str, Any]
) -> None:
    standin.faults.append(Fault(path=RPC, times=math.inf, **trouble))

    with pytest.raises(StoreUnavailable):
        await database.as_bot("oldest_waiting")

    assert len(standin.seen) == 1


async def test_a_statement_that_takes_too_long_is_cut_off(
    owner: Connection, database: SupabaseDatabase, standin: Standin, ada: Caller
) -> None:
    await owner.execute(DOZE)
    standin.timeouts["authenticated"] = standin.timeouts["authenticator"] = "20ms"

    with pytest.raises(StoreTimeout):
        await database.as_person(ada, "doze")
    with pytest.raises(StoreTimeout):
        await database.as_bot("doze")


# --- the network --------------------------------------------------------------------------------


async def test_a_call_that_broke_off_may_have_happened_and_may_be_repeated(
    database: SupabaseDatabase, standin: Standin, ada: Caller
) -> None:
    avatars = StoredAvatars(database)
    history = StoredHistory(database, WAIT, LONGEST_WAIT)
    await avatars.create(
        ada, name="Mia", age=27, personality=Personality.SHY, physical_description=None
    )
    once, faults = (
        MessageId(uuid4()),
        [Fault(path=f"{RPC}say", drop=True, late=late) for late in (False, True)],
    )
    standin.faults.extend(faults)

    for _ in faults:
        with pytest.raises(StoreUnavailable):
            await history.say(ada, "Hi.", once_as=once)
    await history.say(ada, "Hi.", once_as=once)

    (said,) = await history.page(ada, limit=10, before=None)
    assert said.id == once


async def test_who_does_not_answer_is_not_waited_for(standin: Standin) -> None:
    standin.faults.append(Fault(path=RPC, delay=(gate := asyncio.Event())))

    async with httpx.AsyncClient(timeout=0.05, verify=False) as http:
        with pytest.raises(StoreTimeout):
            await database_on(http, standin).as_bot("oldest_waiting")

    gate.set()


async def test_who_finds_no_free_connection_is_told_so(standin: Standin) -> None:
    standin.faults.append(fault := Fault(path=RPC, delay=(gate := asyncio.Event())))
    limits, patience = httpx.Limits(max_connections=1), httpx.Timeout(5, pool=0.05)

    async with httpx.AsyncClient(timeout=patience, limits=limits, verify=False) as http:
        database = database_on(http, standin)
        first = asyncio.create_task(database.as_bot("oldest_waiting"))
        await fault.reached.wait()
        with pytest.raises(StoreTimeout):
            await database.as_bot("oldest_waiting")
        gate.set()
        await first


async def test_a_project_that_was_away_is_found_again(
    database: SupabaseDatabase, standin: Standin
) -> None:
    assert await database.as_bot("applied_migrations")
    await standin.stop()
    with pytest.raises(StoreUnavailable):
        await database.as_bot("applied_migrations")
    await standin.start()

    assert await database.as_bot("applied_migrations")


async def test_a_call_that_is_given_up_leaves_its_connection_to_others(
    standin: Standin,
) -> None:
    standin.faults.append(fault := Fault(path=RPC, delay=(gate := asyncio.Event())))

    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=1), verify=False) as http:
        database = database_on(http, standin)
        given_up = asyncio.create_task(database.as_bot("applied_migrations"))
        await fault.reached.wait()
        given_up.cancel()
        await asyncio.wait([given_up])

        assert await database.as_bot("applied_migrations")
    gate.set()


async def test_nothing_stays_open_after_the_pool_was_closed() -> None:
    async def null(_: web.Request) -> web.Response:
        return web.json_response(None)

    app = web.Application()
    app.add_routes([web.post("/rest/v1/rpc/{name}", null)])
    async with TestServer(app) as project:
        before = asyncio.all_tasks()
        async with supabase.pool() as http:
            url = str(project.make_url("")).rstrip("/")
            database = SupabaseDatabase(http, url=url, anon_key="sb_a", service_role_key="sb_s")
            await asyncio.gather(*(database.as_bot("oldest_waiting") for _ in range(20)))
            open_ones = len(project.handler.connections)

        async def all_are_closed() -> bool:
            return not project.handler.connections

        assert 0 < open_ones <= 20
        await eventually(all_are_closed)
        assert asyncio.all_tasks() <= before

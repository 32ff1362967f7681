"""A session goes on by refresh tokens that are used once, and ends when it is told to."""

import asyncio
import itertools
from collections.abc import Callable, Iterator

import pytest
from asyncpg import Connection
from structlog.testing import capture_logs

from tests.ava import Ava, Person
from tests.handlers.visits import (
    Session,
    eleven_seconds_pass,
    lives,
    post,
    refresh,
    sign_in,
    sign_up,
    whose,
)
from tests.homes import own_accounts

pytestmark = pytest.mark.asyncio(loop_scope="package")

_numbers = itertools.count(1)


@pytest.fixture
def email() -> str:
    """Somebody whom no other test knows."""
    return f"session.{next(_numbers)}@example.com"


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    with capture_logs() as lines:
        yield lambda: str(lines)


async def sign_out(ava: Ava, session: Session, scope: str | None = None) -> int:
    body = {"scope": scope} if scope else {}
    status, _ = await post(ava, "/auth/signout", body, token=session["access_token"])
    return status


# --- going on -------------------------------------------------------------------------------


async def test_a_session_goes_on_with_the_token_that_came_last(ava: Ava, email: str) -> None:
    first = await sign_up(ava, email)

    _, second = await refresh(ava, first)
    status, third = await refresh(ava, second)

    assert status == 200
    assert third.keys() == first.keys()
    assert len({session["refresh_token"] for session in (first, second, third)}) == 3
    assert await whose(ava, third) == first["user_id"] == third["user_id"]


@pytest.mark.parametrize("token", ["x", "0" * 43, "ö€\U0001f418", "a" * 1024, "' or 1=1"])
async def test_a_token_that_nobody_got_is_refused(ava: Ava, token: str) -> None:
    status, problem = await post(ava, "/auth/refresh", {"refresh_token": token})

    assert (status, problem["title"]) == (401, "Unauthorized")


async def test_an_access_token_is_no_refresh_token(ava: Ava, email: str) -> None:
    session = await sign_up(ava, email)

    status, _ = await refresh(ava, {"refresh_token": session["access_token"]})

    assert status in (401, 422)


async def test_a_reused_refresh_token_ends_the_session(
    ava: Ava, owner: Connection, email: str, logged: Callable[[], str]
) -> None:
    stolen = await sign_up(ava, email)
    elsewhere = await sign_in(ava, email)
    _, second = await refresh(ava, stolen)
    _, third = await refresh(ava, second)
    await eleven_seconds_pass(ava, owner)

    assert (await refresh(ava, stolen))[0] == 401
    assert not await lives(ava, third)
    assert await lives(ava, elsewhere)
    assert stolen["refresh_token"] not in logged()


async def test_a_client_that_did_not_hear_the_answer_asks_again(ava: Ava, email: str) -> None:
    first = await sign_up(ava, email)
    await refresh(ava, first)

    status, again = await refresh(ava, first)

    assert (status, again["user_id"]) == (200, first["user_id"])
    assert await lives(ava, again)


async def test_simultaneous_refreshes_leave_a_session_that_goes_on(ava: Ava, email: str) -> None:
    session = await sign_up(ava, email)

    answers = await asyncio.gather(*(refresh(ava, session) for _ in range(6)))

    assert [status for status, _ in answers] == [200] * 6
    assert {found["user_id"] for _, found in answers} == {session["user_id"]}
    assert await lives(ava, answers[0][1])


# --- ending ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        (None, ["phone"]),
        ("this", ["phone"]),
        ("others", ["laptop"]),
        ("all", []),
    ],
)
async def test_signing_out_ends_the_sessions_it_is_about(
    ava: Ava, email: str, scope: str | None, left: list[str]
) -> None:
    stranger = await sign_up(ava, f"stranger.to.{email}")
    sessions = {"laptop": await sign_up(ava, email), "phone": await sign_in(ava, email)}

    assert await sign_out(ava, sessions["laptop"], scope) == 204

    found = [device for device, session in sessions.items() if await lives(ava, session)]
    assert found == left
    assert await lives(ava, stranger)


async def test_a_session_ends_with_every_token_it_ever_had(ava: Ava, email: str) -> None:
    first = await sign_up(ava, email)
    _, second = await refresh(ava, first)

    await sign_out(ava, second)

    assert not await lives(ava, first)
    assert not await lives(ava, second)


@own_accounts  # Supabase's access tokens are good until they expire
async def test_an_access_token_opens_nothing_once_its_session_has_ended(
    ava: Ava, email: str
) -> None:
    stolen, session = await sign_up(ava, email), await sign_in(ava, email)

    await sign_out(ava, session, "others")

    person = Person(
        id=stolen["user_id"], email=email, token=stolen["access_token"], _client=ava.client
    )
    for method, path in ("GET", "/account/export"), ("DELETE", "/account"), ("GET", "/messages"):
        assert (await person.ask(method, path))[0] == 401


async def test_who_is_signed_out_may_sign_out_again(ava: Ava, email: str) -> None:
    session = await sign_up(ava, email)

    assert [await sign_out(ava, session, "all") for _ in range(2)] == [204, 204]


@pytest.mark.parametrize("scope", ["", "THIS", "everything", 1, None])
async def test_another_scope_is_refused(ava: Ava, somebody: Person, scope: object) -> None:
    status, problem = await post(ava, "/auth/signout", {"scope": scope}, token=somebody.token)

    assert (status, problem["errors"][0]["field"]) == (422, "scope")


async def test_a_session_is_for_its_client_and_no_cache(ava: Ava, email: str) -> None:
    session = await sign_up(ava, email)

    body = {"refresh_token": session["refresh_token"]}
    async with ava.client.post("/auth/refresh", json=body) as answer:
        assert answer.headers["Cache-Control"] == "no-store"

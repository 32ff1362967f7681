"""A new password: by a link in an e-mail, or signed in and with the current one."""

import asyncio
import itertools
import re
from collections import Counter

import pytest
from asyncpg import Connection

from bot.settings import Environment
from tests.ava import Ava, Person
from tests.handlers.visits import (
    PASSWORD,
    a_quarter_passes,
    link,
    lives,
    mailed,
    mails_to,
    post,
    set_up,
    sign_in,
    sign_up,
    submit,
    token_in,
    whose,
)

pytestmark = pytest.mark.asyncio(loop_scope="package")

NEW = "a better one, by far"
RESET = "/auth/password/reset"
_numbers = itertools.count(1)


@pytest.fixture
def email() -> str:
    """Somebody whom no other test knows."""
    return f"password.{next(_numbers)}@example.com"


async def refused(ava: Ava, email: str, password: str) -> bool:
    credentials = {"email": email, "password": password}
    return (await post(ava, "/auth/signin", credentials))[0] == 401


# --- by a link ------------------------------------------------------------------------------


async def test_a_link_leads_to_a_new_password_and_ends_every_other_session(
    ava: Ava, email: str
) -> None:
    forgotten = await sign_up(ava, email)
    token = token_in(await link(ava, email, ask=RESET))

    status, session = await post(ava, "/auth/password", {"token": token, "password": NEW})

    assert (status, session["user_id"]) == (200, forgotten["user_id"])
    assert await whose(ava, session) == forgotten["user_id"]
    assert not await lives(ava, forgotten)
    assert await lives(ava, session)
    assert await refused(ava, email, PASSWORD)
    assert await sign_in(ava, email, NEW)


async def test_the_person_is_told_of_the_new_password(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    token = token_in(await link(ava, email, ask=RESET))

    await post(ava, "/auth/password", {"token": token, "password": NEW})

    mail = await mailed(ava, email, count=2)
    assert mail.subject == "Your password was changed"
    assert "https://ava.example.com/auth/password/forgotten" in mail.text


async def test_a_link_changes_one_password_once(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    token = token_in(await link(ava, email, ask=RESET))
    bodies = [{"token": token, "password": f"{NEW} {number}"} for number in range(4)]

    answers = await asyncio.gather(*(post(ava, "/auth/password", body) for body in bodies))

    assert Counter(status for status, _ in answers) == {200: 1, 410: 3}
    (won,) = (n for n, (status, _) in enumerate(answers) if status == 200)
    assert await sign_in(ava, email, f"{NEW} {won}")


async def test_a_weak_password_does_not_cost_the_link(ava: Ava, email: str) -> None:
    session = await sign_up(ava, email)
    token = token_in(await link(ava, email, ask=RESET))

    status, problem = await post(ava, "/auth/password", {"token": token, "password": email})

    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["password"])
    assert await lives(ava, session)
    assert (await post(ava, "/auth/password", {"token": token, "password": NEW}))[0] == 200


async def test_a_link_that_is_too_old_changes_nothing(
    ava: Ava, owner: Connection, email: str
) -> None:
    await sign_up(ava, email)
    path = await link(ava, email, ask=RESET)
    await a_quarter_passes(owner)

    body = {"token": token_in(path), "password": NEW}
    assert (await post(ava, "/auth/password", body))[0] == 410
    assert (await submit(ava, path, password=NEW))[0] == 410
    assert await sign_in(ava, email)


async def test_a_link_that_signs_in_changes_no_password(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    path = await link(ava, email)

    body = {"token": token_in(path), "password": NEW}
    assert (await post(ava, "/auth/password", body))[0] == 410
    assert (await post(ava, path))[0] == 200


async def test_no_link_from_before_survives_a_new_password(ava: Ava, email: str) -> None:
    session = await sign_up(ava, email)
    paths = await link(ava, email), await link(ava, email, ask=RESET)

    changed = {"current_password": PASSWORD, "password": NEW}
    await post(ava, "/auth/password", changed, token=session["access_token"])

    assert (await post(ava, paths[0]))[0] == 410
    body = {"token": token_in(paths[1]), "password": "an intruder's choice"}
    assert (await post(ava, "/auth/password", body))[0] == 410


async def test_who_asks_for_a_password_does_not_learn_who_has_an_account(
    ava: Ava, email: str
) -> None:
    await sign_up(ava, email)
    answers = []
    for asked in (f"nobody.{email}", email):
        async with ava.client.post(RESET, json={"email": asked}) as answer:
            headers = {name: value for name, value in answer.headers.items() if name != "Date"}
            answers.append((answer.status, headers, await answer.text()))

    assert answers[0] == answers[1]
    assert answers[0][0] == 202
    await mailed(ava, email)
    assert mails_to(ava, f"nobody.{email}") == []


# --- the pages ------------------------------------------------------------------------------


async def test_the_page_asks_for_a_password_and_leads_to_the_app(ava: Ava, email: str) -> None:
    signed_up = await sign_up(ava, email)
    async with set_up(ava, app_url="https://app.example.com"):
        path = await link(ava, email, ask=RESET)
        async with ava.client.get(path) as answer:
            text = await answer.text()

        status, _, headers = await submit(ava, path, password=NEW)

        assert re.findall(r'<input[^>]* name="([^"]+)"', text) == ["password"]
        assert (status, headers["Location"][:37]) == (303, "https://app.example.com#access_token=")
        assert not await lives(ava, signed_up)
        assert await sign_in(ava, email, NEW)
        assert (await submit(ava, path, password=NEW))[0] == 410


async def test_the_page_asks_again_for_a_password_that_is_weak(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    path = await link(ava, email, ask=RESET)

    for weak in ("password1", "", "x" * 5000, "\0\0\0\0\0\0\0\0"):
        status, text, _ = await submit(ava, path, password=weak)

        assert (status, text.count('role="alert"')) == (422, 1)
        assert 'type="password"' in text
    assert (await submit(ava, path, password=NEW))[0] == 303


async def test_without_an_app_the_page_says_that_the_password_is_changed(
    ava: Ava, email: str
) -> None:
    await sign_up(ava, email)
    async with set_up(ava, app_env=Environment.TEST):
        path = await link(ava, email, ask=RESET)

        status, text, _ = await submit(ava, path, password=NEW)

        assert (status, "Your password is changed" in text) == (200, True)
        assert await sign_in(ava, email, NEW)


async def test_a_page_sends_the_link_to_who_forgot_their_password(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    pages = [
        await submit(ava, "/auth/password/forgotten", email=asked)
        for asked in (f"nobody.{email}", f" {email.upper()} ")
    ]

    assert (await mailed(ava, email)).subject == "Choose a new password"
    assert mails_to(ava, f"nobody.{email}") == []
    assert [status for status, _, _ in pages] == [202, 202]
    assert pages[0][1] == pages[1][1]


async def test_the_page_asks_again_for_what_is_no_email(ava: Ava) -> None:
    status, text, _ = await submit(ava, "/auth/password/forgotten", email="ada@example")

    assert (status, text.count('role="alert"')) == (422, 1)


@pytest.mark.parametrize("path", ["/auth/password/forgotten", "/auth/password/dead"])
async def test_the_pages_take_forms_alone(ava: Ava, path: str) -> None:
    assert (await post(ava, path, {"email": "ada@example.com", "password": NEW}))[0] == 415
    async with ava.client.post(path, data={"email": "a" * 100_000}) as answer:
        assert answer.status == 413


# --- signed in ------------------------------------------------------------------------------


async def test_who_is_signed_in_changes_the_password_with_the_current_one(
    ava: Ava, email: str
) -> None:
    session, elsewhere = await sign_up(ava, email), await sign_in(ava, email)
    body = {"current_password": PASSWORD, "password": NEW}

    status, new = await post(ava, "/auth/password", body, token=session["access_token"])

    assert (status, new["user_id"]) == (200, session["user_id"])
    assert [await lives(ava, one) for one in (session, elsewhere, new)] == [False, False, True]
    assert await refused(ava, email, PASSWORD)
    assert await sign_in(ava, email, NEW)
    assert (await mailed(ava, email)).subject == "Your password was changed"


async def test_a_token_without_the_current_password_changes_nothing(ava: Ava, email: str) -> None:
    session = await sign_up(ava, email)
    body = {"current_password": "not this one", "password": NEW}

    status, problem = await post(ava, "/auth/password", body, token=session["access_token"])

    assert (status, [e["field"] for e in problem["errors"]]) == (422, ["current_password"])
    assert await lives(ava, session)
    assert await sign_in(ava, email)


async def test_the_current_password_without_a_token_changes_nothing(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    body = {"current_password": PASSWORD, "password": NEW}

    assert (await post(ava, "/auth/password", body))[0] == 401
    assert await sign_in(ava, email)


@pytest.mark.parametrize("proofs", [{}, {"token": "x", "current_password": PASSWORD}])
async def test_a_new_password_needs_one_proof(
    ava: Ava, somebody: Person, proofs: dict[str, str]
) -> None:
    body = proofs | {"password": NEW}

    status, problem = await post(ava, "/auth/password", body, token=somebody.token)

    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["token"])

"""Signing in, and confirming a sign-up, by a link in an e-mail."""

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest
from asyncpg import Connection
from structlog.testing import capture_logs

from bot.settings import Environment
from tests.ava import Ava
from tests.handlers.visits import (
    PASSWORD,
    a_quarter_passes,
    link,
    lives,
    mailed,
    mails_to,
    path_in,
    post,
    set_up,
    sign_in,
    sign_up,
    submit,
    token_in,
    whose,
)
from tests.homes import own_accounts

pytestmark = pytest.mark.asyncio(loop_scope="package")

_numbers = itertools.count(1)

DEAD_LINKS = ["x", "0" * 43, "a" * 900, "%00", "%22%3E%3Cb%3E", "..%2F..%2Fetc", "%F0%9F%90%98"]


@pytest.fixture
def email() -> str:
    """Somebody whom no other test knows."""
    return f"link.{next(_numbers)}@example.com"


async def page(ava: Ava, path: str, method: str = "GET") -> tuple[int, str, Mapping[str, str]]:
    async with ava.client.request(method, path) as answer:
        assert answer.content_type == "text/html"
        return answer.status, await answer.text(), answer.headers


async def whole_answer(ava: Ava, path: str, body: dict[str, Any]) -> tuple[int, Any, str]:
    """Everything that could tell one answer from another."""
    async with ava.client.post(path, json=body) as answer:
        headers = {name: value for name, value in answer.headers.items() if name != "Date"}
        return answer.status, headers, await answer.text()


def button_of(text: str, path: str) -> str:
    """Return where the only form of a page leads."""
    (action,) = re.findall(r'<form method="post" action="([^"]*)">', text)
    assert len(re.findall("<button>", text)) == 1
    return f"{path.rpartition('/')[0]}/{action}" if action else path


def session_in(location: str) -> dict[str, str]:
    return dict(parse_qsl(location.partition("#")[2]))


# --- the link -------------------------------------------------------------------------------


async def test_a_link_signs_in(ava: Ava, email: str) -> None:
    signed_up = await sign_up(ava, email)

    status, session = await post(ava, await link(ava, email.upper()))

    assert (status, session["user_id"]) == (200, signed_up["user_id"])
    assert session.keys() == signed_up.keys()
    assert await whose(ava, session) == signed_up["user_id"]
    assert await lives(ava, session)
    assert await lives(ava, signed_up)


async def test_opening_a_link_does_not_use_it_up(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    path = await link(ava, email)

    for method in ("GET", "HEAD", "GET", "HEAD", "GET"):
        assert (await page(ava, path, method))[0] == 200

    assert (await post(ava, path))[0] == 200


async def test_a_link_works_once(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    path = await link(ava, email)
    await post(ava, path)

    status, problem = await post(ava, path)

    assert (status, problem["title"]) == (410, "Gone")
    assert (await page(ava, path))[0] == 410


async def test_of_simultaneous_uses_one_signs_in(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    path = await link(ava, email)

    answers = await asyncio.gather(*(post(ava, path) for _ in range(8)))

    assert Counter(status for status, _ in answers) == {200: 1, 410: 7}


async def test_a_link_works_for_fifteen_minutes(ava: Ava, owner: Connection, email: str) -> None:
    await sign_up(ava, email)
    path = await link(ava, email)
    await a_quarter_passes(owner)

    assert (await page(ava, path))[0] == 410
    assert (await post(ava, path))[0] == 410
    assert (await submit(ava, f"{path}/open"))[0] == 410


async def test_a_newer_link_replaces_the_older_one(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    older, newer = await link(ava, email), await link(ava, email)

    assert (await post(ava, older))[0] == 410
    assert (await post(ava, newer))[0] == 200


async def test_who_asks_for_a_link_does_not_learn_who_has_an_account(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    answers = [
        await whole_answer(ava, "/auth/magic-link", {"email": asked})
        for asked in (f"nobody.{email}", email)
    ]

    assert answers[0] == answers[1]
    assert answers[0][0] == 202
    await mailed(ava, email)
    assert mails_to(ava, f"nobody.{email}") == []


async def test_a_link_to_a_new_password_does_not_sign_in(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    token = token_in(await link(ava, email, ask="/auth/password/reset"))

    assert (await post(ava, f"/auth/magic-link/{token}"))[0] == 410
    assert (await page(ava, f"/auth/magic-link/{token}"))[0] == 410
    assert (await page(ava, f"/auth/password/{token}"))[0] == 200


@pytest.mark.parametrize("token", DEAD_LINKS)
async def test_whatever_else_is_in_the_address_is_a_dead_link(ava: Ava, token: str) -> None:
    for path in (f"/auth/magic-link/{token}", f"/auth/password/{token}"):
        status, text, _ = await page(ava, path)

        assert (status, "does not work any more" in text) == (410, True)
        assert "<b>" not in text
    assert (await submit(ava, f"/auth/magic-link/{token}/open"))[0] == 410
    assert (await post(ava, f"/auth/magic-link/{token}"))[0] == 410


async def test_without_an_address_of_its_own_ava_sends_no_links(ava: Ava, email: str) -> None:
    await sign_up(ava, email)

    async with set_up(ava, app_env=Environment.PRODUCTION, public_url=None):
        for path in ("/auth/magic-link", "/auth/password/reset"):
            for asked in (email, f"nobody.{email}"):
                status, problem = await post(ava, path, {"email": asked})

                assert (status, "PUBLIC_URL" in problem["detail"]) == (501, True)


# --- the page -------------------------------------------------------------------------------


async def test_the_page_is_a_button_that_leads_to_the_app(ava: Ava, email: str) -> None:
    signed_up = await sign_up(ava, email)
    async with set_up(ava, app_url="https://app.example.com/home#top"):
        path = await link(ava, email)
        _, text, _ = await page(ava, path)

        status, _, headers = await submit(ava, button_of(text, path))

        assert status == 303
        assert headers["Location"].startswith("https://app.example.com/home#access_token=")
        assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
        session = session_in(headers["Location"])
        assert (session["token_type"], session["expires_in"]) == ("bearer", "3600")
        assert await whose(ava, session) == signed_up["user_id"]
        assert await lives(ava, session)
        assert (await submit(ava, button_of(text, path)))[0] == 410


async def test_in_development_the_button_leads_to_the_simulator(ava: Ava, email: str) -> None:
    await sign_up(ava, email)

    _, _, headers = await submit(ava, f"{await link(ava, email)}/open")

    assert headers["Location"].startswith(f"http://localhost:{ava.settings.simulator_port}/#")


async def test_without_an_app_a_browser_leaves_the_link_to_one(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    async with set_up(ava, app_env=Environment.TEST):
        path = await link(ava, email)

        pages = [await page(ava, path), await submit(ava, f"{path}/open")]

        for status, text, _ in pages:
            assert (status, "<button>" in text) == (200, False)
            assert "POST /auth/magic-link/" in text
        assert (await post(ava, path))[0] == 200
        assert (await submit(ava, f"{path}/open"))[0] == 410


async def test_a_page_loads_nothing_runs_nothing_and_tells_nobody(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    live = await link(ava, email), await link(ava, email, ask="/auth/password/reset")

    for path in (*live, "/auth/magic-link/dead", "/auth/password/dead", "/auth/password/forgotten"):
        _, text, headers = await page(ava, path)

        assert re.findall(r"<script|\ssrc=|href=|http|url\(", text) == []
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


async def test_what_a_link_is_made_of_is_in_no_log(
    ava: Ava, email: str, caplog: pytest.LogCaptureFixture
) -> None:
    await sign_up(ava, email)
    with capture_logs() as lines:
        path = await link(ava, email)
        await page(ava, path)
        _, _, headers = await submit(ava, f"{path}/open")
        await post(ava, path)

    session = session_in(headers["Location"])
    for private in (email, token_in(path), session["access_token"], session["refresh_token"]):
        assert private not in str(lines)
        assert private not in caplog.text


# --- confirming -----------------------------------------------------------------------------


async def test_a_sign_up_answers_the_same_whether_the_email_is_known(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    if ava.home.standin:
        ava.home.standin.policy.autoconfirm = False

    async with set_up(ava, confirm_email=True):
        answers = [
            await whole_answer(ava, "/auth/signup", {"email": asked, "password": PASSWORD})
            for asked in (f"new.{email}", email)
        ]

    if ava.home.standin:
        ava.home.standin.policy.autoconfirm = True
    assert answers[0] == answers[1]
    assert (answers[0][0], answers[0][2]) == (202, '{"status":"check your e-mail"}')


@own_accounts  # Supabase Auth writes these e-mails itself
async def test_an_account_is_made_when_its_link_is_used(ava: Ava, email: str) -> None:
    credentials = {"email": email, "password": PASSWORD}
    async with set_up(ava, confirm_email=True):
        await post(ava, "/auth/signup", credentials)
        mail = await mailed(ava, email)
        before, _ = await post(ava, "/auth/signin", credentials)

        status, session = await post(ava, path_in(mail))

        assert mail.subject == "Confirm your e-mail"
        assert (before, status) == (401, 200)
        assert (await sign_in(ava, email))["user_id"] == session["user_id"]
        assert (await post(ava, path_in(mail)))[0] == 410


@own_accounts  # Supabase Auth writes these e-mails itself
async def test_a_browser_confirms_by_the_same_button(ava: Ava, email: str) -> None:
    async with set_up(ava, confirm_email=True):
        await post(ava, "/auth/signup", {"email": email, "password": PASSWORD})
        path = path_in(await mailed(ava, email))
        _, text, _ = await page(ava, path)

        _, _, headers = await submit(ava, button_of(text, path))

        signed_in = await sign_in(ava, email)
        assert await whose(ava, session_in(headers["Location"])) == signed_in["user_id"]


@own_accounts  # Supabase Auth writes these e-mails itself
async def test_without_an_app_a_browser_confirms_all_the_same(ava: Ava, email: str) -> None:
    async with set_up(ava, confirm_email=True, app_env=Environment.TEST):
        await post(ava, "/auth/signup", {"email": email, "password": PASSWORD})
        path = path_in(await mailed(ava, email))
        _, text, _ = await page(ava, path)

        status, text, _ = await submit(ava, button_of(text, path))

        assert (status, "Your e-mail is confirmed" in text) == (200, True)
        assert await sign_in(ava, email)


@own_accounts  # Supabase Auth writes these e-mails itself
async def test_whoever_signs_up_later_with_an_email_does_not_get_in_the_way(
    ava: Ava, email: str
) -> None:
    intruders = "a password of an intruder"
    async with set_up(ava, confirm_email=True):
        await post(ava, "/auth/signup", {"email": email, "password": PASSWORD})
        hers = path_in(await mailed(ava, email))
        await post(ava, "/auth/signup", {"email": email, "password": intruders})
        theirs = path_in(await mailed(ava, email, count=2))

        status, session = await post(ava, hers)

        assert (status, (await post(ava, theirs))[0]) == (200, 410)
        assert (await sign_in(ava, email))["user_id"] == session["user_id"]
        credentials = {"email": email, "password": intruders}
        assert (await post(ava, "/auth/signin", credentials))[0] == 401


@own_accounts  # Supabase Auth writes these e-mails itself
async def test_who_signs_up_again_is_told_by_email_and_keeps_the_password(
    ava: Ava, email: str
) -> None:
    signed_up = await sign_up(ava, email)
    async with set_up(ava, confirm_email=True):
        await post(ava, "/auth/signup", {"email": email, "password": "another one, quite good"})
        mail = await mailed(ava, email)

        _, session = await post(ava, path_in(mail))

        assert mail.subject == "You already have an account"
        assert session["user_id"] == signed_up["user_id"]
        assert (await sign_in(ava, email))["user_id"] == signed_up["user_id"]


@own_accounts  # Supabase Auth writes these e-mails itself
async def test_a_sign_up_that_nobody_confirms_is_nothing(
    ava: Ava, owner: Connection, email: str
) -> None:
    credentials = {"email": email, "password": PASSWORD}
    async with set_up(ava, confirm_email=True):
        await post(ava, "/auth/signup", credentials)
        path = path_in(await mailed(ava, email))
        await a_quarter_passes(owner)

        assert (await post(ava, path))[0] == 410
        assert (await post(ava, "/auth/signin", credentials))[0] == 401


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_page_cannot_press_the_button(ava: Ava, email: str, site: str) -> None:
    await sign_up(ava, email)
    path = await link(ava, email)

    async with ava.client.post(
        f"{path}/open", headers={"Sec-Fetch-Site": site}, allow_redirects=False
    ) as answer:
        assert answer.status == 403

    assert (await submit(ava, f"{path}/open"))[0] == 303  # the link is as it was

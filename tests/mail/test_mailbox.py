"""The mailbox that stands in, in development, for everybody's e-mail."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr
from pytest_aiohttp import AiohttpClient

from bot.development import desk
from bot.errors import MailRejected
from bot.mail.choice import MAILBOX
from bot.mail.mailbox import Mailbox
from bot.mail.mailbox_page import mailbox_page
from bot.settings import Settings
from tests.mail.mails import INJECTIONS, MAIL
from tests.ports import free_port

Client = Any  # of aiohttp's tests


@pytest.fixture(name="mailbox")
def _mailbox() -> Mailbox:
    return Mailbox(capacity=3)


@pytest.fixture(name="page")
async def _page(mailbox: Mailbox, aiohttp_client: AiohttpClient) -> Client:
    app = web.Application()
    app.add_subapp("/mail", mailbox_page(mailbox))
    return await aiohttp_client(app)


async def test_what_was_sent_is_listed_newest_first(mailbox: Mailbox, page: Client) -> None:
    await mailbox.send(MAIL)
    await mailbox.send(replace(MAIL, id=uuid4(), to="ben@example.com"))

    async with page.get("/mail/messages") as answer:
        messages = (await answer.json())["messages"]

    assert [message["to"] for message in messages] == ["ben@example.com", "ada@example.com"]
    assert (
        messages[1].items()
        >= {
            "id": str(MAIL.id),
            "subject": MAIL.subject,
            "text": MAIL.text,
            "html": MAIL.html,
        }.items()
    )


async def test_the_oldest_mails_make_room(mailbox: Mailbox) -> None:
    await mailbox.send(MAIL)
    for _ in range(3):
        await mailbox.send(replace(MAIL, id=uuid4()))

    assert len(mailbox.received) == 3
    assert mailbox.find(MAIL.id) is None


async def test_a_repeat_is_one_mail(mailbox: Mailbox) -> None:
    await mailbox.send(MAIL)
    await mailbox.send(MAIL)

    assert len(mailbox.received) == 1


@pytest.mark.parametrize("injection", INJECTIONS)
async def test_the_mailbox_refuses_what_no_mailer_takes(
    mailbox: Mailbox, injection: dict[str, Any]
) -> None:
    with pytest.raises(MailRejected):
        await mailbox.send(replace(MAIL, **injection))


async def test_a_mail_can_run_and_load_nothing(mailbox: Mailbox, page: Client) -> None:
    await mailbox.send(replace(MAIL, html="<script>alert(1)</script>"))

    async with page.get(f"/mail/messages/{MAIL.id}") as answer:
        policy = answer.headers["Content-Security-Policy"]

    assert "allow-scripts" not in policy
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy


async def test_a_mail_that_is_gone_is_not_found(page: Client) -> None:
    async with page.get(f"/mail/messages/{MAIL.id}") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("path", ["/mail", "/mail/"])
async def test_the_page_needs_nothing_from_elsewhere(page: Client, path: str) -> None:
    async with page.get(path) as answer:
        html = await answer.text()

    assert (answer.status, answer.content_type) == (200, "text/html")
    assert "http" not in html
    for asset in ("mailbox.css", "mailbox.js", "mark.svg"):
        assert f'"page/{asset}"' in html
        async with page.get(f"/mail/page/{asset}") as answer:
            assert answer.status == 200


# --- beside the simulator --------------------------------------------------------------------

NUMBER = {
    "whatsapp_access_token": SecretStr("the-access-token"),
    "whatsapp_phone_number_id": "900100200300",
    "whatsapp_verify_token": SecretStr("the-verify-token"),
    "whatsapp_app_secret": SecretStr("the-app-secret"),
}


@pytest.fixture(name="given")
def _given() -> Settings:
    """What somebody has set who has a number of their own."""
    return Settings(_env_file=None, simulator_port=free_port()).model_copy(update=NUMBER)


@pytest.fixture(name="visitor")
async def _visitor(given: Settings) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://localhost:{given.simulator_port}") as session:
        yield session


async def test_with_a_number_of_ones_own_the_mailbox_is_there_without_a_simulator(
    given: Settings, visitor: aiohttp.ClientSession
) -> None:
    beside = desk(given, given)
    assert beside is not None
    app = web.Application()
    app.cleanup_ctx.append(beside.resource)
    runner = web.AppRunner(app)
    await runner.setup()

    await app[MAILBOX].send(MAIL)

    async with visitor.get("/mail/messages") as answer:
        assert [one["id"] for one in (await answer.json())["messages"]] == [str(MAIL.id)]
    async with visitor.get("/") as answer:
        assert answer.status == 404
    await runner.cleanup()


@pytest.mark.parametrize(
    "way", [{"smtp_url": SecretStr("smtp://localhost")}, {"resend_api_key": SecretStr("re_1")}]
)
async def test_with_a_number_and_a_way_for_mails_nothing_stands_beside_ava(
    given: Settings, way: dict[str, SecretStr]
) -> None:
    complete = given.model_copy(update=way)

    assert desk(complete, complete) is None


def test_the_welcome_tells_where_mails_land(given: Settings) -> None:
    beside = desk(given, given)

    assert beside is not None
    assert beside.welcome == (f"E-mails land in http://localhost:{given.simulator_port}/mail",)

"""E-mails by Resend, told over a socket."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from pydantic import SecretStr
from pytest_aiohttp import AiohttpServer
from structlog.testing import capture_logs

from bot.errors import MailRejected, MailUnavailable
from bot.mail.postman import Postman
from bot.mail.resend import Resend
from tests.mail.inboxes import Handler, ResendApi, answering, drop, hang
from tests.mail.mails import INJECTIONS, MAIL, PRIVATE


@pytest.fixture(name="api")
def _api() -> ResendApi:
    return ResendApi()


@pytest.fixture(name="resend")
async def _resend(api: ResendApi, aiohttp_server: AiohttpServer) -> AsyncIterator[Resend]:
    server = await aiohttp_server(api.app(), shutdown_timeout=0.1)
    async with aiohttp.ClientSession() as session:
        yield Resend(
            session,
            api_key=SecretStr("the-api-key"),
            sender="Ava <ava@example.com>",
            api_url=str(server.make_url("")).rstrip("/"),
            timeout=aiohttp.ClientTimeout(total=0.5, connect=0.2),
        )


async def test_both_parts_arrive_as_they_are(resend: Resend, api: ResendApi) -> None:
    await resend.send(MAIL)

    assert api.asked == [
        {
            "from": "Ava <ava@example.com>",
            "to": [MAIL.to],
            "subject": MAIL.subject,
            "text": MAIL.text,
            "html": MAIL.html,
        }
    ]
    assert api.authorized_by == "Bearer the-api-key"


async def test_a_mail_has_one_idempotency_key_and_another_mail_another(
    resend: Resend, api: ResendApi
) -> None:
    for mail in (MAIL, MAIL, replace(MAIL, id=uuid4())):
        await resend.send(mail)

    first, again, other = api.keys
    assert first == again
    assert first != other


@pytest.mark.parametrize("injection", INJECTIONS)
async def test_a_header_injection_is_refused_and_nothing_is_asked(
    resend: Resend, api: ResendApi, injection: dict[str, Any]
) -> None:
    with pytest.raises(MailRejected):
        await resend.send(replace(MAIL, **injection))

    assert api.asked == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answering(400, {"name": "validation_error", "message": MAIL.to}), "validation_error"),
        (answering(401, {"name": "missing_api_key"}), "HTTP 401 missing_api_key"),
        (answering(403, {"name": "invalid_api_key"}), "HTTP 403 invalid_api_key"),
        (answering(422, {"name": MAIL.to}), "HTTP 422"),
        (answering(404, "<h1>Not here, ada@example.com</h1>"), "HTTP 404"),
        (answering(302, {}, Location="https://example.com"), "HTTP 302"),
    ],
)
async def test_what_resend_will_never_send_is_rejected_without_its_words(
    resend: Resend, api: ResendApi, answer: Handler, reason: str
) -> None:
    api.answers = [answer]

    with pytest.raises(MailRejected) as raised:
        await resend.send(MAIL)

    assert str(raised.value).endswith(reason)
    assert MAIL.to not in str(raised.value)


@pytest.mark.parametrize(
    "answer",
    [
        answering(409, {"name": "concurrent_idempotent_requests"}),
        answering(429, {"name": "rate_limit_exceeded"}),
        answering(500, {"name": "application_error"}),
        answering(502, "<h1>Bad gateway</h1>"),
        answering(503, "[" * 5000),
        drop,
        hang,
    ],
)
async def test_what_passes_is_worth_another_try(
    resend: Resend, api: ResendApi, answer: Handler
) -> None:
    api.answers = [answer]

    with pytest.raises(MailUnavailable):
        await resend.send(MAIL)


async def test_a_server_that_is_not_there_is_worth_another_try(
    resend: Resend, unused_tcp_port: int
) -> None:
    resend.api_url = f"http://127.0.0.1:{unused_tcp_port}"

    with pytest.raises(MailUnavailable):
        await resend.send(MAIL)


@pytest.mark.parametrize(
    ("header", "again_in"),
    [("3", timedelta(seconds=3)), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("²", None)],
)
async def test_retry_after_is_passed_on(
    resend: Resend, api: ResendApi, header: str, again_in: timedelta | None
) -> None:
    api.answers = [answering(429, {}, **{"Retry-After": header})]

    with pytest.raises(MailUnavailable) as raised:
        await resend.send(MAIL)

    assert raised.value.again_in == again_in


async def test_every_try_has_the_same_key_and_no_log_tells_of_the_mail(
    resend: Resend, api: ResendApi
) -> None:
    api.answers = [drop, answering(500, MAIL.to), answering(429, {"name": MAIL.to})]
    postman = Postman(resend, pauses=[0, 0, 0])

    with capture_logs() as lines:
        postman.post(MAIL)
        await api.delivered.wait()
        await postman.close(grace_seconds=5)

    assert api.keys == [str(MAIL.id)] * 4
    assert [line["event"] for line in lines] == ["mail.sent"]
    assert not [word for word in PRIVATE if word in str(lines)]

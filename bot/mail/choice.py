"""Which way e-mails go: by Resend, by SMTP, to a stand-in, or not at all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.headerregistry import Address
from email.utils import getaddresses

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from bot.errors import CannotStart
from bot.mail.ports import Mailer, is_address
from bot.mail.postman import Postman
from bot.mail.resend import Resend
from bot.mail.smtp import Smtp, smtp_server

MAILBOX = web.AppKey("mailbox", Mailer)  # where e-mails go that nobody is configured to deliver

_GRACE_SECONDS = 5.0  # for what is under way when Ava closes


@asynccontextmanager
async def opened(
    *,
    resend_api_key: SecretStr | None,
    smtp_url: SecretStr | None,
    mail_from: str | None,
    otherwise: Mailer | None,
) -> AsyncIterator[Postman | None]:
    """Yield who takes letters; None: nobody does, and no link can be sent.

    Raise CannotStart where SMTP_URL or MAIL_FROM cannot be read.
    """
    async with _mailer(resend_api_key, smtp_url, mail_from, otherwise) as mailer:
        if mailer is None:
            yield None
            return
        postman = Postman(mailer)
        try:
            yield postman
        finally:
            await postman.close(grace_seconds=_GRACE_SECONDS)


@asynccontextmanager
async def _mailer(
    resend_api_key: SecretStr | None,
    smtp_url: SecretStr | None,
    mail_from: str | None,
    otherwise: Mailer | None,
) -> AsyncIterator[Mailer | None]:
    if resend_api_key is not None:
        sender = str(_sender(mail_from))
        async with aiohttp.ClientSession() as session:
            yield Resend(session, api_key=resend_api_key, sender=sender)
    elif smtp_url is not None:
        yield Smtp(smtp_server(smtp_url), sender=_sender(mail_from))
    else:
        yield otherwise


def _sender(mail_from: str | None) -> Address:
    given = getaddresses((mail_from or "").splitlines())
    name, address = given[0] if len(given) == 1 else ("", "")
    if not (is_address(address) and address.isascii()):
        raise CannotStart("set MAIL_FROM to one address, such as Ava <ava@example.com>.")
    user, _, domain = address.partition("@")
    return Address(display_name=name, username=user, domain=domain)

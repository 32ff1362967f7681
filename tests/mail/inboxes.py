"""Resend and an SMTP server of our own, for the real clients to talk to over real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answering(status: int, answer: object = None, **headers: str) -> Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        if isinstance(answer, str):
            return web.Response(text=answer, status=status, content_type="text/html")
        return web.json_response(answer, status=status, headers=headers)

    return handle


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


class ResendApi:
    """Takes e-mails as Resend does, unless it is told to answer otherwise."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.authorized_by: str | None = None
        self.answers: list[Handler] = []  # the next ones, instead of an id
        self.delivered = asyncio.Event()

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.post("/emails", self._emails)])
        return app

    async def _emails(self, request: web.Request) -> web.StreamResponse:
        self.authorized_by = request.headers.get("Authorization")
        self.keys.append(request.headers.get("Idempotency-Key"))
        self.asked.append(await request.json())
        if self.answers:
            return await self.answers.pop(0)(request)
        self.delivered.set()
        return web.json_response({"id": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"})


@dataclass(slots=True)
class PostOffice:
    """An SMTP server that keeps what it is given, unless it is told to answer otherwise."""

    at_rcpt: str = "250 OK"
    at_data: str = "250 OK"
    hangs: bool = False
    port: int = 0
    recipients: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)  # of MAIL FROM
    messages: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    encrypted: bool = False

    def only_message(self) -> EmailMessage:  # no property: aiosmtpd looks at them all
        assert len(self.messages) == 1
        return self.messages[0]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, _session: Session, envelope: Envelope, to: str, _options: list[str]
    ) -> str:
        if self.at_rcpt.startswith("250"):
            envelope.rcpt_tos.append(to)
        return self.at_rcpt

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's names
        if self.hangs:
            await asyncio.Event().wait()
        assert isinstance(envelope.content, bytes)
        self.encrypted = session.ssl is not None
        self.recipients += envelope.rcpt_tos
        self.options += envelope.mail_options
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.at_data

    def check(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _kind: str, given: object
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"pass word", handled=False)


@asynccontextmanager
async def serving(
    office: PostOffice, *, tls: ssl.SSLContext | None = None, utf8: bool = False
) -> AsyncIterator[PostOffice]:
    """Serve *office* on a free port, with STARTTLS where there is a context for it."""
    loop = asyncio.get_running_loop()
    connections: list[SMTP] = []

    def connection() -> SMTP:
        connections.append(
            SMTP(
                office,
                hostname="post.example.com",
                loop=loop,
                tls_context=tls,
                enable_SMTPUTF8=utf8,
                auth_require_tls=False,
                authenticator=office.check,
            )
        )
        return connections[-1]

    server = await loop.create_server(connection, "127.0.0.1", 0)
    office.port = server.sockets[0].getsockname()[1]
    yield office
    server.close()
    for one in connections:
        if one.transport is not None:
            one.transport.close()
    await server.wait_closed()

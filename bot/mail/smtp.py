"""E-mails by SMTP.

Errors carry a reply code or the name of an exception, never a server's words: they quote addresses.
"""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import localtime
from urllib.parse import unquote, urlsplit

import aiosmtplib
from pydantic import SecretStr

from bot.errors import CannotStart, MailRejected, MailUnavailable
from bot.mail.ports import Mail, refuse_injection

_TIMEOUT = 20.0  # seconds, from connecting to the server's last word
_PORTS = {"smtps": 465, "smtp": 587}
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
_PERMANENT = range(500, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Who takes the e-mails, and how safe the way there has to be."""

    host: str
    port: int
    user: str | None
    password: SecretStr | None
    tls: bool  # from the first byte
    start_tls: bool | None  # before anything is told; None: where it is offered


def smtp_server(url: SecretStr) -> SmtpServer:
    """Return what an SMTP_URL means; raise CannotStart where it means nothing.

    A password never travels in the clear, except to a server on this machine.
    """
    try:
        parts = urlsplit(url.get_secret_value())
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise _unreadable() from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    beyond = parts.path.strip("/") or parts.query or parts.fragment
    if not parts.hostname or beyond or bool(user) != bool(password):
        raise _unreadable()
    tls = parts.scheme == "smtps"
    return SmtpServer(
        host=parts.hostname,
        port=port,
        user=user or None,
        password=SecretStr(password) if password else None,
        tls=tls,
        start_tls=False if tls or parts.hostname in _THIS_MACHINE else bool(password) or None,
    )


def _unreadable() -> CannotStart:
    return CannotStart(
        "set SMTP_URL to smtps://user:password@host:465 or smtp://user:password@host:587"
        " (percent-encode what is special in them)."
    )


@dataclass(slots=True, eq=False, repr=False)
class Smtp:
    """A Mailer with a connection for each mail."""

    server: SmtpServer
    _: KW_ONLY
    sender: Address
    timeout: float = _TIMEOUT
    tls_context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    async def send(self, mail: Mail) -> None:
        refuse_injection(mail)
        server = self.server
        with _translated():
            async with asyncio.timeout(self.timeout):
                await aiosmtplib.send(
                    self._message(mail),
                    sender=self.sender.addr_spec,
                    recipients=[mail.to],
                    hostname=server.host,
                    port=server.port,
                    username=server.user,
                    password=server.password.get_secret_value() if server.password else None,
                    use_tls=server.tls,
                    start_tls=server.start_tls,
                    tls_context=self.tls_context,
                    local_hostname=self.sender.domain,  # or a DNS look-up stops the event loop
                    timeout=self.timeout,
                )

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage(policy=policy.SMTP)
        message["From"] = self.sender
        user, _, domain = mail.to.partition("@")
        message["To"] = Address(username=user, domain=domain)
        message["Subject"] = mail.subject
        message["Date"] = localtime()
        message["Message-ID"] = f"<{mail.id}@{self.sender.domain}>"  # a repeat can be recognised
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no "out of office", please
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except aiosmtplib.SMTPRecipientsRefused as exc:  # one recipient, so one answer
        raise _refusal(exc.recipients[0].code) from None
    except aiosmtplib.SMTPResponseException as exc:
        raise _refusal(exc.code) from None
    except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, OSError) as exc:
        raise MailUnavailable(type(exc).__name__) from None
    except aiosmtplib.SMTPException:
        raise MailRejected("the server lacks STARTTLS, AUTH or SMTPUTF8") from None


def _refusal(code: int) -> MailRejected | MailUnavailable:
    kind = MailRejected if code in _PERMANENT else MailUnavailable
    return kind(f"SMTP {code}")

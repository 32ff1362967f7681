"""E-mails by Resend.

https://resend.com/docs/api-reference/emails/send-email
Errors carry a status and the name that Resend gives them, never a message: that quotes addresses.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from http import HTTPStatus

import aiohttp
from pydantic import SecretStr

from bot.errors import MailRejected, MailUnavailable
from bot.mail.ports import Mail, refuse_injection

_API = "https://api.resend.com"
_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)  # seconds
_LONGEST_ANSWER = 10_000  # bytes, of a refusal
_NAME = re.compile(r"[a-z_]{1,60}")
# A conflict: the first try is still under way at Resend.
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(slots=True, eq=False, repr=False)
class Resend:
    """A Mailer that may be asked again for a day: Resend sends a mail of the same id once."""

    session: aiohttp.ClientSession
    _: KW_ONLY
    api_key: SecretStr
    sender: str  # "Ava <ava@example.com>"
    api_url: str = _API
    timeout: aiohttp.ClientTimeout = _TIMEOUT

    async def send(self, mail: Mail) -> None:
        refuse_injection(mail)
        with _translated():
            async with self.session.post(
                f"{self.api_url}/emails",
                json={
                    "from": self.sender,
                    "to": [mail.to],
                    "subject": mail.subject,
                    "text": mail.text,
                    "html": mail.html,
                },
                headers={
                    "Authorization": f"Bearer {self.api_key.get_secret_value()}",
                    "Idempotency-Key": str(mail.id),
                },
                timeout=self.timeout,
                allow_redirects=False,  # or the key would follow
            ) as response:
                if response.status not in range(200, 300):
                    raise await _refusal(response)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError) as exc:
        raise MailUnavailable(type(exc).__name__) from None


async def _refusal(response: aiohttp.ClientResponse) -> MailRejected | MailUnavailable:
    status = response.status
    raw = await response.content.read(_LONGEST_ANSWER)
    reason = f"HTTP {status} {_name(raw)}".rstrip()
    if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return MailUnavailable(reason, again_in=_wait(response.headers.get("Retry-After", "")))
    return MailRejected(reason)


def _name(raw: bytes) -> str:
    """Return what Resend calls the error; gateways answer with anything."""
    try:
        name = str(json.loads(raw)["name"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""
    return name if _NAME.fullmatch(name) else ""


def _wait(header: str) -> timedelta | None:
    is_number = header.isascii() and header.isdigit() and len(header) < 6  # noqa: PLR2004 - a day
    return timedelta(seconds=int(header)) if is_number else None

"""The Graph API: what Ava says to WhatsApp.

https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
Meta has no idempotency key, so the one question about every failure is whether the request may
have left. Errors carry a code or the name of an exception, never a number, an id or a text.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from http import HTTPStatus

import aiohttp
from pydantic import SecretStr

from bot.errors import GraphUnavailable, OutcomeUnknown, SendRefused
from bot.models import Send, Sender, SendKind, Wamid
from bot.whatsapp.errors import cure
from bot.whatsapp.fields import error_code, identifier, items, mapping, reason

_Json = Mapping[str, object]

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)  # seconds
_NOT_A_DIGIT = re.compile(r"[^0-9]")


@dataclass(slots=True, eq=False, repr=False)
class Graph:
    """One business number's way out.

    Every method raises GraphUnavailable and SendRefused where certainly nothing happened, and
    OutcomeUnknown where it may have.
    """

    session: aiohttp.ClientSession
    _: KW_ONLY
    api_url: str
    version: str  # "v25.0"
    phone_number_id: str
    access_token: SecretStr
    timeout: aiohttp.ClientTimeout = _TIMEOUT
    _own_number: str | None = field(default=None, init=False)

    async def send(self, send: Send) -> Wamid:
        """Send at most 4,096 characters, or a template; ``send.id`` comes back in every status."""
        answer = await self._post(
            {
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                **_recipient(send.to),
                "biz_opaque_callback_data": str(send.id),
                **_content(send),
            }
        )
        wamid = identifier(mapping(next(iter(items(answer.get("messages"))), None)).get("id"))
        if wamid is None:
            raise OutcomeUnknown("accepted without an id")
        return Wamid(wamid)

    async def show_typing(self, message: Wamid) -> None:
        """Mark *message*, and all before it, read and show "typing…" for up to 25 seconds.

        A message that is too old is refused (131009); nothing is lost by that.
        """
        await self._post(
            {
                "messaging_product": "whatsapp",
                "status": "read",
                "message_id": message,
                "typing_indicator": {"type": "text"},
            }
        )

    async def display_phone_number(self) -> str:
        """Return the digits people write to, asked once."""
        if self._own_number is None:
            self._own_number = await self._ask_own_number()
        return self._own_number

    async def _ask_own_number(self) -> str:
        try:
            answer = await self._call("GET", "", params={"fields": "display_phone_number"})
        except (OutcomeUnknown, SendRefused) as exc:  # a question has no outcome
            raise GraphUnavailable(str(exc)) from None
        digits = _NOT_A_DIGIT.sub("", str(answer.get("display_phone_number") or ""))
        if not digits:
            raise GraphUnavailable("no display_phone_number")
        return digits

    async def _post(self, body: _Json) -> _Json:
        return await self._call("POST", "/messages", body=body)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: _Json | None = None,
        params: Mapping[str, str] | None = None,
    ) -> _Json:
        with _translated():
            async with self.session.request(
                method,
                f"{self.api_url.rstrip('/')}/{self.version}/{self.phone_number_id}{path}",
                json=body,
                params=params,
                headers={"Authorization": f"Bearer {self.access_token.get_secret_value()}"},
                timeout=self.timeout,
                allow_redirects=False,  # or the token would follow
            ) as response:
                raw = await response.read()
        return _answer(response.status, raw)


def _recipient(to: Sender) -> dict[str, object]:
    """The phone where it is known: that keeps it known to Meta for another 30 days.

    With its plus: without one, Meta may put our own country's code before it.
    """
    return {"to": f"+{to.wa_id}"} if to.wa_id else {"recipient": to.bsuid}


def _content(send: Send) -> dict[str, object]:
    match send.kind:
        case SendKind.TEXT:
            return {"type": "text", "text": {"body": send.text, "preview_url": False}}
        case SendKind.TEMPLATE:
            name, _, language = send.text.partition(":")
            template = {"name": name, "language": {"code": language}}
            return {"type": "template", "template": template}


@contextmanager
def _translated() -> Iterator[None]:
    """Turn aiohttp's errors into ours by their names alone: their texts and values hold the URL."""
    try:
        yield
    except (
        aiohttp.ClientConnectorError,  # refused, DNS, TLS
        aiohttp.ConnectionTimeoutError,
        aiohttp.InvalidURL,
        aiohttp.NonHttpUrlClientError,
    ) as exc:
        raise GraphUnavailable(type(exc).__name__) from None
    except (aiohttp.ClientError, TimeoutError, OSError) as exc:
        raise OutcomeUnknown(type(exc).__name__) from None


def _answer(status: int, raw: bytes) -> _Json:
    """Return Meta's answer to a request that arrived, or raise what its error code means.

    Gateways answer with HTML or nothing; then nobody knows what became of the request.
    """
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        answer = None
    error = mapping(mapping(answer).get("error"))
    code = error_code(error.get("code"))
    if code is not None:
        raise SendRefused(code, cure(code), reason(error))
    if status != HTTPStatus.OK or not isinstance(answer, dict):
        raise OutcomeUnknown(f"HTTP {status}")
    return answer

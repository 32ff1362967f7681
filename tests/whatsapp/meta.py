"""A Graph API of our own, for the real client to talk to over a real socket."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.errors import AvaError
from bot.models import ReplyStatus, Send, Sender, SendId, Wamid
from bot.whatsapp.graph import Graph

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

ADA = Sender(wa_id="31600000001", bsuid="NL.4091772")
BEN = Sender(bsuid="BE.77")
SEND_ID = SendId(UUID("0f8fad5b-d9cb-469f-a165-70867728950e"))
ACCEPTED = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.OUT"}]}
INCOMING = Wamid("wamid.IN")
WORDS = "good evening"
PRIVATE = ("secret-token", "31600000001", "NL.4091772", INCOMING, WORDS, "900100200300")


class Meta:
    """A Graph API that records what it is asked and answers what it is told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        self.authorized_by: str | None = None
        self.answer: Handler = answering(ACCEPTED)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.authorized_by = request.headers.get("Authorization")
        body = await request.text()
        self.asked.append(json.loads(body) if body else dict(request.query))
        self.arrived.set()
        return await self.answer(request)


def answering(answer: object, status: int = 200) -> Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        if isinstance(answer, str):
            return web.Response(text=answer, status=status, content_type="text/html")
        return web.json_response(answer, status=status)

    return handle


def refusing(code: object, status: int = 400) -> Handler:
    return answering({"error": {"message": "(#1) for 31600000001", "code": code}}, status)


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def break_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"messages"')
    return await drop(request)


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(5)
    return web.Response()


def graph_at(url: str, session: aiohttp.ClientSession) -> Graph:
    return Graph(
        session,
        api_url=url,
        version="v25.0",
        phone_number_id="900100200300",
        access_token=SecretStr("secret-token"),
        timeout=aiohttp.ClientTimeout(total=0.5, connect=0.2),
    )


async def send(graph: Graph, to: Sender = ADA) -> Wamid:
    return await graph.send(Send(id=SEND_ID, to=to, text=WORDS, status=ReplyStatus.SENDING))


async def failure(graph: Graph) -> AvaError:
    with pytest.raises(AvaError) as raised:
        await send(graph)
    return raised.value

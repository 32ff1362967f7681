"""A throw-away bot behind a real socket, and the simulator that talks to it."""

import asyncio
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from bot.simulator import Simulator

Json = dict[str, Any]

ADA = "31600000001"
BOB = "15550002222"
NUMBER_ID = "900100200300"
TOKEN = "the-access-token"
SECRET = "the-app-secret"


@dataclass(slots=True)
class FakeBot:
    """Checks the signature, keeps every delivery, answers with the next of *statuses* or 200."""

    bodies: list[bytes] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    crowded: asyncio.Event = field(default_factory=asyncio.Event)  # 32 deliveries at once
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0

    def app(self) -> web.Application:
        self.let_go.set()
        app = web.Application()
        app.add_routes([web.post("/webhook", self._receive), web.get("/webhook", self._verify)])
        return app

    async def _receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        expected = "sha256=" + hmac.digest(SECRET.encode(), body, "sha256").hex()
        if request.headers.get("X-Hub-Signature-256") != expected:
            return web.Response(status=401)
        self.arrived.set()
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        if self.at_once == 32:
            self.crowded.set()
        await self.let_go.wait()
        self.at_once -= 1
        status = self.statuses.pop(0) if self.statuses else 200
        self.bodies.append(body)
        return web.Response(status=status)

    async def _verify(self, request: web.Request) -> web.Response:
        if request.query["hub.verify_token"] != "the-verify-token":
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    @property
    def deliveries(self) -> list[Json]:
        return [json.loads(body) for body in self.bodies]

    def values(self) -> Iterator[Json]:
        """Every change's value of every delivery, in order of arrival."""
        for delivery in self.deliveries:
            for entry in delivery["entry"]:
                for change in entry["changes"]:
                    yield change["value"]

    @property
    def heard(self) -> list[str]:
        """The text messages as they arrived."""
        return [m["text"]["body"] for value in self.values() for m in value.get("messages", [])]

    @property
    def told(self) -> list[str]:
        """The statuses as they arrived."""
        return [item["status"] for value in self.values() for item in value.get("statuses", [])]


@dataclass(frozen=True, slots=True)
class Desk:
    """The simulator, its url, the bot it talks to, and a Graph API client for that bot."""

    simulator: Simulator
    bot: FakeBot
    url: str
    client: aiohttp.ClientSession

    async def graph(self, body: object, *, token: str = TOKEN) -> tuple[int, Json]:
        """POST *body* to ``/messages`` as a bot would; status and answer."""
        async with self.client.post(
            f"{self.url}/v25.0/{NUMBER_ID}/messages",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
        ) as answer:
            return answer.status, await answer.json()

    async def reply(self, text: str, *, to: str = f"+{ADA}", **more: object) -> str:
        """The bot sends *text*; the wamid."""
        status, answer = await self.graph(text_message(text, to=to, **more))
        assert status == 200, answer
        return str(answer["messages"][0]["id"])

    async def get(self, path: str, *, token: str = TOKEN) -> tuple[int, Json]:
        headers = {"Authorization": f"Bearer {token}"}
        async with self.client.get(f"{self.url}{path}", headers=headers) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, body: object) -> tuple[int, Json]:
        async with self.client.post(f"{self.url}{path}", json=body) as answer:
            return answer.status, await answer.json()


def text_message(text: str, *, to: str = f"+{ADA}", **more: object) -> Json:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": {"body": text},
        **more,
    }

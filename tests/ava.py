"""The whole of Ava, to be talked to from outside: a real database, Meta played by the simulator,
and an OpenAI-compatible endpoint that says what a test wants."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from argon2 import PasswordHasher
from pydantic import SecretStr

from bot.accounts.hashing import Hashing
from bot.app import create_app
from bot.chat.burst import Pace
from bot.limits import LIMITS, Limits
from bot.mail.choice import MAILBOX
from bot.mail.mailbox import Mailbox
from bot.settings import Environment, Settings
from bot.simulator import Simulator, SimulatorConfig
from tests.contract import holding
from tests.homes import Home
from tests.ports import free_port

ADA, BEN = "31600000001", "31600000002"  # WhatsApp ids
AT_ONCE = Pace(
    finished=timedelta(0),
    fragment=timedelta(0),
    unfinished=timedelta(0),
    outcome=timedelta(seconds=1),
)
# Everybody in the tests comes from one address, and all of them today.
GENEROUS: Limits = {
    act: {by: replace(limit, times=1000 * limit.times) for by, limit in limits.items()}
    for act, limits in LIMITS.items()
}

_NUMBER_ID = "900100200300"
_PATIENCE = 20.0  # seconds; only a failing test waits that long


def quick_hashing() -> Hashing:
    """The real thing at the least effort; tests sign up hundreds of people."""
    return Hashing(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass(slots=True)
class Model:
    """An OpenAI-compatible endpoint. It answers "You said: …" unless told otherwise."""

    answers: list[str] = field(default_factory=list)  # the next ones, instead of the echo
    down: bool = False
    asked: list[list[dict[str, str]]] = field(default_factory=list)  # the messages of each call
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    called: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        self.let_go.set()
        app = web.Application()
        app.add_routes([web.post("/v1/chat/completions", self._complete)])
        return app

    async def _complete(self, request: web.Request) -> web.Response:
        messages = (await request.json())["messages"]
        self.asked.append(messages)
        self.called.set()
        await self.let_go.wait()
        if self.down:
            # Not worth repeating for the SDK: the repeats are Ava's.
            return web.json_response({"error": {"message": "overloaded"}}, status=400)
        said = self.answers.pop(0) if self.answers else f"You said: {messages[-1]['content']}"
        choice = {"index": 0, "finish_reason": "stop"}
        choice["message"] = {"role": "assistant", "content": said}
        return web.json_response(
            {
                "id": "c",
                "object": "chat.completion",
                "created": 1,
                "model": "m",
                "choices": [choice],
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account, and their way to the JSON endpoints."""

    id: str
    email: str
    token: str
    _client: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **how: Any) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} | how.pop("headers", {})
        async with self._client.request(method, path, headers=headers, **how) as answer:
            is_json = "json" in answer.content_type
            return answer.status, await answer.json(content_type=None) if is_json else None

    async def make_avatar(self, **changes: Any) -> None:
        avatar = {"name": "Mia", "age": 27, "personality": "playful"} | changes
        status, answer = await self.ask("POST", "/avatars", json=avatar)
        assert status == 201, answer

    async def messages(self) -> list[dict[str, Any]]:
        """The history, oldest first."""
        status, answer = await self.ask("GET", "/messages")
        assert status == 200, answer
        return list(reversed(answer["messages"]))


@dataclass(slots=True)
class Ava:
    """One Ava, which may be stopped and started again in the same home."""

    home: Home
    settings: Settings
    simulator: Simulator
    model: Model
    client: aiohttp.ClientSession
    pace: Pace = AT_ONCE
    limits: Limits = field(default_factory=lambda: GENEROUS)
    mailbox: Mailbox = field(default_factory=lambda: Mailbox(capacity=1000))
    server: TestServer | None = None

    async def start(self) -> None:
        app = create_app(self.settings, pace=self.pace, limits=self.limits, hashing=quick_hashing)
        app[MAILBOX] = self.mailbox
        self.server = TestServer(app, port=self.settings.port)
        await self.server.start_server()

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.close()
            self.server = None

    def environment(self) -> dict[str, str]:
        """The same settings for a process of its own, which has a desk of its own too."""
        values = {name: value for name, value in self.settings if value is not None}
        values["simulator_port"] = free_port()
        return {
            name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in values.items()
        }

    async def sign_up(self, email: str = "ada@example.com") -> Person:
        credentials = {"email": email, "password": "correct horse battery"}
        async with self.client.post("/auth/signup", json=credentials) as answer:
            body = await answer.json()
            assert answer.status == 201, body
        return Person(
            id=body["user_id"], email=email, token=body["access_token"], _client=self.client
        )

    async def link(self, person: Person, wa_id: str) -> None:
        """Prove the number as a person does: by sending the code from it."""
        before = len(self.simulator.replies(wa_id))
        status, answer = await person.ask(
            "PUT", "/preferences/whatsapp", json={"phone": f"+{wa_id}"}
        )
        assert status == 202, answer
        await self.simulator.say(wa_id, answer["code"])
        await self.simulator.until_replies(wa_id, before + 1, _PATIENCE)

    async def acquainted(self, email: str = "ada@example.com", wa_id: str = ADA) -> Person:
        """Somebody with an avatar and a linked number; the confirmation is their first reply."""
        person = await self.sign_up(email)
        await person.make_avatar()
        await self.link(person, wa_id)
        return person

    async def heard(self, wa_id: str, count: int) -> list[str]:
        """The texts of at least *count* replies to this number."""
        return [reply.text for reply in await self.simulator.until_replies(wa_id, count, _PATIENCE)]


def at(second: int) -> str:
    """A timestamp as Meta gives it: messages are in this order, and within 24 hours."""
    return str(int(time.time()) + second)


async def eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    """Return once *happened*; for what the database knows and gives no event for."""
    async with asyncio.timeout(_PATIENCE):
        while not await happened():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)


@asynccontextmanager
async def ava_in(
    home: Home, *, pace: Pace = AT_ONCE, limits: Limits = GENEROUS, run_worker: bool = True
) -> AsyncIterator[Ava]:
    """Start everything; yield Ava; close everything."""
    model = Model()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(home.running())
        thinking = TestServer(model.app())
        await stack.enter_async_context(thinking)
        ports = free_port(), free_port()
        settings = _settings(home, ports, str(thinking.make_url("/v1")), run_worker=run_worker)
        simulator = Simulator(_simulated(settings))
        meta = TestServer(simulator.app, port=settings.simulator_port)
        await stack.enter_async_context(meta)
        client = aiohttp.ClientSession(
            f"http://127.0.0.1:{settings.port}", trace_configs=[holding(create_app(settings, ()))]
        )
        await stack.enter_async_context(client)
        ava = Ava(
            home=home,
            settings=settings,
            simulator=simulator,
            model=model,
            client=client,
            pace=pace,
            limits=limits,
        )
        stack.push_async_callback(ava.stop)
        await ava.start()
        yield ava


def _settings(home: Home, ports: tuple[int, int], model_url: str, *, run_worker: bool) -> Settings:
    port, simulator_port = ports
    return Settings(
        _env_file=None,
        app_env=Environment.DEVELOPMENT,
        port=port,
        simulator_port=simulator_port,
        public_url="https://ava.example.com",
        whatsapp_access_token=SecretStr("the-access-token"),
        whatsapp_phone_number_id=_NUMBER_ID,
        whatsapp_verify_token=SecretStr("the-verify-token"),
        whatsapp_app_secret=SecretStr("the-app-secret"),
        whatsapp_api_url=f"http://127.0.0.1:{simulator_port}",
        llm_base_url=model_url,
        llm_model="m",
        run_worker=run_worker,
        **home.settings,
    )


def _simulated(settings: Settings) -> SimulatorConfig:
    return SimulatorConfig(
        webhook_url=f"http://127.0.0.1:{settings.port}/webhook",
        api_url=f"http://127.0.0.1:{settings.port}",
        phone_number_id=_NUMBER_ID,
        access_token="the-access-token",
        app_secret="the-app-secret",
        verify_token="the-verify-token",
        retry_seconds=(0.05, 0.1, 0.2),
    )

"""A deployment that is well: every service it needs, at the socket, each to be spoilt by a test."""

import asyncio
import os
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.doctor import report
from bot.doctor.examination import examine
from bot.doctor.findings import Level, Subject
from bot.settings import Settings, look_at_settings
from bot.simulator import Simulator
from bot.store import migrate

PUBLISHABLE, SECRET = "sb_publishable_kJ9vQ2mX7rT4wZ1b", "sb_secret_N6cH3fL8pS5dG0aY"
NUMBER = {
    "WHATSAPP_ACCESS_TOKEN": "the-access-token",
    "WHATSAPP_PHONE_NUMBER_ID": "900100200300",
    "WHATSAPP_VERIFY_TOKEN": "the-verify-token",
    "WHATSAPP_APP_SECRET": "the-app-secret",
}
_MAY_BE_SAID = {
    "APP_ENV",
    "PORT",
    "TRUSTED_PROXIES",
    "LLM_MODEL",
    "WHATSAPP_API_URL",
    "WHATSAPP_API_VERSION",
}


@dataclass(slots=True)
class FakeSupabase:
    """The few questions that are asked of a project."""

    applied: list[str] = field(default_factory=migrate.names)
    policy: dict[str, Any] = field(
        default_factory=lambda: {
            "external": {"email": True},
            "disable_signup": False,
            "mailer_autoconfirm": True,
        }
    )
    keys: list[dict[str, Any]] = field(default_factory=lambda: [{"kty": "EC", "kid": "k"}])
    rows: dict[str, list[Any]] = field(default_factory=dict)  # that everybody may read
    denies: bool = False  # rather than to show nothing
    knows_applied: bool = True
    alarms: list[dict[str, Any]] = field(default_factory=list)  # that stand
    history: list[dict[str, str]] | None = field(default_factory=list)  # when that was, for SECRET
    status: int | None = None  # to every question

    def app(self) -> web.Application:
        @web.middleware
        async def gateway(request: web.Request, handler: Handler) -> web.StreamResponse:
            return self._refused(request) or await handler(request)

        app = web.Application(middlewares=[gateway])
        app.add_routes(
            [
                web.get("/auth/v1/settings", self._settings),
                web.get("/auth/v1/.well-known/jwks.json", self._jwks),
                web.get("/auth/v1/admin/users/{id}", self._user),
                web.get("/rest/v1/{table}", self._table),
                web.post("/rest/v1/rpc/applied_migrations", self._applied),
                web.post("/rest/v1/rpc/standing_alarms", self._standing),
            ]
        )
        return app

    def _refused(self, request: web.Request) -> web.Response | None:
        if self.status is not None:
            return web.Response(text="<h1>Paused</h1>", status=self.status)
        key = request.headers.get("apikey")
        if key not in (PUBLISHABLE, SECRET) and not request.path.endswith("jwks.json"):
            return web.json_response({"message": "Invalid API key"}, status=401)
        if "Authorization" in request.headers:
            return web.json_response({"code": "PGRST301"}, status=401)  # a new key is no token
        return None

    async def _settings(self, _: web.Request) -> web.Response:
        return web.json_response(self.policy)

    async def _jwks(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": self.keys})

    async def _user(self, request: web.Request) -> web.Response:
        if request.headers["apikey"] != SECRET:
            return web.json_response({"error_code": "not_admin"}, status=403)
        return web.json_response({"error_code": "user_not_found"}, status=404)

    async def _table(self, request: web.Request) -> web.Response:
        if request.match_info["table"] == "schema_migrations":
            return self._history(request)
        rows = self.rows.get(request.match_info["table"], [])
        if self.denies:
            return web.json_response({"code": "42501"}, status=401)
        return web.json_response(rows)

    def _history(self, request: web.Request) -> web.Response:
        if self.history is None:
            return web.json_response({"code": "PGRST205"}, status=404)
        if request.headers["apikey"] != SECRET:
            return web.json_response({"code": "42501"}, status=401)
        return web.json_response(self.history)

    async def _applied(self, request: web.Request) -> web.Response:
        if not self.knows_applied:
            return web.json_response({"code": "PGRST202"}, status=404)
        if request.headers["apikey"] != SECRET:
            return web.json_response({"code": "42501"}, status=401)
        return web.json_response(self.applied)

    async def _standing(self, request: web.Request) -> web.Response:
        if request.headers["apikey"] != SECRET:
            return web.json_response({"code": "42501"}, status=401)
        return web.json_response(self.alarms)


@dataclass(slots=True)
class FakeAva:
    """The running server as Meta meets it."""

    verify_token: str = NUMBER["WHATSAPP_VERIFY_TOKEN"]
    refuses_strangers: bool = True
    unsigned: int = 401
    ready: tuple[int, dict[str, Any]] = (200, {"status": "ok"})
    redirects: bool = False
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        self.let_go.set()
        app = web.Application()
        app.add_routes(
            [
                web.get("/ready", self._ready),
                web.get("/webhook", self._verify),
                web.post("/webhook", self._receive),
            ]
        )
        return app

    async def _ready(self, _: web.Request) -> web.Response:
        await self.let_go.wait()
        status, body = self.ready
        return web.json_response(body, status=status)

    async def _verify(self, request: web.Request) -> web.Response:
        if self.redirects:
            raise web.HTTPMovedPermanently("https://elsewhere.example/webhook")
        if request.query["hub.verify_token"] != self.verify_token and self.refuses_strangers:
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    async def _receive(self, _: web.Request) -> web.Response:
        return web.Response(status=self.unsigned)


@dataclass(slots=True)
class FakeModel:
    """An endpoint that says hello."""

    status: int = 200
    said: str = "Hello!"

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes([web.post("/v1/chat/completions", self._complete)])
        return app

    async def _complete(self, _: web.Request) -> web.Response:
        if self.status != 200:
            error = {"error": {"message": "no"}}
            return web.json_response(error, status=self.status, headers={"x-should-retry": "false"})
        message = {"role": "assistant", "content": self.said}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return web.json_response({"choices": [choice]})


@dataclass(slots=True)
class Deployment:
    """Everything, and the variables that lead there."""

    monkeypatch: pytest.MonkeyPatch
    supabase: FakeSupabase
    ava: FakeAva
    model: FakeModel
    simulator: Simulator
    variables: dict[str, str]
    patience: float = 10.0  # seconds

    def forget(self, *names: str) -> None:
        for name in names:
            del self.variables[name]

    def set_variables(self, **changes: str) -> dict[str, str]:
        variables = self.variables | changes
        for name in (*Settings.model_fields, "dyno"):
            self.monkeypatch.delenv(name.upper(), raising=False)
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)
        return variables

    async def examined(self, **changes: str) -> list[Subject]:
        """What the doctor finds with these variables changed; it never tells one of them."""
        variables = self.set_variables(**changes)
        subjects = list(await examine(look_at_settings(), os.environ, patience=self.patience))
        said = report.text(subjects, encoding="utf-8")
        for name in variables.keys() - _MAY_BE_SAID:
            assert variables[name] not in said, name
        assert self.simulator.config.display_phone_number not in said
        return subjects

    async def complaints(self, **changes: str) -> list[str]:
        """What is not well: "WhatsApp failed: …"."""
        return complaints(await self.examined(**changes))


def complaints(subjects: list[Subject]) -> list[str]:
    return [
        f"{subject.title} {finding.level.value}: {finding.text}"
        for subject in subjects
        for finding in subject.findings
        if finding.level is not Level.OK
    ]

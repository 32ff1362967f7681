"""Slack and Sentry as they are met at the socket."""

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler


@dataclass(slots=True)
class Receiver:
    """Both of them. heard: what each was told, even where the answer is bad."""

    statuses: dict[str, int] = field(default_factory=dict)  # of "slack" and "sentry"; 0: hangs up
    heard: list[str] = field(default_factory=list)  # by Slack
    events: list[dict[str, Any]] = field(default_factory=list)  # by Sentry
    envelopes: list[bytes] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/services/T/B/secret", self._answering("slack", self._slack)),
                web.post("/api/1/envelope/", self._answering("sentry", self._sentry)),
            ]
        )
        return app

    def _answering(self, name: str, handler: Handler) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            await handler(request)
            status = self.statuses.get(name, 200)
            if status == 0:
                assert request.transport
                request.transport.abort()
            return web.Response(status=status, headers={"Location": "/elsewhere"})

        return answer

    async def _slack(self, request: web.Request) -> web.Response:
        self.heard.append((await request.json())["text"])
        return web.Response()

    async def _sentry(self, request: web.Request) -> web.Response:
        envelope = await request.read()
        self.envelopes.append(envelope)
        self.events.append(json.loads(envelope.splitlines()[2]))
        return web.Response()

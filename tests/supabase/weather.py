"""What a test lets go wrong between Ava and Supabase, and what it saw pass by."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler


@dataclass(slots=True, kw_only=True)
class Fault:
    """Trouble for the next *times* requests whose path starts with *path*.

    With a *status* the request is answered and not carried out, by *body* as JSON or, for a str, as
    the page that a proxy shows. With *drop* the connection breaks: before anything was done, or,
    *late*, when everything was. With only a *delay* all goes well in the end.
    """

    path: str
    status: int | None = None
    body: Any = None
    delay: float | asyncio.Event = 0.0  # seconds, or until it is set
    times: float = 1  # math.inf: until it is taken out of the list
    drop: bool = False
    late: bool = False
    reached: asyncio.Event = field(default_factory=asyncio.Event)  # set by the first request

    def hits(self, request: web.Request) -> bool:
        return self.times > 0 and request.path.startswith(self.path)

    async def wait(self) -> None:
        if isinstance(self.delay, asyncio.Event):
            await self.delay.wait()
        elif self.delay:
            await asyncio.sleep(self.delay)

    def answer(self) -> web.Response | None:
        if self.status is None:
            return None
        if isinstance(self.body, str):
            return web.Response(status=self.status, text=self.body, content_type="text/html")
        return web.json_response(self.body or {}, status=self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as it came in."""

    method: str
    path: str
    authorization: str | None
    apikey: str | None
    forwarded_for: str | None  # Sb-Forwarded-For, by which Supabase Auth limits


@dataclass(frozen=True, slots=True)
class Weather:
    """The outermost middleware."""

    faults: list[Fault] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    @web.middleware
    async def pass_through(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.seen.append(_seen(request))
        fault = next((fault for fault in self.faults if fault.hits(request)), None)
        if fault is None:
            return await handler(request)
        fault.times -= 1
        fault.reached.set()
        await fault.wait()
        if fault.drop:
            if fault.late:
                await handler(request)
            return _hang_up(request)
        return fault.answer() or await handler(request)


def _seen(request: web.Request) -> Seen:
    headers = request.headers
    return Seen(
        method=request.method,
        path=request.path,
        authorization=headers.get("Authorization"),
        apikey=headers.get("apikey"),
        forwarded_for=headers.get("Sb-Forwarded-For"),
    )


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # goes nowhere

"""A model that names the messages it is asked to answer, and sees who is answered twice at once."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from aiohttp import web

MESSAGE, _PERSON = re.compile(r"\bm\d{5}\b"), re.compile(r"\bp\d{4}\b")
_THINKS = (0.05, 1.0)  # seconds
_HANDED_OVER = 0.1  # seconds; the end of a dropped call may be seen after the start of the next
_FAULTS = ("500", "429", "connection dropped", "not JSON", "no answer in it")


@dataclass(slots=True, eq=False)
class Call:
    """One request. broken: the client went away before it had an answer."""

    process: str
    person: str
    messages: list[str]
    began: float
    ended: float | None = None
    broken: bool = False


@dataclass(slots=True)
class Echo:
    """Speaks chat completions at ``/<process>/v1``. failing: the share that ends badly."""

    chance: random.Random
    failing: float
    thinks: tuple[float, float] = _THINKS
    calls: int = 0
    faults: "Counter[str]" = field(default_factory=Counter)
    _live: set[Call] = field(default_factory=set)
    _pairs: list[tuple[Call, Call]] = field(default_factory=list)

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator["Echo"]:
        """Serve on *port* until the end of the block."""
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/{process}/v1/chat/completions", self._complete)
        # Cancelled with the connection: a call ends when the process that made it is killed.
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        try:
            yield self
        finally:
            await runner.cleanup()

    @property
    def running(self) -> int:
        """How many are being answered."""
        return len(self._live)

    def overlaps(self) -> list[str]:
        """Return where one person was answered twice at the same time."""
        return [
            f"{later.person}: {earlier.process} {earlier.messages}"
            f" and {later.process} {later.messages}"
            for earlier, later in self._pairs
            if not _was_handed_over(earlier, later)
        ]

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        call = _call(request.match_info["process"], await request.json())
        self.calls += 1
        self._pairs += [(other, call) for other in self._live if other.person == call.person]
        self._live.add(call)
        try:
            await asyncio.sleep(self.chance.uniform(*self.thinks))
            return self._answer(request, call)
        except asyncio.CancelledError:
            call.broken = True
            raise
        finally:
            call.ended = time.monotonic()
            self._live.discard(call)

    def _answer(self, request: web.Request, call: Call) -> web.StreamResponse:
        if self.chance.random() < self.failing:
            fault = self.chance.choice(_FAULTS)
            self.faults[fault] += 1
            return _failure(request, fault)
        text = f"I read {' '.join(call.messages)} and thought of you, {call.person}."
        return web.json_response(_completion(text))


def _was_handed_over(earlier: Call, later: Call) -> bool:
    ended = earlier.ended or time.monotonic()
    return earlier.broken and ended - later.began < _HANDED_OVER


def _call(process: str, body: dict[str, Any]) -> Call:
    """Return what is asked: everything the person said after the last answer."""
    backwards = body["messages"][::-1]
    said = [line["content"] for line in takewhile(_is_said, backwards)][::-1]
    asked = "\n".join(said)
    person = _PERSON.search(asked)
    return Call(process, person[0] if person else "?", MESSAGE.findall(asked), time.monotonic())


def _is_said(line: dict[str, Any]) -> bool:
    return bool(line["role"] == "user")


def _completion(text: str | None) -> dict[str, Any]:
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
    }
    usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    return {"id": "echo", "object": "chat.completion", "choices": [choice], "usage": usage}


def _failure(request: web.Request, fault: str) -> web.StreamResponse:
    match fault:
        case "500" | "429":
            return web.json_response({"error": {"message": "not now"}}, status=int(fault))
        case "not JSON":
            return web.Response(text="<html>", content_type="text/html")
        case "no answer in it":
            return web.json_response(_completion(None))
        case _:
            if request.transport:
                request.transport.abort()
            return web.Response()

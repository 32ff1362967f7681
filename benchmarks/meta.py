"""A Graph API that fails in every way it knows, and reports on what it took."""

import asyncio
import heapq
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from aiohttp import web

from benchmarks import deliveries
from benchmarks.postbox import Postbox

_REFUSALS = {131000: 500, 131016: 503, 130429: 400}  # code and HTTP status
_SELDOM = 130429  # a tenth of the others: each halves the rate of the whole number
_NAMELESS = 0.15  # of the sends are reported without biz_opaque_callback_data
_OVERTAKEN = 0.2  # of the answers come after the first report
_REPEATED = 0.1  # of the reports come twice
_LATEST_REPORT = 4.0  # seconds
_MOST_REPORTS = 50  # in a delivery
_COLLECT = 0.1  # seconds


class Fault(StrEnum):
    """How a request can end without an answer."""

    DROPPED_BEFORE = "connection dropped before it was taken"
    DROPPED_AFTER = "connection dropped after it was taken"
    GATEWAY_BEFORE = "HTML 502 before it was taken"
    GATEWAY_AFTER = "HTML 502 after it was taken"


_BEFORE = (Fault.DROPPED_BEFORE, Fault.GATEWAY_BEFORE)
_DROPPED = (Fault.DROPPED_BEFORE, Fault.DROPPED_AFTER)


_KINDS: list[int | Fault] = [*_REFUSALS, *Fault]
_FAULTS = _KINDS, [0.1 if kind == _SELDOM else 1.0 for kind in _KINDS]


@dataclass(slots=True, kw_only=True)
class Accepted:
    """A message that was taken. by: the process that sent it; told_at: when a report with its id
    was acknowledged. Times are ``time.monotonic``."""

    at: float
    by: str
    send_id: str
    to: str
    text: str
    wamid: str
    fault: Fault | None
    named: bool
    told_at: float | None = None
    reported: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Meta:
    """Takes messages at ``/<process>/<version>/<number>/messages``.

    failing: the share of requests that end badly.
    """

    postbox: Postbox
    chance: random.Random
    failing: float
    accepted: list[Accepted] = field(default_factory=list)
    faults: "Counter[str]" = field(default_factory=Counter)
    _due: list[tuple[float, int, Accepted, str]] = field(default_factory=list)
    _order: "itertools.count[int]" = field(default_factory=itertools.count)
    _reporting: set["asyncio.Task[None]"] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator["Meta"]:
        """Serve on *port*, and report, until the end of the block."""
        app = web.Application()
        app.router.add_post("/{process}/{version}/{number}/messages", self._receive)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        collecting = asyncio.create_task(self._collect())
        try:
            yield self
        finally:
            for task in (collecting, *self._reporting):
                task.cancel()
            await asyncio.gather(collecting, *self._reporting, return_exceptions=True)
            await runner.cleanup()

    @property
    def has_reported(self) -> bool:
        """Whether every report there is was acknowledged."""
        return not self._due and not self._reporting

    # --- taking ------------------------------------------------------------------------------

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        fault = self._fault()
        if isinstance(fault, int):
            return _refusal(fault)
        if fault in _BEFORE:
            return _no_answer(request, fault)
        if "status" in body:
            return _no_answer(request, fault) if fault else web.json_response({"success": True})
        accepted = self._accept(body, request.match_info["process"], fault)
        if fault:
            return _no_answer(request, fault)
        if self.chance.random() < _OVERTAKEN:
            self._report(accepted, "sent", 0)
            await asyncio.sleep(self.chance.uniform(0.1, 0.5))
        return web.json_response(
            {"messaging_product": "whatsapp", "messages": [{"id": accepted.wamid}]}
        )

    def _fault(self) -> int | Fault | None:
        if self.chance.random() >= self.failing:
            return None
        [fault] = self.chance.choices(*_FAULTS)
        self.faults[str(fault)] += 1
        return fault

    def _accept(self, body: dict[str, Any], process: str, fault: Fault | None) -> Accepted:
        accepted = Accepted(
            at=time.monotonic(),
            by=process,
            send_id=body["biz_opaque_callback_data"],
            to=body["to"].removeprefix("+"),
            text=body["text"]["body"],
            wamid=f"wamid.reply{len(self.accepted):06d}",
            fault=fault,
            named=self.chance.random() >= _NAMELESS,
        )
        self.accepted.append(accepted)
        for status in ("sent", "delivered", "read"):
            for _ in range(1 + (self.chance.random() < _REPEATED)):
                self._report(accepted, status, self.chance.uniform(0, _LATEST_REPORT))
        return accepted

    # --- reporting ---------------------------------------------------------------------------

    def _report(self, accepted: Accepted, status: str, after: float) -> None:
        due = (time.monotonic() + after, next(self._order), accepted, status)
        heapq.heappush(self._due, due)

    async def _collect(self) -> None:
        while True:
            await asyncio.sleep(_COLLECT)
            most = self.chance.randint(1, _MOST_REPORTS)
            together: list[tuple[Accepted, str]] = []
            while self._due and len(together) < most and self._due[0][0] <= time.monotonic():
                _, _, accepted, status = heapq.heappop(self._due)
                together.append((accepted, status))
            if together:
                self.chance.shuffle(together)
                task = asyncio.create_task(self._tell(together))
                self._reporting.add(task)
                task.add_done_callback(self._reporting.discard)

    async def _tell(self, reports: Sequence[tuple[Accepted, str]]) -> None:
        told = [_status(accepted, status) for accepted, status in reports]
        await self.postbox.deliver(deliveries.of_statuses(told))
        now = time.monotonic()
        for accepted, status in reports:
            accepted.reported.add(status)
            if accepted.named and accepted.told_at is None:
                accepted.told_at = now


def _status(accepted: Accepted, status: str) -> dict[str, Any]:
    report = deliveries.status(accepted.wamid, accepted.send_id, 0)
    report |= {"status": status, "recipient_id": accepted.to, "timestamp": str(int(time.time()))}
    if not accepted.named:
        del report["biz_opaque_callback_data"]
    return report


def _refusal(code: int) -> web.Response:
    error = {"message": f"(#{code}) Not now", "type": "OAuthException", "code": code}
    return web.json_response({"error": error}, status=_REFUSALS[code])


def _no_answer(request: web.Request, fault: Fault) -> web.Response:
    if fault in _DROPPED and request.transport:
        request.transport.abort()
    return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")

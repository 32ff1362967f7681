"""A load generator cheap enough to leave the machine to what it measures."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_TICK = 0.001  # seconds between two looks at what is due


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What came of sending requests one after the other on each of some connections."""

    seconds: float
    waits: Sequence[float]  # seconds from a request to its answer, in rising order
    own_share: float  # of the time, how much this process was busy; near 1 it is the bottleneck

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.waits) / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """What came of sending requests when they were due; seconds after the first one."""

    answered: Sequence[tuple[float, float]]  # when it was due, and when its answer was there
    own_share: float

    def waits(self, since: float, until: float) -> list[float]:
        """Return the waits of what was due then, each from when it was due."""
        return [answer - due for due, answer in self.answered if since <= due < until]

    def backlog(self, moment: float) -> int:
        """Return how many were due by *moment* and not answered."""
        return sum(due <= moment < answer for due, answer in self.answered)


async def send(requests: Sequence[bytes], *, port: int, connections: int = 32) -> Load:
    """Send all *requests*, keep-alive and not pipelined; raise at any answer but 200."""
    lane = _Lane(iter(requests))
    wires = await _open(lane.answered, port, connections)
    began, busy = time.perf_counter(), time.process_time()
    for wire in wires:
        lane.go_on(wire)
    await asyncio.gather(*(wire.done for wire in wires))
    seconds = time.perf_counter() - began
    busy = time.process_time() - busy
    return Load(seconds=seconds, waits=sorted(lane.waits), own_share=busy / seconds)


async def send_on_time(
    requests: Sequence[tuple[float, bytes]], *, port: int, connections: int = 256
) -> Timetable:
    """Send each request when it is due, in seconds from now, however slow the answers are.

    What finds no free connection is sent as soon as there is one; its wait has begun all the same.
    """
    queue = _Queue()
    wires = await _open(queue.answered, port, connections)
    queue.idle.extend(wires)
    queue.began, busy = time.perf_counter(), time.process_time()
    for due, request in requests:
        while (ahead := due - queue.now()) > 0:
            await _unless_broken(wires, min(ahead, _TICK))
        queue.add(due, request)
    while len(queue.times) < len(requests):
        await _unless_broken(wires, _TICK)
    busy = (time.process_time() - busy) / queue.now()
    for wire in wires:
        wire.close()
    return Timetable(answered=queue.times, own_share=busy)


async def _open(
    answered: "Callable[[_Wire], None]", port: int, connections: int
) -> "Sequence[_Wire]":
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(lambda: _Wire(answered), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]


async def _unless_broken(wires: "Sequence[_Wire]", seconds: float) -> None:
    await asyncio.sleep(seconds)
    for wire in wires:
        if wire.done.done():
            wire.done.result()


class _Lane:
    """The next request as soon as the last one is answered."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self.waits: list[float] = []

    def answered(self, wire: "_Wire") -> None:
        self.waits.append(time.perf_counter() - wire.asked_at)
        self.go_on(wire)

    def go_on(self, wire: "_Wire") -> None:
        request = next(self._requests, None)
        if request is None:
            wire.close()
        else:
            wire.ask(request)


class _Queue:
    """Requests that are due, and connections that are free; never both."""

    def __init__(self) -> None:
        self.began = 0.0
        self.times: list[tuple[float, float]] = []
        self.idle: list[_Wire] = []
        self._due: deque[tuple[float, bytes]] = deque()
        self._asked: dict[_Wire, float] = {}  # when what it asks was due

    def now(self) -> float:
        return time.perf_counter() - self.began

    def add(self, due: float, request: bytes) -> None:
        self._due.append((due, request))
        if self.idle:
            self._ask(self.idle.pop())

    def answered(self, wire: "_Wire") -> None:
        self.times.append((self._asked.pop(wire), self.now()))
        if self._due:
            self._ask(wire)
        else:
            self.idle.append(wire)

    def _ask(self, wire: "_Wire") -> None:
        self._asked[wire], request = self._due.popleft()
        wire.ask(request)


class _Wire(asyncio.Protocol):
    """One connection; *answered* is called for each 200."""

    def __init__(self, answered: "Callable[[_Wire], None]") -> None:
        self._answered = answered
        self._answer = b""
        self.asked_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is not a subclass

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def ask(self, request: bytes) -> None:
        self.asked_at = time.perf_counter()
        self._transport.write(request)

    def close(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not _is_whole(self._answer):
            return
        answer, self._answer = self._answer, b""
        if answer.startswith(b"HTTP/1.1 200"):
            self._answered(self)
        else:
            self.done.set_exception(ConnectionError(answer.partition(b"\r\n")[0].decode()))
            self._transport.close()


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(_HEAD_END)
    if not found:
        return False
    _, found, length = head.lower().partition(_LENGTH)
    return not found or len(body) >= int(length.partition(b"\r\n")[0])

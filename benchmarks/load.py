"""A load generator cheap enough to leave the machine to what it measures."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


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


async def send(requests: Sequence[bytes], *, port: int, connections: int = 32) -> Load:
    """Send all *requests*, keep-alive and not pipelined; raise at any answer but 200."""
    loop = asyncio.get_running_loop()
    lane = _Lane(iter(requests))
    lanes = [
        (await loop.create_connection(lambda: _Connection(lane), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    began, busy = time.perf_counter(), time.process_time()
    for connection in lanes:
        connection.next()
    await asyncio.gather(*(connection.done for connection in lanes))
    seconds = time.perf_counter() - began
    busy = time.process_time() - busy
    return Load(seconds=seconds, waits=sorted(lane.waits), own_share=busy / seconds)


class _Lane:
    def __init__(self, requests: Iterator[bytes]) -> None:
        self.requests = requests
        self.waits: list[float] = []


class _Connection(asyncio.Protocol):
    def __init__(self, lane: _Lane) -> None:
        self._lane = lane
        self._sent_at = 0.0
        self._answer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is not a subclass

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def next(self) -> None:
        request = next(self._lane.requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not _is_whole(self._answer):
            return
        self._lane.waits.append(time.perf_counter() - self._sent_at)
        answer, self._answer = self._answer, b""
        if answer.startswith(b"HTTP/1.1 200"):
            self.next()
        else:
            self.done.set_exception(ConnectionError(answer.partition(b"\r\n")[0].decode()))
            self._transport.close()


def _is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(_HEAD_END)
    if not found:
        return False
    _, found, length = head.lower().partition(_LENGTH)
    return not found or len(body) >= int(length.partition(b"\r\n")[0])

"""Tells the open pages and the waiting tests that something happened."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened; who listens looks at the network for what it is now."""

    kind: Literal["chat", "people", "controls", "delivery", "closing"]
    chat: str | None = None


class Changes:
    """A board to which anybody may listen; nobody listening costs nothing."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Change]] = set()

    def publish(self, change: Change) -> None:
        for listener in self._listeners:
            listener.put_nowait(change)

    @contextmanager
    def listen(self) -> Iterator[asyncio.Queue[Change]]:
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    async def until(self, happened: Callable[[], bool], *, within_seconds: float) -> None:
        """Return as soon as *happened* is true; raise TimeoutError when it takes too long."""
        with self.listen() as queue:
            async with asyncio.timeout(within_seconds):
                while not happened():
                    await queue.get()

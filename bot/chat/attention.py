"""Who waits for something, and the worker that attends to them, one at a time each."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from bot.errors import AvaError, Unavailable
from bot.models import Lease
from bot.store.ports import Attention

log = structlog.get_logger()

_LEASE = timedelta(seconds=12)
_BEAT = 3.0  # seconds; a lease outlives three missed beats
_POLL = 2.0  # seconds, should a NOTIFY get lost (a transaction pooler drops them silently)
_GAP = 0.02  # seconds between two NOTIFYs, however many deliveries come
_STORE_DOWN = 1.0  # seconds until the store is asked again
_FIRST_RETRY, _LAST_RETRY = 2.0, 120.0  # seconds, doubling
_FAILURES = 8  # of the unforeseen kind; what is merely unavailable is tried for ever

Attend = Callable[[str], Awaitable[None]]


class Bell:
    """Tells this process at once, and the others a moment later, that something may be due."""

    def __init__(self) -> None:
        self.here = asyncio.Event()
        self._elsewhere = asyncio.Event()

    def ring(self) -> None:
        self.here.set()
        self._elsewhere.set()

    async def tell_others(self, attention: Attention) -> None:
        """Pass rings on for ever, at most one in ``_GAP``, never inside a durable transaction."""
        while True:
            await self._elsewhere.wait()
            self._elsewhere.clear()
            try:
                await attention.wake_others()
            except AvaError:
                await asyncio.sleep(_STORE_DOWN)  # they poll
            await asyncio.sleep(_GAP)

    async def listen(self, attention: Attention) -> None:
        """Ring here whenever another process tells."""
        async for _ in attention.woken():
            self.here.set()


class Worker:
    """Claims what is due and attends to it, *slots* conversations at a time."""

    def __init__(
        self, attention: Attention, attend: Attend, bell: Bell, *, slots: int = 16
    ) -> None:
        self._attention = attention
        self._attend = attend
        self._bell = bell
        self._slots = slots
        self._name = f"{os.getpid()}-{uuid4().hex[:8]}"
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._stopping = False

    async def run(self) -> None:
        """Work until ``stop``."""
        while not self._stopping:
            self._bell.here.clear()
            await self._wait(await self._start_due())

    async def keep_leases(self) -> None:
        """Extend the leases of what runs, for ever: cancel it after ``stop``.

        Work whose lease another worker has taken is dropped.
        """
        while True:
            await asyncio.sleep(_BEAT)
            await self._beat()

    async def stop(self, *, grace_seconds: float) -> None:
        """Claim nothing more; let what runs finish, and give back what does not."""
        self._stopping = True
        self._bell.here.set()
        running = set(self._running.values())
        if running:
            _, late = await asyncio.wait(running, timeout=grace_seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _start_due(self) -> float:
        """Start what is due; return the seconds until there may be more."""
        free = self._slots - len(self._running)
        if free <= 0:
            return _POLL  # a finished conversation rings
        try:
            leases = await self._attention.claim(worker=self._name, limit=free, lease=_LEASE)
            for lease in leases:
                self._start(lease)
            if len(leases) == free:
                return 0
            next_due = await self._attention.next_due()
        except AvaError as exc:
            log.warning("attention.unavailable", reason=type(exc).__name__)
            return _STORE_DOWN
        except Exception:  # one row that nobody foresaw must not leave everybody unanswered
            log.exception("attention.failed")
            return _STORE_DOWN
        return _POLL if next_due is None else min(_POLL, max(0.0, next_due.total_seconds()))

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.here.wait()
        except TimeoutError:
            return

    def _start(self, lease: Lease) -> None:
        task = asyncio.create_task(self._work(lease), name="attend")
        self._running[lease.id] = task
        task.add_done_callback(lambda _: self._ended(lease))

    def _ended(self, lease: Lease) -> None:
        del self._running[lease.id]
        self._bell.here.set()

    async def _work(self, lease: Lease) -> None:
        try:
            await self._attend(lease.key)
        except asyncio.CancelledError:
            await self._give_back(lease, "cancelled", timedelta(0))
            raise
        except Unavailable as exc:
            log.warning("turn.postponed", reason=type(exc).__name__, attempts=lease.attempts)
            again_in = _backoff(lease.attempts) if exc.again_in is None else exc.again_in
            await self._give_back(lease, type(exc).__name__, again_in)
        except Exception as exc:
            again_in = _backoff(lease.attempts)
            await self._give_back(lease, type(exc).__name__, again_in, most_failures=_FAILURES)
            log.exception("turn.failed", attempts=lease.attempts)
        else:
            await self._finish(lease)

    async def _finish(self, lease: Lease) -> None:
        try:
            await self._attention.finish(lease)
        except AvaError:
            log.warning("attention.unfinished")  # the lease runs out and finds nothing to do

    async def _give_back(
        self, lease: Lease, error: str, again_in: timedelta, *, most_failures: int | None = None
    ) -> None:
        try:
            await self._attention.fail(
                lease, error=error, again_in=again_in, most_failures=most_failures
            )
        except AvaError:
            log.warning("attention.unfinished")  # the lease runs out and somebody tries again

    async def _beat(self) -> None:
        held = list(self._running)
        if not held:
            return
        try:
            kept = await self._attention.beat(held, lease=_LEASE)
        except AvaError:
            return
        for lost in set(held) - kept:
            if task := self._running.get(lost):
                task.cancel()


def _backoff(attempts: int) -> timedelta:
    seconds = min(_LAST_RETRY, _FIRST_RETRY * 2.0 ** (attempts - 1))
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, no secret

"""Who waits for something, and the worker that attends to them, one at a time each."""

import asyncio
import math
import os
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from bot.errors import AvaError, SendingStopped, Unavailable
from bot.models import Claimed, Lease
from bot.store.ports import Attention

log = structlog.get_logger()

_LEASE = timedelta(seconds=12)
_BEAT = 3.0  # seconds; a lease outlives three missed beats
_POLL = 2.0  # seconds, should a NOTIFY get lost (a transaction pooler drops them silently)
_GAP = 0.02  # seconds between two NOTIFYs, however many deliveries come
_STORE_DOWN = 1.0  # seconds until the store is asked again
_FIRST_RETRY, _LAST_RETRY = 2.0, 120.0  # seconds, doubling
_LAST_WORDS = 2.0  # seconds for the store to take back what is left at the end
_FAILURES = 8  # of the unforeseen kind; what is merely unavailable is tried for ever

# Attends to a lease; the event is set when more has come for it.
Attend = Callable[[Lease, asyncio.Event], Awaitable[None]]


class Bell:
    """Tells this process at once, and the others a moment later, that something may be due."""

    def __init__(self) -> None:
        self.here = asyncio.Event()
        self._elsewhere = asyncio.Event()
        self._due = math.inf  # time.monotonic

    def ring(self, after: timedelta = timedelta(0)) -> None:
        """Say that something is due *after* that time."""
        self._due = min(self._due, time.monotonic() + after.total_seconds())
        self.here.set()
        self._elsewhere.set()

    def ring_here(self) -> None:
        """Say in this process alone that something is due now."""
        self._due = -math.inf
        self.here.set()

    def hush(self) -> None:
        """Forget what was rung for, before looking for it."""
        self._due = math.inf
        self.here.clear()

    def seconds_left(self) -> float:
        """Return how long it takes until what was rung for is due."""
        return max(0.0, self._due - time.monotonic())

    async def tell_others(self, attention: Attention) -> None:
        """Pass rings on for ever, at most one in ``_GAP``, never inside a durable transaction."""
        while True:
            await self._elsewhere.wait()
            self._elsewhere.clear()
            try:
                await attention.wake_others()
            except Exception as exc:  # noqa: BLE001 - whatever it is, they poll
                log.warning("attention.untold", reason=type(exc).__name__)
                await asyncio.sleep(_STORE_DOWN)
            await asyncio.sleep(_GAP)

    async def listen(self, attention: Attention) -> None:
        """Ring here whenever another process tells."""
        async for _ in attention.woken():
            self.ring_here()


@dataclass(frozen=True, slots=True)
class _Running:
    """A conversation that is attended to. more: set when more has come for it."""

    lease: Lease
    task: "asyncio.Task[None]"
    more: asyncio.Event


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
        self._running: dict[UUID, _Running] = {}
        self._done: list[Lease] = []  # to be given back with the next claim
        self._claiming = asyncio.Lock()
        self._stopping = self._stopped = False

    async def run(self) -> None:
        """Work until ``stop``; what runs then is gone on with, and given back as it ends."""
        while not self._stopped:
            self._bell.hush()
            await self._wait(await self._start_due())

    async def keep_leases(self) -> None:
        """Extend the leases of what runs, for ever: cancel it after ``stop``.

        Work whose lease another worker has taken is dropped.
        """
        while True:
            await asyncio.sleep(_BEAT)
            await self._beat()

    def claim_no_more(self) -> None:
        """Only go on with what runs."""
        self._stopping = True

    async def stop(self, *, grace_seconds: float) -> None:
        """Claim nothing more; let what runs finish, and give back what does not."""
        self.claim_no_more()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                await self._finish()
        late = {running.task for running in self._running.values()}
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_LAST_WORDS)
        self._stopped = True
        self._bell.ring_here()
        with suppress(AvaError, TimeoutError):  # the leases run out, and others poll
            async with asyncio.timeout(_LAST_WORDS):
                await self._claim(limit=0)
                await self._attention.wake_others()

    async def _finish(self) -> None:
        async with self._claiming:  # whatever a claim under way brings still runs
            tasks = {running.task for running in self._running.values()}
        if tasks:
            await asyncio.wait(tasks)

    async def _start_due(self) -> float:
        """Start what is due; return the seconds until there may be more."""
        try:
            async with self._claiming:
                next_due = await self._start_claimed()
        except AvaError as exc:
            log.warning("attention.unavailable", reason=type(exc).__name__)
            return _STORE_DOWN
        except Exception:  # one row that nobody foresaw must not leave everybody unanswered
            log.exception("attention.failed")
            return _STORE_DOWN
        if next_due is None or self._stopping or len(self._running) == self._slots:
            return _POLL  # a finished conversation rings
        return min(_POLL, next_due.total_seconds())

    async def _start_claimed(self) -> timedelta | None:
        free = 0 if self._stopping else self._slots - len(self._running)
        claimed = await self._claim(limit=free)
        for lease in claimed.leases:
            self._start(lease)
        return claimed.next_due

    async def _claim(self, *, limit: int) -> Claimed:
        done, self._done = self._done, []
        held = [running.lease for running in self._running.values()]
        try:
            claimed = await self._attention.claim(
                worker=self._name, limit=limit, lease=_LEASE, done=done, held=held
            )
        except BaseException:
            self._done = done + self._done
            raise
        for joined in claimed.joined & self._running.keys():
            self._running[joined].more.set()
        return claimed

    async def _wait(self, seconds: float) -> None:
        """Wait that long, or until what the bell rings for is due.

        While something runs every ring counts: it may be more of the same conversation.
        """
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._bell.here.wait()
            except TimeoutError:
                return
            if self._stopping or self._running:
                return
            until = min(until, time.monotonic() + self._bell.seconds_left())
            self._bell.here.clear()

    def _start(self, lease: Lease) -> None:
        more = asyncio.Event()
        task = asyncio.create_task(self._work(lease, more), name="attend")
        self._running[lease.id] = _Running(lease, task, more)
        task.add_done_callback(lambda _: self._ended(lease))

    def _ended(self, lease: Lease) -> None:
        del self._running[lease.id]
        self._bell.ring_here()

    async def _work(self, lease: Lease, more: asyncio.Event) -> None:
        try:
            await self._attend(lease, more)
        except asyncio.CancelledError:
            await self._give_back(lease, "cancelled", timedelta(0))
            raise
        except Unavailable as exc:
            again_in = _backoff(lease.attempts) if exc.again_in is None else exc.again_in
            stopped = isinstance(exc, SendingStopped)
            await self._give_back(lease, type(exc).__name__, again_in, until_cured=stopped)
        except Exception as exc:
            again_in = _backoff(lease.attempts)
            await self._give_back(lease, type(exc).__name__, again_in, most_failures=_FAILURES)
            log.exception("turn.failed", attempts=lease.attempts)
        else:
            self._done.append(lease)

    async def _give_back(
        self,
        lease: Lease,
        error: str,
        again_in: timedelta,
        *,
        most_failures: int | None = None,
        until_cured: bool = False,
    ) -> None:
        try:
            await self._attention.fail(
                lease,
                error=error,
                again_in=again_in,
                most_failures=most_failures,
                until_cured=until_cured,
            )
        except AvaError:
            log.warning("attention.unfinished")  # the lease runs out and somebody tries again

    async def _beat(self) -> None:
        held = {lease_id: running.lease for lease_id, running in self._running.items()}
        if not held:
            return
        try:
            kept = await self._attention.beat(list(held.values()), lease=_LEASE)
        except Exception as exc:  # noqa: BLE001 - or every lease would lapse for good
            log.warning("attention.unbeaten", reason=type(exc).__name__)
            return
        for lost in held.keys() - kept:
            if running := self._running.get(lost):
                running.task.cancel()


def _backoff(attempts: int) -> timedelta:
    seconds = min(_LAST_RETRY, _FIRST_RETRY * 2.0 ** (attempts - 1))
    return timedelta(seconds=seconds * random.uniform(0.8, 1.2))  # noqa: S311 - jitter, no secret

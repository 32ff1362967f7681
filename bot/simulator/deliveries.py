"""Brings updates to the bot as Meta does: signed, repeated until 200, in no promised order."""

import asyncio
import hmac
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from bot.simulator import shapes
from bot.simulator.changes import Change, Changes
from bot.simulator.config import SimulatorConfig
from bot.simulator.faults import Faults
from bot.simulator.network import Network
from bot.simulator.values import PendingUpdate, Status

_AT_ONCE = 32  # attempts under way; Meta sends concurrently
_ATTEMPT_SECONDS = 10.0
_Chunk = list[PendingUpdate]


class Deliveries:
    """Takes the network's pending updates to the webhook; what is not taken stays pending."""

    def __init__(
        self, config: SimulatorConfig, network: Network, faults: Faults, changes: Changes
    ) -> None:
        self._config = config
        self._network = network
        self._faults = faults
        self._changes = changes
        self._waiting: _Chunk = []  # read from the network, not under way yet
        self._last_id = 0
        self._chunks: asyncio.Queue[_Chunk] = asyncio.Queue()
        self._under_way = 0
        self._timer: asyncio.TimerHandle | None = None
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver for as long as the context is open; whatever waited from before leaves first."""
        timeout = aiohttp.ClientTimeout(total=_ATTEMPT_SECONDS)
        connector = aiohttp.TCPConnector(limit=_AT_ONCE)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as self._session:
            owner = asyncio.create_task(self._deliver_all(), name="simulator deliveries")
            self.wake()
            try:
                yield
            finally:
                await self._stop(owner)

    async def _stop(self, owner: asyncio.Task[None]) -> None:
        if self._timer:
            self._timer.cancel()
        owner.cancel()
        try:
            await owner
        except asyncio.CancelledError:
            self._session = None

    @property
    def quiet(self) -> bool:
        """Nothing is under way and nothing waits, held statuses aside."""
        self._fetch()
        return not self._under_way and not self._ready()

    # --- choosing what goes together ------------------------------------------------------

    def wake(self) -> None:
        """Look at what is pending; called after every change of the network or the faults."""
        if self._session is None:
            return
        self._fetch()
        gathering = self._faults.batch > 1 or self._faults.shuffle
        if not gathering or len(self._ready()) >= self._faults.batch > 1:
            self._leave()
        elif self._timer is None and self._ready():
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._faults.linger_seconds, self._leave)

    def _fetch(self) -> None:
        fresh = self._network.pending(after=self._last_id)
        self._waiting += fresh
        self._last_id = max([self._last_id, *(update.id for update in fresh)])

    def _ready(self) -> _Chunk:
        hold = self._faults.hold_statuses
        return [update for update in self._waiting if not (hold and update.is_status)]

    def _leave(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        ready = self._ready()
        leaving = {update.id for update in ready}
        self._waiting = [update for update in self._waiting if update.id not in leaving]
        if self._faults.shuffle:
            ready = _shuffled(ready)
        for start in range(0, len(ready), self._faults.batch):
            for _ in range(1 + self._faults.duplicate):
                self._under_way += 1
                self._chunks.put_nowait(ready[start : start + self._faults.batch])

    # --- bringing it ----------------------------------------------------------------------

    async def _deliver_all(self) -> None:
        free = asyncio.Semaphore(_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                chunk = await self._chunks.get()
                group.create_task(self._deliver(chunk, free))

    async def _deliver(self, chunk: _Chunk, free: asyncio.Semaphore) -> None:
        body = json.dumps(shapes.delivery([update.change for update in chunk])).encode()
        await asyncio.sleep(self._faults.delay_seconds)
        attempt = 0
        while True:
            async with free:
                if await self._accepted(body):
                    break
            waits = self._config.retry_seconds
            await asyncio.sleep(waits[min(attempt, len(waits) - 1)])
            attempt += 1
        self._acknowledged(chunk)

    async def _accepted(self, body: bytes) -> bool:
        try:
            return await self.post(body) == 200  # noqa: PLR2004  -- the only answer Meta takes
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _acknowledged(self, chunk: _Chunk) -> None:
        self._under_way -= 1
        for update in chunk:
            self._network.forget(update)
            if update.about and self._network.advance(update.about, Status.DELIVERED):
                message = self._network.message(update.about)
                self._changes.publish(Change(kind="chat", chat=message.chat if message else None))
        self._changes.publish(Change(kind="delivery"))

    async def post(self, body: bytes, *, signature: str | None = None) -> int:
        """One POST, signed unless *signature* says otherwise ("" leaves it out); its status."""
        if self._session is None:
            raise RuntimeError("the simulator is not running")
        if signature is None:
            signature = "sha256=" + hmac.digest(self._secret, body, "sha256").hex()
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        if signature:
            headers["X-Hub-Signature-256"] = signature
        async with self._session.post(
            self._config.webhook_url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            await answer.read()
            return answer.status

    @property
    def _secret(self) -> bytes:
        return self._config.app_secret.encode()

    async def verify(self, token: str, challenge: str) -> bool:
        """Ask the webhook to echo *challenge*, as the dashboard does when it is registered."""
        if self._session is None:
            raise RuntimeError("the simulator is not running")
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token}
        async with self._session.get(self._config.webhook_url, params=query) as answer:
            return answer.status == 200 and await answer.text() == challenge  # noqa: PLR2004


def _shuffled(updates: _Chunk) -> _Chunk:
    """*updates* in another order than they came, as long as there is another one."""
    mixed = list(updates)
    while len(updates) > 1 and mixed == updates:
        random.shuffle(mixed)
    return mixed

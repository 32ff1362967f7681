"""A process of Ava that can be killed: one in this process, and a real one."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from aiohttp.test_utils import TestServer

from bot.app import create_app
from bot.chat.burst import Pace
from bot.settings import Settings
from tests.ava import AT_ONCE, GENEROUS, quick_hashing
from tests.faults.doors import Doors
from tests.faults.points import Point

_ROOT = Path(__file__).parents[2]
PATIENT = timedelta(minutes=2)  # for what becomes of a send: a test that waits for it fails
SOON = timedelta(seconds=0.05)


class Dyno(Protocol):
    """One life of Ava."""

    async def start(self) -> None:
        """Return when it is ready."""

    async def kill_at(self, point: Point) -> None:
        """Have it end there."""

    async def died(self) -> None:
        """Return when it has."""

    async def close(self) -> None:
        """Clear away what is left of it; or, as SIGTERM does, end it in order."""


def pace(outcome: timedelta = PATIENT, drain: timedelta = timedelta(0)) -> Pace:
    return replace(AT_ONCE, outcome=outcome, drain=drain)


@dataclass(slots=True)
class HereDyno:
    """Shares this process, which is a hundred times as fast; nothing is shared but that."""

    settings: Settings
    pace: Pace
    _dead: asyncio.Event = field(default_factory=asyncio.Event)
    _doors: Doors = field(init=False)
    _server: TestServer | None = None

    async def start(self) -> None:
        self._doors = Doors(self._dead.set)
        app = create_app(
            self.settings,
            self._doors.resources(),
            pace=self.pace,
            limits=GENEROUS,
            hashing=quick_hashing,
        )
        self._server = TestServer(app, port=self.settings.port)
        await self._server.start_server(shutdown_timeout=0)

    async def kill_at(self, point: Point) -> None:
        self._doors.kill_at(point)

    async def died(self) -> None:
        await self._dead.wait()

    async def close(self) -> None:
        if self._server is not None:
            await self._server.close()


@dataclass(slots=True)
class RealDyno:
    """``python -m tests.faults.process``, which ends with SIGKILL."""

    environment: dict[str, str]
    outcome: timedelta
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.faults.process", str(self.outcome.total_seconds())),
            cwd=_ROOT,
            env=os.environ | self.environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        await self._hear(b"ready")

    async def kill_at(self, point: Point) -> None:
        assert self._process
        assert self._process.stdin
        self._process.stdin.write(f"{point}\n".encode())
        await self._hear(b"will")

    async def died(self) -> None:
        assert self._process
        assert await self._process.wait() == -signal.SIGKILL

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        if self._process is not None:
            await self._process.communicate()

    async def _hear(self, word: bytes) -> None:
        assert self._process
        assert self._process.stdout
        async for line in self._process.stdout:
            if line.strip() == word:
                return
        raise AssertionError("it ended too early")

"""``kill -9`` of what an operator runs, in both homes; ``tests/faults`` does it at every step."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from tests.ava import ADA, Ava

ROOT = Path(__file__).parent.parent


class Process:
    """Ava as an operator runs it, in place of the one in this process."""

    def __init__(self, ava: Ava) -> None:
        self._ava = ava
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Return when it is ready."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "run.py"),
            cwd=ROOT,
            env=os.environ | self._ava.environment(),
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout
        async for line in self._process.stdout:
            if b"Ava is ready" in line:
                return
        raise AssertionError("it ended before it was ready")

    async def kill(self) -> None:
        assert self._process
        os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.communicate()
        self._process = None

    async def close(self) -> None:
        if self._process is not None:
            await self.kill()


@pytest.fixture
async def process(ava: Ava) -> AsyncIterator[Process]:
    """The same Ava, in a process that can be killed; Ada is acquainted with it."""
    await ava.acquainted()
    await ava.stop()
    process = Process(ava)
    await process.start()
    yield process
    await process.close()


async def leases_run_out(ava: Ava) -> None:
    connection = await asyncpg.connect(ava.home.owner_url)
    await connection.execute("update attention set leased_until = clock_timestamp()")
    await connection.close()


# In both homes: processes take seconds to start, and one crash tells whether they differ.
async def test_killed_while_the_avatar_thinks(ava: Ava, process: Process) -> None:
    ava.model.let_go.clear()
    await ava.simulator.say(ADA, "Hello.")
    await ava.model.called.wait()

    await process.kill()
    ava.model.let_go.set()
    await leases_run_out(ava)
    await process.start()

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]

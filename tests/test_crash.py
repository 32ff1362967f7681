"""``kill -9`` in the middle, a new process, and still: nothing lost, nothing twice."""

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

# Processes take seconds to start; one crash tells whether the other home is any different.
in_a_postgres = pytest.mark.parametrize("home", ["postgres"], indirect=True)


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


async def later(ava: Ava, statement: str) -> None:
    """Move the clock by what it says in the database."""
    connection = await asyncpg.connect(ava.home.owner_url)
    await connection.execute(statement)
    await connection.close()


async def leases_run_out(ava: Ava) -> None:
    await later(ava, "update attention set leased_until = clock_timestamp()")


async def test_killed_while_the_avatar_thinks(ava: Ava, process: Process) -> None:
    ava.model.let_go.clear()
    await ava.simulator.say(ADA, "Hello.")
    await ava.model.called.wait()

    await process.kill()
    ava.model.let_go.set()
    await leases_run_out(ava)
    await process.start()

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]


@in_a_postgres
async def test_killed_after_meta_took_the_reply_and_before_it_said_so(
    ava: Ava, process: Process
) -> None:
    ava.simulator.faults.hold_statuses = True
    ava.simulator.faults.drop("after")
    await ava.simulator.say(ADA, "Hello.")
    await ava.simulator.until_replies(ADA, 2)

    await process.kill()
    ava.simulator.faults.hold_statuses = False
    await leases_run_out(ava)
    await process.start()
    await ava.simulator.say(ADA, "And?")

    assert (await ava.heard(ADA, 3))[1:] == ["You said: Hello.", "You said: And?"]


@in_a_postgres
async def test_killed_before_a_delivery_was_acknowledged(ava: Ava, process: Process) -> None:
    await process.kill()
    await ava.simulator.say(ADA, "Anybody?")

    await process.start()

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Anybody?"]

"""Ava as several processes that die and come back, and a Postgres that is restarted under them."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from benchmarks import surroundings
from bot.store.embedded import EmbeddedPostgres

_AGAIN = 0.5  # seconds until a process that ended by itself is started again
_LOOKS = 0.05  # seconds
_START_SECONDS, _STOP_SECONDS = 60.0, 35.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fakes:
    """What Ava runs on. url: of the database."""

    url: str
    graph_port: int
    model_port: int

    def environment(self, name: str, port: int, *, worker: bool) -> dict[str, str]:
        """Return the environment of a production Ava that is known to the fakes by *name*."""
        settings = surroundings.production(
            self.url, port, worker=worker, graph_port=self.graph_port
        )
        settings["WHATSAPP_API_URL"] += f"/{name}"
        return settings | {
            "LLM_BASE_URL": f"http://127.0.0.1:{self.model_port}/{name}/v1",
            "LLM_API_KEY": "key-of-the-benchmarks",
            "LLM_MODEL": "echo",
        }


@dataclass(slots=True, kw_only=True)
class Process:
    """One dyno: whatever ends it, it is started again. Times are ``time.monotonic``."""

    name: str
    port: int
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    killed_at: list[float] = field(default_factory=list)
    ended_at: list[tuple[float, int]] = field(default_factory=list)  # by itself, with which code
    _running: asyncio.subprocess.Process | None = None

    @classmethod
    def web(cls, fakes: Fakes, name: str, logs: Path, port: int) -> Self:
        """Only receives."""
        environment = fakes.environment(name, port, worker=False)
        return cls(
            name=name,
            port=port,
            arguments=[surroundings.AVA],
            environment=environment,
            log=logs / f"{name}.log",
        )

    @classmethod
    def worker(cls, fakes: Fakes, name: str, logs: Path, port: int) -> Self:
        """Only answers; *port* shows its metrics."""
        environment = fakes.environment(name, port, worker=True) | {"METRICS_PORT": str(port)}
        return cls(
            name=name,
            port=port,
            arguments=[surroundings.AVA, "worker"],
            environment=environment,
            log=logs / f"{name}.log",
        )

    async def run(self) -> None:
        """Keep it running until cancelled; then let it end in order."""
        try:
            while True:
                self._running = await self.start()
                self._note_end(await self._running.wait())
                await asyncio.sleep(0 if self._was_killed() else _AGAIN)
        finally:
            await self._stop()

    async def is_up(self) -> bool:
        """Whether it listens."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def until_up(self) -> None:
        while not await self.is_up():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(_LOOKS)

    def kill(self) -> None:
        """``kill -9``."""
        if self._running and self._running.returncode is None:
            self.killed_at.append(time.monotonic())
            self._running.kill()

    async def start(self) -> asyncio.subprocess.Process:
        with self.log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, *self.arguments),
                cwd=self.log.parent,  # no .env there
                env={
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(surroundings.ROOT),
                    **self.environment,
                },
                stdout=output,
                stderr=output,
            )

    def _was_killed(self) -> bool:
        return self._running is not None and self._running.returncode == -signal.SIGKILL

    def _note_end(self, code: int) -> None:
        if code != -signal.SIGKILL:
            self.ended_at.append((time.monotonic(), code))

    async def _stop(self) -> None:
        if self._running is None or self._running.returncode is not None:
            return
        self._running.terminate()
        try:
            await asyncio.wait_for(self._running.wait(), _STOP_SECONDS)
        except TimeoutError:
            self._running.kill()
            await self._running.wait()


@asynccontextmanager
async def running(processes: Sequence[Process]) -> AsyncIterator[None]:
    """Keep them all running until the end of the block, which begins when they are up."""
    tasks = [asyncio.create_task(process.run(), name=process.name) for process in processes]
    try:
        async with asyncio.timeout(_START_SECONDS):
            for process in processes:
                await process.until_up()
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def kill_at_random(
    processes: Sequence[Process], chance: random.Random, *, every: float
) -> None:
    """Kill one of them again and again, until cancelled, as long as most are up.

    On a busy machine a start may take longer than the time between two kills: they would do
    nothing but start.
    """
    while True:
        await asyncio.sleep(every)
        up = [process for process in processes if await process.is_up()]
        if len(up) > len(processes) // 2:
            chance.choice(up).kill()


@dataclass(slots=True)
class Database:
    """A durable Postgres. away: from when to when nobody could reach it (``time.monotonic``)."""

    server: EmbeddedPostgres
    _pid_file: Path
    away: list[tuple[float, float]] = field(default_factory=list)

    async def restart(self) -> None:
        """Take it down without waiting for anybody (a fast shutdown), and start it again."""
        await self._restart(self.server.stop)

    async def crash(self) -> None:
        """``kill -9`` the postmaster, and start it again: it recovers from its log."""
        await self._restart(self._kill)

    async def _restart(self, end: Callable[[], None]) -> None:
        began = time.monotonic()
        await asyncio.to_thread(end)
        await asyncio.to_thread(self.server.start)
        self.away.append((began, time.monotonic()))

    def _kill(self) -> None:
        pid = self._pid_file.read_text().split()[0]
        os.kill(int(pid), signal.SIGKILL)
        while _is_alive(pid):
            time.sleep(0.01)


def _is_alive(pid: str) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


@contextmanager
def database() -> Iterator[Database]:
    """Run a server of our own that flushes every commit, as production does."""
    with surroundings.scratch() as directory:
        server = EmbeddedPostgres(directory)
        server.start()
        try:
            yield Database(server, directory / "data" / "postmaster.pid")
        finally:
            server.stop()

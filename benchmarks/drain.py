"""A worker has to go while it answers: how soon it is gone, and how soon another has taken over.

python -m benchmarks.drain
"""

import asyncio
import math
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks import figures, people, surroundings
from benchmarks.crowd import Batch, Message
from benchmarks.echo import Echo
from benchmarks.letters import Letters
from benchmarks.meta import Meta
from benchmarks.postbox import Postbox
from benchmarks.processes import Fakes, Process

_PEOPLE = 16  # as many as a worker answers at a time
_QUICK, _SLOW, _STUCK = (0.1, 0.1), (4.0, 4.0), (300.0, 300.0)  # seconds that the model thinks
_GONE, _OVER = 30.0, 1.0  # seconds: Heroku's; and to take over what was given back
_LEASE = 15.0  # seconds until what a killed worker held is taken over
_PATIENCE = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """Seconds from the signal. first: until the other's first answer; None: it had none to give."""

    gone: float
    first: float | None
    answered: float
    by_the_other: int

    @property
    def over(self) -> float:
        """From the end of the one to the first answer of the other."""
        return math.inf if self.first is None else self.first - self.gone


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    fakes: Fakes
    echo: Echo
    meta: Meta
    letters: Letters
    logs: Path


async def measure() -> bool:
    """Print what becomes of turns when their worker is told to end, or is killed."""
    with surroundings.durable_postgres() as server, surroundings.scratch() as logs:
        figures.machine(server)
        url = await surroundings.migrated_database(server, "ava")
        async with surroundings.connected(server.dsn("ava")) as admin:
            await people.link(admin, count=_PEOPLE)
            await people.give_avatars(admin, count=_PEOPLE)
        async with _scene(url, logs) as scene:
            slow = await _end(scene, signal.SIGTERM, _SLOW, first=0)
            stuck = await _end(scene, signal.SIGTERM, _STUCK, first=_PEOPLE)
            killed = await _end(scene, signal.SIGKILL, _STUCK, first=2 * _PEOPLE)
    _show({"SIGTERM, the model takes 4 s": slow, "… never answers": stuck, "kill -9": killed})
    answers = len({accepted.send_id for accepted in scene.meta.accepted})
    verdicts = {
        f"gone within {_GONE:.0f} s": max(slow.gone, stuck.gone) <= _GONE,
        f"the other answers within {_OVER:.0f} s of that": stuck.over <= _OVER,
        f"… within {_LEASE:.0f} s of a kill -9": killed.over <= _LEASE,
        f"{answers} answers to {3 * _PEOPLE} messages": answers == 3 * _PEOPLE,
    }
    for name, met in verdicts.items():
        figures.verdict(name, met=met)
    return all(verdicts.values())


@asynccontextmanager
async def _scene(url: str, logs: Path) -> AsyncIterator[_Scene]:
    port, graph, model = surroundings.free_ports(3)
    fakes = Fakes(url=url, graph_port=graph, model_port=model)
    chance = random.Random(4)
    postbox, echo = Postbox([port], chance), Echo(chance, 0)
    meta = Meta(postbox, chance, failing=0)
    async with (
        meta.listening(graph),
        echo.listening(model),
        surroundings.program(
            surroundings.AVA,
            port=port,
            log=logs / "web.log",
            environment=fakes.environment("web", port, worker=False),
        ),
    ):
        yield _Scene(fakes=fakes, echo=echo, meta=meta, letters=Letters(postbox), logs=logs)


async def _end(
    scene: _Scene, by: signal.Signals, thinks: tuple[float, float], *, first: int
) -> _Ending:
    """Let one worker begin all answers, start another, and end the first."""
    before = len(scene.meta.accepted)
    scene.echo.thinks = thinks
    async with _worker(scene, f"first-{first}") as worker:
        await scene.letters.deliver([_everybody(first)])
        await _until(lambda: scene.echo.running == _PEOPLE)
        async with _worker(scene, f"second-{first}"):
            await asyncio.sleep(3)  # it is up, and has nothing to do
            scene.echo.thinks = _QUICK
            began = time.monotonic()
            worker.send_signal(by)
            await worker.wait()
            gone = time.monotonic()
            await _until(lambda: len(scene.meta.accepted) >= before + _PEOPLE)
            await _until(lambda: scene.meta.has_reported)
    answers = scene.meta.accepted[before:]
    others = [answer.at for answer in answers if answer.by.startswith("second")]
    return _Ending(
        gone=gone - began,
        first=min(others) - began if others else None,
        answered=max(answer.at for answer in answers) - began,
        by_the_other=len(others),
    )


@asynccontextmanager
async def _worker(scene: _Scene, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await Process.worker(
        scene.fakes, name, scene.logs, *surroundings.free_ports(1)
    ).start()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _everybody(first: int) -> Batch:
    """Return a message of each."""
    messages = [Message(number=first + n, person=n, at=0.0) for n in range(_PEOPLE)]
    return Batch(at=0.0, messages=messages)


async def _until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not happened():  # noqa: ASYNC110 - it is other processes that do it
            await asyncio.sleep(0.01)


def _show(found: dict[str, _Ending]) -> None:
    rows = [
        (
            name,
            f"{ending.gone:.2f} s",
            "" if ending.first is None else f"{ending.first:.2f} s",
            f"{ending.answered:.2f} s",
            f"{ending.by_the_other} of {_PEOPLE}",
        )
        for name, ending in found.items()
    ]
    figures.table(
        ("", "gone after", "the other begins after", "all answered after", "by the other"), rows
    )
    print()


if __name__ == "__main__":
    sys.exit(not uvloop.run(measure()))

"""Everything goes wrong at once, and still: nothing lost, nothing twice, nothing out of order.

python -m benchmarks.chaos [--seed N] [--people 200] [--messages 5000]

Three workers and two web processes on one durable Postgres. Every two seconds one of the five is
killed; the database is restarted twice; the Graph API and the model fail; Meta repeats, batches and
shuffles. Exits with 1 when anything is missed.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from benchmarks import crowd, figures, ledger, people, processes, surroundings
from benchmarks.echo import Echo
from benchmarks.ledger import Ledger
from benchmarks.letters import Letters
from benchmarks.meta import Meta
from benchmarks.postbox import Postbox
from benchmarks.processes import Database, Fakes, Process

if TYPE_CHECKING:
    from collections import Counter

_WORKERS, _WEBS = 3, 2
_EVERY = 2.0  # seconds from one kill to the next
_FAILING = 0.05  # of the calls of the Graph API and of the model
_RATE = 20.0  # messages a second
_RESTARTS = (0.35, 0.7)  # of the time; the first in order, the second by kill -9
_DELIVERED_WITHIN = 600.0  # seconds after the last message
_DRAINED_WITHIN = 600.0  # seconds; what became of a send is waited for for two minutes
_LOOKS = 1.0  # seconds
_SHOWN = 5  # rows of what is wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of it. seconds: in which it is written."""

    seed: int = 20261122
    people: int = 200
    messages: int = 5_000

    @property
    def seconds(self) -> float:
        return self.messages / _RATE

    def chance(self, purpose: str) -> random.Random:
        """Return the same numbers for the same purpose and seed."""
        return random.Random(f"{self.seed} {purpose}")


@dataclass(slots=True, kw_only=True)
class Scene:
    """Who takes part."""

    database: Database
    postbox: Postbox
    letters: Letters
    meta: Meta
    echo: Echo
    fleet: Sequence[Process]
    drained_after: float | None = None


async def measure(sizes: Sizes, logs: Path | None = None) -> bool:
    """Print what became of all messages; return whether it is as it has to be."""
    print(f"seed {sizes.seed}: {sizes.messages:,} messages of {sizes.people} people\n")
    with processes.database() as database, surroundings.scratch() as scratch:
        figures.machine(database.server)
        async with _scene(sizes, database, logs or scratch) as scene:
            async with processes.running(scene.fleet):
                await _storm(sizes, scene)
                await _drain(scene)
            found = await _read(scene)
        return _judge(found, scene)


@asynccontextmanager
async def _scene(sizes: Sizes, database: Database, logs: Path) -> AsyncIterator[Scene]:
    graph, model, *ports = surroundings.free_ports(2 + _WEBS + _WORKERS)
    webs, workers = ports[:_WEBS], ports[_WEBS:]
    url = await surroundings.migrated_database(database.server, "ava")
    async with surroundings.connected(database.server.dsn("ava")) as admin:
        await people.link(admin, count=sizes.people)
        await people.give_avatars(admin, count=sizes.people)
    postbox = Postbox(webs, sizes.chance("addresses"))
    meta = Meta(postbox, sizes.chance("graph"), _FAILING)
    echo = Echo(sizes.chance("model"), _FAILING)
    fakes = Fakes(url=url, graph_port=graph, model_port=model)
    fleet = [
        *(Process.web(fakes, f"web-{n}", logs, port) for n, port in enumerate(webs, 1)),
        *(Process.worker(fakes, f"worker-{n}", logs, port) for n, port in enumerate(workers, 1)),
    ]
    async with meta.listening(graph), echo.listening(model):
        yield Scene(
            database=database,
            postbox=postbox,
            letters=Letters(postbox),
            meta=meta,
            echo=echo,
            fleet=fleet,
        )


# --- the storm ------------------------------------------------------------------------------


async def _storm(sizes: Sizes, scene: Scene) -> None:
    """Return once everything is delivered; until then processes die."""
    planned = crowd.plan(
        sizes.chance("crowd"), people=sizes.people, count=sizes.messages, seconds=sizes.seconds
    )
    batches = crowd.batches(sizes.chance("batches"), planned)
    killing = processes.kill_at_random(scene.fleet, sizes.chance("kills"), every=_EVERY)
    with suppress(TimeoutError):  # what is not acknowledged by then is told in the end
        async with asyncio.timeout(sizes.seconds + _DELIVERED_WITHIN), asyncio.TaskGroup() as group:
            killer = group.create_task(killing)
            restarts = group.create_task(_restart(scene.database, sizes.seconds))
            await scene.letters.deliver(batches)
            await restarts
            killer.cancel()


async def _restart(database: Database, seconds: float) -> None:
    first, second = (share * seconds for share in _RESTARTS)
    await asyncio.sleep(first)
    await database.restart()
    await asyncio.sleep(max(0.0, second - first))
    await database.crash()


async def _drain(scene: Scene) -> None:
    """Return once nobody waits any more, or it has taken too long."""
    began = time.monotonic()
    async with surroundings.connected(scene.database.server.dsn("ava")) as admin:
        while time.monotonic() - began < _DRAINED_WITHIN:
            if not await ledger.waiting(admin) and scene.meta.has_reported:
                scene.drained_after = time.monotonic() - began
                return
            await asyncio.sleep(_LOOKS)


async def _read(scene: Scene) -> Ledger:
    async with surroundings.connected(scene.database.server.dsn("ava")) as admin:
        return Ledger(
            acknowledged=scene.letters.acknowledged,
            accepted=scene.meta.accepted,
            ends={process.name: process.killed_at for process in scene.fleet},
            away=scene.database.away,
            **await ledger.rows(admin),
        )


# --- the judgement --------------------------------------------------------------------------


def _judge(found: Ledger, scene: Scene) -> bool:
    repeats, unexplained = found.repeats()
    _show(found, scene, repeats)
    acknowledged = len(found.acknowledged)
    findings = {
        "not acknowledged": [message.name for message in scene.letters.waiting],
        f"lost, of {acknowledged:,} acknowledged messages": [*found.lost()],
        "left over after the last answer": [*found.left_over()],
        "answered twice": [*found.answered_twice()],
        "sent twice although it was known": unexplained,
        "out of order": [*found.out_of_order()],
        "turns of one person at the same time": scene.echo.overlaps(),
        "answers to something else": [*found.misunderstood()],
        "reports that did not count": [*found.unread()],
        "dead letters": [*found.dead_letters()],
        "turns that failed unforeseen, processes that ended": [*_accidents(scene)],
    }
    verdicts = [_is_none(name, rows) for name, rows in findings.items()]
    return all(verdicts)


def _is_none(name: str, rows: Sequence[str]) -> bool:
    figures.verdict(f"{len(rows)} {name}; at most 0", met=not rows)
    for row in rows[:_SHOWN]:
        print(f"    {row}")
    return not rows


def _show(found: Ledger, scene: Scene, repeats: "Counter[str]") -> None:
    kills = sum(len(process.killed_at) for process in scene.fleet)
    away = ", ".join(f"{ended - began:.1f} s" for began, ended in found.away)
    drained = scene.drained_after
    meta, echo = scene.meta, scene.echo
    figures.table(
        ("", ""),
        [
            (
                "messages, and copies of them",
                f"{len(found.acknowledged):,}, {scene.letters.copies:,}",
            ),
            ("deliveries, and not acknowledged", _both(scene.postbox)),
            ("`kill -9`", f"{kills}"),
            ("database away", away),
            ("answers accepted", f"{len({accepted.send_id for accepted in meta.accepted}):,}"),
            ("Graph API failed", _counted(meta.faults)),
            ("model called, and failed", f"{echo.calls:,}: {_counted(echo.faults)}"),
            ("outcome unknown, sent again", _counted(repeats)),
            ("drained", "never" if drained is None else f"{drained:.0f} s after the last delivery"),
        ],
    )
    print()


def _both(postbox: Postbox) -> str:
    return f"{postbox.delivered:,}, {postbox.repeated:,}"


def _counted(counter: "Counter[str]") -> str:
    listed = ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))
    return f"**{counter.total()}** ({listed})" if listed else "0"


def _accidents(scene: Scene) -> list[str]:
    """Return what nobody provoked; a start without a database is."""
    ends = [
        f"{process.name} ended with {code}"
        for process in scene.fleet
        for at, code in process.ended_at
        if not any(began - 1 < at < ended + 20 for began, ended in scene.database.away)
    ]
    return [*ends, *(line for process in scene.fleet for line in _errors(process.log))]


def _errors(log: Path) -> list[str]:
    """Return the lines about what was not foreseen."""
    found = []
    for line in log.read_text(errors="replace").splitlines():
        if '"level": "error"' in line and '"exception"' in line:
            said = json.loads(line)
            found.append(f"{log.stem}: {said['event']} {str(said.get('exception'))[-400:]}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=Sizes().seed)
    parser.add_argument("--people", type=int, default=Sizes().people)
    parser.add_argument("--messages", type=int, default=Sizes().messages)
    parser.add_argument("--logs", type=Path, help="a directory to leave the processes' logs in")
    given = parser.parse_args()
    chosen = Sizes(seed=given.seed, people=given.people, messages=given.messages)
    sys.exit(not uvloop.run(measure(chosen, given.logs)))

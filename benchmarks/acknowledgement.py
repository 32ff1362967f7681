"""How fast deliveries are acknowledged, beside the least that it can cost.

python -m benchmarks.acknowledgement [--pywa PYTHON]
"""

import argparse
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvloop

from benchmarks import deliveries, figures, floor, people, surroundings
from benchmarks.graph import Graph
from benchmarks.load import Load, send
from bot.store.embedded import EmbeddedPostgres

_CONNECTIONS = 32
_SENDERS = 300
_FLOOR, _AVA, _AVA_WORKING, _PYWA = "durable floor", "Ava", "Ava, worker on", "PyWa"
_TARGET = 0.75  # of the floor


@dataclass(frozen=True, slots=True)
class _Target:
    """What is measured. come_to_rest: makes its next round start like this one."""

    port: int
    come_to_rest: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _Bench:
    """Starts what is measured; *stack* ends it."""

    stack: AsyncExitStack
    server: EmbeddedPostgres
    logs: Path

    async def floor(self) -> _Target:
        url = await surroundings.new_database(self.server, "floor")
        async with surroundings.connected(url) as connection:
            await connection.execute(floor.TABLE)
        (port,) = surroundings.free_ports(1)
        await self._start("-m", "benchmarks.floor", url, str(port), port=port)
        return _Target(port, _nothing)

    async def ava(self, *, worker: bool) -> _Target:
        port, graph_port = surroundings.free_ports(2)
        await self.stack.enter_async_context(Graph().listening(graph_port))
        name = f"ava_{port}"
        url, as_admin = (
            await surroundings.migrated_database(self.server, name),
            self.server.dsn(name),
        )
        async with surroundings.connected(as_admin) as admin:
            await people.link(admin, count=_SENDERS)
            await people.give_avatars(admin, count=_SENDERS)
        environment = surroundings.production(url, port, worker=worker, graph_port=graph_port)
        await self._start(surroundings.AVA, port=port, environment=environment)
        return _Target(port, partial(_answered if worker else _emptied, as_admin))

    async def pywa(self, python: str) -> _Target:
        (port,) = surroundings.free_ports(1)
        program = str(Path(__file__).with_name("pywa_server.py"))
        credentials = deliveries.PHONE_NUMBER_ID, deliveries.APP_SECRET
        await self._start(program, str(port), *credentials, port=port, python=python)
        return _Target(port, _nothing)

    async def _start(
        self,
        *arguments: str,
        port: int,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        running = surroundings.program(
            *arguments,
            port=port,
            log=self.logs / f"{port}.log",
            environment=environment,
            python=python,
        )
        await self.stack.enter_async_context(running)


async def measure(*, pywa: str | None, rounds: int, size: int) -> None:
    """Print the rates of all, measured in turn, and whether the targets are met."""
    with surroundings.durable_postgres() as server, surroundings.scratch() as logs:
        figures.machine(server)
        async with AsyncExitStack() as stack:
            bench = _Bench(stack, server, logs)
            targets = {
                _FLOOR: await bench.floor(),
                _AVA: await bench.ava(worker=False),
                _AVA_WORKING: await bench.ava(worker=True),
            }
            if pywa:
                targets[_PYWA] = await bench.pywa(pywa)
            loads = await _rounds(targets, rounds=rounds, size=size)
    _show(loads)


async def _rounds(targets: dict[str, _Target], *, rounds: int, size: int) -> dict[str, list[Load]]:
    loads: dict[str, list[Load]] = {name: [] for name in targets}
    for number in range(rounds + 1):
        for name, target in targets.items():
            count = size if number else size // 4
            requests = deliveries.single_texts(count, senders=_SENDERS)
            measured = await send(requests, port=target.port, connections=_CONNECTIONS)
            await target.come_to_rest()
            if number:  # the first is a warm-up
                loads[name].append(measured)
    return loads


async def _nothing() -> None:
    """Rest as it is."""


async def _emptied(url: str) -> None:
    """Do what a worker elsewhere does: whoever is answered waits no more."""
    async with surroundings.connected(url) as admin:
        await admin.execute("delete from attention")


async def _answered(url: str) -> None:
    async with surroundings.connected(url) as admin:
        await surroundings.until_answered(admin)


def _show(loads: dict[str, list[Load]]) -> None:
    rates = {name: figures.median([load.rate for load in found]) for name, found in loads.items()}
    rows = [
        (
            name,
            f"{rates[name]:,.0f}",
            f"{_ratio(found, loads[_FLOOR]):.2f}",
            figures.milliseconds([wait for load in found for wait in load.waits]),
            f"{figures.median([load.own_share for load in found]):.0%}",
        )
        for name, found in loads.items()
    ]
    figures.table(("", "deliveries/s", "of the floor", "p50 / p99 ms", "generator busy"), rows)
    ratio = _ratio(loads[_AVA], loads[_FLOOR])
    figures.verdict(f"{ratio:.2f} of the durable floor; at least {_TARGET}", met=ratio >= _TARGET)
    if _PYWA in loads:
        ratio = _ratio(loads[_AVA], loads[_PYWA])
        figures.verdict(f"{ratio:.2f} of PyWa, which stores nothing; above 1", met=ratio > 1)


def _ratio(ours: Sequence[Load], theirs: Sequence[Load]) -> float:
    """Return the median of the rounds' ratios: what was measured together is compared together."""
    return figures.median([a.rate / b.rate for a, b in zip(ours, theirs, strict=True)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pywa", metavar="PYTHON", help="a Python that has pywa and fastapi")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--size", type=int, default=5_000, help="deliveries in a round")
    given = parser.parse_args()
    uvloop.run(measure(pywa=given.pywa, rounds=given.rounds, size=given.size))

"""How long a start takes, and how much memory Ava needs, at the start and after 10,000 deliveries.

python -m benchmarks.start
"""

import argparse
import shutil
import time
from pathlib import Path

import uvloop

from benchmarks import deliveries, figures, people, surroundings
from benchmarks.graph import Graph
from benchmarks.load import send

_STARTS = 5
_PEOPLE = 500
_READY_TARGET, _MEMORY_TARGET = 3.0, 150.0  # seconds, MB
_PROGRAM = ("run.py", "bot", "migrations")


async def measure(count: int) -> None:
    """Print the times of some starts on an existing database, and the memory."""
    with surroundings.scratch() as copy:
        _copy_program(copy)
        await _start(copy)  # makes the database
        starts = [await _start(copy) for _ in range(_STARTS)]
    ready = figures.median([seconds for seconds, _ in starts])
    at_start = max(megabytes for _, megabytes in starts)
    before, after = await _memory_in_production(count)
    rows = [
        ("ready, everything embedded", f"{ready:.2f} s"),
        ("memory then, with the simulator", f"{at_start:.0f} MB"),
        ("memory in production, worker on", f"{before:.0f} MB"),
        (f"… after {count:,} deliveries", f"{after:.0f} MB"),
    ]
    figures.table(("start", ""), rows)
    figures.verdict(f"ready after {ready:.2f} s; at most 3 s", met=ready <= _READY_TARGET)
    most = max(at_start, before, after)
    figures.verdict(f"at most {most:.0f} MB; at most 150 MB", met=most <= _MEMORY_TARGET)


def _copy_program(to: Path) -> None:
    """Copy Ava to where its ``.local/`` is nobody else's."""
    for name in _PROGRAM:
        source = surroundings.ROOT / name
        if source.is_dir():
            shutil.copytree(source, to / name)
        else:
            shutil.copy(source, to / name)


async def _start(copy: Path) -> tuple[float, float]:
    """Run it with no settings; return the seconds until it was ready, and its memory in MB."""
    port, simulator_port = surroundings.free_ports(2)
    environment = {"PORT": str(port), "SIMULATOR_PORT": str(simulator_port)}
    began = time.perf_counter()
    async with surroundings.program(
        str(copy / "run.py"), port=port, log=copy / "ava.log", environment=environment
    ) as pid:
        return time.perf_counter() - began, surroundings.resident_mb(pid)


async def _memory_in_production(count: int) -> tuple[float, float]:
    """Return the memory in MB before and after *count* deliveries that are answered."""
    port, graph_port = surroundings.free_ports(2)
    with surroundings.durable_postgres() as server, surroundings.scratch() as logs:
        figures.machine(server)
        url = await surroundings.migrated_database(server, "ava")
        environment = surroundings.production(url, port, worker=True, graph_port=graph_port)
        async with (
            surroundings.connected(server.dsn("ava")) as admin,
            Graph().listening(graph_port),
            surroundings.program(
                surroundings.AVA,
                port=port,
                log=logs / "ava.log",
                environment=environment,
            ) as pid,
        ):
            await people.link(admin, count=_PEOPLE)
            await people.give_avatars(admin, count=_PEOPLE)
            before = surroundings.resident_mb(pid)
            await send(deliveries.single_texts(count, senders=_PEOPLE), port=port)
            await surroundings.until_answered(admin)
            return before, surroundings.resident_mb(pid)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="deliveries")
    uvloop.run(measure(parser.parse_args().count))

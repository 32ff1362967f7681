"""A steady rate for ten minutes: does one process hold on to anything?

python -m benchmarks.soak [--minutes 10] [--rate 10]

Flat means: the straight line through the second half of the samples rises by less than 1 %, or by
less than twice the standard deviation of the samples around it.
"""

import argparse
import asyncio
import itertools
import random
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from benchmarks import deliveries, figures, people, surroundings
from benchmarks.echo import Echo
from benchmarks.meta import Meta
from benchmarks.postbox import Postbox
from benchmarks.processes import Fakes

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    from collections.abc import AsyncIterator

    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

_PEOPLE = 500
_THINKS = (0.2, 0.2)  # seconds
_EVERY = 5.0  # seconds between two samples
_WARM_UP = 10.0  # seconds
_GROWS, _NOISE = 0.01, 2.0  # share; standard deviations
_CONNECTIONS = "select count(*) from pg_stat_activity where usename = $1"
_WAITING = "select count(*) from attention where due_at < clock_timestamp() - interval '5 seconds'"

_ANSWERED = "select count(*) from messages where answered_by is not null"

_Sample = Mapping[str, float]


async def measure(minutes: float, rate: float) -> bool:
    """Print what one process holds over time; return whether it is flat."""
    with surroundings.durable_postgres() as server, surroundings.scratch() as logs:
        figures.machine(server)
        url = await surroundings.migrated_database(server, "ava")
        async with (
            surroundings.connected(server.dsn("ava")) as admin,
            _ava(url, admin, logs) as (pid, postbox),
        ):
            sending = asyncio.create_task(_send(postbox, minutes * 60, rate))
            await asyncio.sleep(_WARM_UP)
            samples = await _sample_while(sending, pid, admin)
            await surroundings.until_answered(admin)
            answered = await admin.fetchval(_ANSWERED)
            return _judge(samples, sending.result(), answered)


@asynccontextmanager
async def _ava(url: str, admin: "Connection", logs: Path) -> "AsyncIterator[tuple[int, Postbox]]":
    """Run everything in one process; yield its pid, and the way to it."""
    port, graph, model = surroundings.free_ports(3)
    await people.link(admin, count=_PEOPLE)
    await people.give_avatars(admin, count=_PEOPLE)
    chance = random.Random(4)
    postbox = Postbox([port], chance)
    environment = Fakes(url=url, graph_port=graph, model_port=model).environment(
        "ava", port, worker=True
    )
    async with (
        Meta(postbox, chance, failing=0).listening(graph),
        Echo(chance, 0, thinks=_THINKS).listening(model),
        surroundings.program(
            surroundings.AVA, port=port, log=logs / "ava.log", environment=environment
        ) as pid,
    ):
        yield pid, postbox


async def _send(postbox: Postbox, seconds: float, rate: float) -> int:
    """Deliver a message at a time, from one person after the other; return how many."""
    began, sent = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        for number in itertools.count():
            at = number / rate
            if at > seconds:
                break
            await asyncio.sleep(began + at - time.monotonic())
            text = deliveries.text(number % _PEOPLE, f"m{number:05d} It rained all morning.")
            text |= {"timestamp": str(int(time.time()))}
            group.create_task(postbox.deliver(deliveries.of_texts([text])))
            sent += 1
    return sent


async def _sample_while(
    sending: "asyncio.Task[int]", pid: int, admin: "Connection"
) -> list[_Sample]:
    samples: list[_Sample] = []
    while not sending.done():
        samples.append(
            dict(_held(pid))
            | {
                "connections": await admin.fetchval(_CONNECTIONS, surroundings.OWNER),
                "people waiting 5 s": await admin.fetchval(_WAITING),
            }
        )
        await asyncio.wait([sending], timeout=_EVERY)
    return samples


def _held(pid: int) -> Iterator[tuple[str, float]]:
    """Yield what a process holds, as Linux tells."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    yield "memory, MB", int(status["VmRSS"].split()[0]) / 1024
    yield "open files", len(list(Path(f"/proc/{pid}/fd").iterdir()))
    yield "threads", int(status["Threads"])


# --- the judgement --------------------------------------------------------------------------


def _judge(samples: Sequence[_Sample], sent: int, answered: int) -> bool:
    half = samples[len(samples) // 2 :]
    lines = {name: _line([sample[name] for sample in half]) for name in half[0]}
    rows = [
        (
            name,
            f"{samples[0][name]:.1f}",
            f"{half[0][name]:.1f}",
            f"{half[-1][name]:.1f}",
            f"{max(sample[name] for sample in samples):.1f}",
            f"{rise:+.2f} ± {noise:.2f}",
        )
        for name, (rise, noise) in lines.items()
    ]
    figures.table(("", "first", "half-way", "last", "most", "rise in the second half"), rows)
    print()
    verdicts = [_verdict(name, rise, noise, half[0][name]) for name, (rise, noise) in lines.items()]
    figures.verdict(f"{answered:,} of {sent:,} messages answered", met=answered == sent)
    return all(verdicts) and answered == sent


def _line(values: Sequence[float]) -> tuple[float, float]:
    """Return by how much the line through *values* rises, and how far they lie around it."""
    slope, start = statistics.linear_regression(range(len(values)), values)
    return slope * (len(values) - 1), statistics.pstdev(
        value - start - slope * number for number, value in enumerate(values)
    )


def _verdict(name: str, rise: float, noise: float, level: float) -> bool:
    flat = rise <= max(_GROWS * level, _NOISE * noise)
    figures.verdict(f"{name}: flat", met=flat)
    return flat


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rate", type=float, default=10, help="messages a second")
    given = parser.parse_args()
    sys.exit(not uvloop.run(measure(given.minutes, given.rate)))

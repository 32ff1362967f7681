"""Messages answered in a second by one, two and four workers, with a model that needs no time.

Everybody writes once, through the webhook; the clock starts when all of them are due at once.

python -m benchmarks.workers [--profile]
"""

import argparse
import asyncio
import os
import pstats
import signal
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from benchmarks import deliveries, figures, history, surroundings
from benchmarks.graph import Graph
from benchmarks.load import send
from bot.store.embedded import EmbeddedPostgres

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

# What cProfile keeps: file, line and name; calls, own and cumulated seconds, and by whom.
_Function = tuple[str, int, str]
_Times = tuple[int, int, float, float]
_Stats = dict[_Function, tuple[int, int, float, float, dict[_Function, _Times]]]

_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
_PROCESSES = 1, 2, 4
_SETTINGS = {"shared_preload_libraries": "pg_stat_statements"}
_TICKS = os.sysconf("SC_CLK_TCK")  # of CPU time, in a second
_LATEST = 180.0  # seconds for everybody's answer
_PAIRS = 5  # of a message and its reply, that everybody has behind them
_UNPACED = {"WHATSAPP_MESSAGES_PER_SECOND": "100000"}  # what Ava can do, not what Meta allows
_HELD, _DUE = (
    f"update attention set due_at = clock_timestamp() + interval '{wait}'"
    for wait in ("1 hour", "0 seconds")
)
_LISTENING = "select count(*) from pg_stat_activity where query ilike 'listen%'"
_CALLS = (
    "select sum(calls)::int from pg_stat_statements"
    " join pg_roles on pg_roles.oid = userid where rolname = 'service_role'"
)
_FLUSHES = (
    "select sum(fsyncs)::int from pg_stat_io"
    " where object = 'wal' and backend_type = 'client backend'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answered:
    """What one message took: seconds of CPU by whom, statements, commits flushed by a session."""

    rate: float  # messages a second
    workers: float
    postgres: float
    graph: float  # the fake one, and this program
    statements: float
    flushes: float


async def measure(count: int, *, profile: bool = False) -> None:
    """Print how fast *count* people are answered."""
    with surroundings.durable_postgres(_SETTINGS) as server:
        figures.machine(server)
        if profile:
            await _round(server, 1, count, profile=True)
            return
        found = {number: await _round(server, number, count) for number in _PROCESSES}
    _show(found)


def _show(found: dict[int, _Answered]) -> None:
    rows = [
        (
            str(number),
            f"{answered.rate:.0f}",
            f"{answered.workers * 1e3:.1f}",
            f"{answered.postgres * 1e3:.1f}",
            f"{answered.graph * 1e3:.1f}",
            f"{_busy(answered):.0%}",
            f"{answered.statements:.1f}",
            f"{answered.flushes:.2f}",
        )
        for number, answered in found.items()
    ]
    head = (
        "workers",
        "messages/s",
        "CPU of workers, ms",
        "of Postgres",
        "of the Graph API's stand-in",
    )
    figures.table((*head, "cores busy", "statements", "flushed commits"), rows)
    print(
        f"Each figure behind the rate is for one message. 100 % of {os.cpu_count()} cores is all.\n"
    )


def _busy(answered: _Answered) -> float:
    """Return how much of the machine this took; near 1, its cores are what limits."""
    seconds = answered.workers + answered.postgres + answered.graph
    return answered.rate * seconds / (os.cpu_count() or 1)


async def _round(
    server: EmbeddedPostgres, number: int, count: int, *, profile: bool = False
) -> _Answered:
    name = f"ava_{number}"
    port, graph_port = surroundings.free_ports(2)
    url = await surroundings.migrated_database(server, name)
    environment = surroundings.production(url, port, worker=False, graph_port=graph_port) | _UNPACED
    async with (
        surroundings.connected(server.dsn(name)) as admin,
        Graph().listening(graph_port) as graph,
    ):
        await admin.execute("create extension pg_stat_statements")
        await history.write(admin, count=count, pairs=_PAIRS)
        with surroundings.scratch() as logs:
            await _deliver(count, port, environment, logs)
            await admin.execute(_HELD)
            async with _workers(number, environment, logs, profile=profile) as pids:
                await _until_connected(admin, number)
                answered = await _answer(admin, graph, pids, count)
            if profile:
                _show_profile(logs / "profile", count)
    return answered


async def _deliver(count: int, port: int, environment: dict[str, str], logs: Path) -> None:
    async with surroundings.program(
        surroundings.AVA, port=port, log=logs / "web.log", environment=environment
    ):
        await send(deliveries.single_texts(count, senders=count), port=port)


@asynccontextmanager
async def _workers(
    number: int, environment: dict[str, str], logs: Path, *, profile: bool
) -> AsyncIterator[Sequence[int]]:
    program = [surroundings.AVA, "worker"]
    if profile:
        program = ["-m", "benchmarks.watched", str(logs / "profile")]
    with (logs / "workers.log").open("ab") as output:
        processes = [
            await asyncio.create_subprocess_exec(
                *(sys.executable, *program),
                cwd=logs,
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(surroundings.ROOT)}
                | environment,
                stdout=output,
                stderr=output,
            )
            for _ in range(number)
        ]
    try:
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        await asyncio.gather(*(process.wait() for process in processes))


async def _until_connected(admin: "Connection", number: int) -> None:
    """Return once each worker listens; what it asked on its way up is not counted."""
    async with asyncio.timeout(20):
        while await admin.fetchval(_LISTENING) < number:  # noqa: ASYNC110 - other processes do it
            await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    await admin.execute("select pg_stat_statements_reset()")
    await admin.execute("select pg_stat_reset_shared('io')")


async def _answer(admin: "Connection", graph: Graph, pids: Sequence[int], count: int) -> _Answered:
    before = _cpu(pids), _cpu(_server(admin)), time.process_time()
    began = time.perf_counter()
    await admin.execute(_DUE)
    await admin.execute("notify attention")
    await _until_said(graph, count)
    seconds = graph.text_at - began
    await surroundings.until_answered(admin)
    after = _cpu(pids), _cpu(_server(admin)), time.process_time()
    workers, postgres, own = (
        (then - first) / count for first, then in zip(before, after, strict=True)
    )
    return _Answered(
        rate=count / seconds,
        workers=workers,
        postgres=postgres,
        graph=own,
        statements=await admin.fetchval(_CALLS) / count,
        flushes=await admin.fetchval(_FLUSHES) / count,
    )


async def _until_said(graph: Graph, count: int) -> None:
    async with asyncio.timeout(_LATEST):
        while graph.texts < count:
            graph.said.clear()
            await graph.said.wait()


def _server(admin: "Connection") -> Sequence[int]:
    """Return the processes of Postgres; the first one's time holds that of those who ended."""
    postmaster = int(_stat(admin.get_server_pid())[1])
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    return [postmaster, *map(int, children)]


def _cpu(pids: Sequence[int]) -> float:
    """Return the seconds of CPU of these and of their children that ended."""
    return sum(sum(map(int, _stat(pid)[11:15])) for pid in pids) / _TICKS


def _stat(pid: int) -> Sequence[str]:
    """Return what /proc says behind the process's name: its state, its parent …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _show_profile(path: Path, count: int) -> None:
    """Print the CPU of each package for one message; what is built in belongs to who calls it."""
    spent: defaultdict[str, float] = defaultdict(float)
    stats: _Stats = pstats.Stats(str(path)).stats  # type: ignore[attr-defined]
    for (file, _, _), (_, _, own, _, callers) in stats.items():
        if file == "~":
            for (caller, _, _), (_, _, share, _) in callers.items():
                spent[_package(caller)] += share
        else:
            spent[_package(file)] += own
    total = sum(spent.values())
    most = sorted(spent.items(), key=itemgetter(1), reverse=True)[:15]
    rows = [(name, f"{own / count * 1e3:.2f}", f"{own / total:.0%}") for name, own in most]
    figures.table(("package", "ms for a message, watched", "share"), rows)


def _package(file: str) -> str:
    """Return ``aiohttp`` for what is installed, ``bot/store`` for ours, ``json`` for Python's."""
    installed = file.rpartition("/site-packages/")[2]
    path = Path(installed).with_suffix("")
    if path.is_relative_to(surroundings.ROOT):
        return "/".join(path.relative_to(surroundings.ROOT).parts[:2])
    if installed != file:
        return path.parts[0]
    return path.parts[path.parts.index(_PYTHON) + 1] if _PYTHON in path.parts else file


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000, help="people who write")
    parser.add_argument("--profile", action="store_true", help="watch one worker with cProfile")
    given = parser.parse_args()
    uvloop.run(measure(given.count, profile=given.profile))

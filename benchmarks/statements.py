"""What one message costs the database: round trips, statements, and commits that wait for the disk.

Messages come one at a time, each from delivery to answer; nothing is shared with others.

python -m benchmarks.statements
"""

import argparse
import asyncio
from typing import TYPE_CHECKING, NamedTuple

import uvloop

from benchmarks import deliveries, figures, history, surroundings
from benchmarks.graph import Graph
from benchmarks.load import send

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

_PEOPLE = 50
_PAIRS = 5  # of a message and its reply, that everybody has behind them
_WARM_UP = 30  # messages: functions are planned anew the first five times
_REST = 0.1  # seconds after an answer, until everything about it is over
_TARGET = 8
_SETTINGS = {"shared_preload_libraries": "pg_stat_statements"}
# Each is one round trip. What a worker asks while it has nothing to do is counted as well, a claim
# in two seconds.
_ASKED = (
    "select query, calls::int, total_exec_time / calls / 1000 as seconds from pg_stat_statements"
    " join pg_roles on pg_roles.oid = userid where rolname = 'service_role' order by calls desc"
)
_FLUSHES = (
    "select sum(fsyncs)::int from pg_stat_io"
    " where object = 'wal' and backend_type = 'client backend'"
)


class _Statement(NamedTuple):
    """times: for each message."""

    text: str
    times: float
    seconds: float


async def measure(count: int) -> None:
    """Print what each of *count* messages cost."""
    port, graph_port = surroundings.free_ports(2)
    with surroundings.durable_postgres(_SETTINGS) as server, surroundings.scratch() as logs:
        url = await surroundings.migrated_database(server, "ava")
        environment = surroundings.production(url, port, worker=True, graph_port=graph_port)
        async with (
            surroundings.connected(server.dsn("ava")) as admin,
            Graph().listening(graph_port) as graph,
        ):
            await admin.execute("create extension pg_stat_statements")
            await history.write(admin, count=_PEOPLE, pairs=_PAIRS)
            async with surroundings.program(
                *("-m", "benchmarks.ava_at_once"),
                port=port,
                log=logs / "ava.log",
                environment=environment,
            ):
                await _answers(graph, port, _WARM_UP)
                await admin.execute("select pg_stat_statements_reset()")
                await admin.execute("select pg_stat_reset_shared('io')")
                await _answers(graph, port, count)
                statements = await _asked(admin, count)
                flushes = await admin.fetchval(_FLUSHES) / count
    _show(statements, flushes)


async def _answers(graph: Graph, port: int, count: int) -> None:
    for number in range(count):
        graph.said.clear()
        await send(
            [deliveries.of_texts([deliveries.text(number % _PEOPLE)])], port=port, connections=1
        )
        async with asyncio.timeout(10):
            await graph.said.wait()
        await asyncio.sleep(_REST)


async def _asked(admin: "Connection", count: int) -> list[_Statement]:
    rows = await admin.fetch(_ASKED)
    found = [_Statement(row["query"], row["calls"] / count, row["seconds"]) for row in rows]
    return [statement for statement in found if statement.times >= 0.1]


def _show(statements: list[_Statement], flushes: float) -> None:
    rows = [
        (f"`{text[:60]}`", f"{times:.2f}", f"{seconds * 1e3:.2f}")
        for text, times, seconds in statements
    ]
    figures.table(("statement", "for each message", "ms each"), rows)
    total = sum(statement.times for statement in statements)
    met = total <= _TARGET + 0.5  # some are asked beside it
    figures.verdict(
        f"{total:.1f} statements, each one round trip, of which {flushes:.1f} wait for the disk;"
        f" at most {_TARGET}",
        met=met,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200, help="messages")
    uvloop.run(measure(parser.parse_args().count))

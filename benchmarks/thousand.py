"""A delivery of 1,000 updates: one statement, and its time at the database and over HTTP.

python -m benchmarks.thousand
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvloop

from benchmarks import deliveries, figures, people, surroundings
from benchmarks.load import send
from bot.store.embedded import EmbeddedPostgres

_UPDATES = 1_000
_ROUNDS = 15
_TARGET = 0.100  # seconds
_STATEMENTS = {"shared_preload_libraries": "pg_stat_statements"}
_OURS = (
    "select sum(calls)::int as calls, sum(total_exec_time) / 1000 as seconds"
    " from pg_stat_statements where query like '%take_delivery(%'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """One delivery, in seconds; statements: how many it took to store."""

    http: float
    database: float
    statements: int


async def measure() -> None:
    """Print the times of 1,000 texts from as many people, and of 1,000 reports."""
    with surroundings.durable_postgres(_STATEMENTS) as server:
        figures.machine(server)
        async with _ava(server) as port:
            texts = [await _take(server, port, _texts()) for _ in range(_ROUNDS)]
            reports = [await _reports(server, port) for _ in range(_ROUNDS)]
    _show({f"{_UPDATES:,} texts": texts, f"{_UPDATES:,} reports on replies": reports})


@asynccontextmanager
async def _ava(server: EmbeddedPostgres) -> AsyncIterator[int]:
    """Start Ava, without a worker, on a database that counts statements; yield its port."""
    port, nobody = surroundings.free_ports(2)
    url = await surroundings.migrated_database(server, "ava")
    async with surroundings.connected(server.dsn("ava")) as admin:
        await admin.execute("create extension pg_stat_statements")
        await people.link(admin, count=_UPDATES)
    with surroundings.scratch() as logs:
        environment = surroundings.production(url, port, worker=False, graph_port=nobody)
        async with surroundings.program(
            surroundings.AVA,
            port=port,
            log=logs / "ava.log",
            environment=environment,
        ):
            yield port


def _texts() -> bytes:
    return deliveries.of_texts([deliveries.text(sender) for sender in range(_UPDATES)])


async def _reports(server: EmbeddedPostgres, port: int) -> _Taken:
    """Report on 1,000 replies, each of which is in the outbox."""
    async with surroundings.connected(server.dsn("ava")) as admin:
        await admin.execute("truncate inbox, outbox, messages cascade")
        sent = await people.send_replies(admin, count=_UPDATES)
        await admin.execute("vacuum analyze")
    reports = [deliveries.status(wamid, send, n) for n, (wamid, send) in enumerate(sent)]
    taken = await _take(server, port, deliveries.of_statuses(reports))
    async with surroundings.connected(server.dsn("ava")) as admin:
        delivered = await admin.fetchval("select count(*) from messages where status = 'delivered'")
    if delivered != _UPDATES:
        raise RuntimeError(f"{delivered} of {_UPDATES} reports counted")
    return taken


async def _take(server: EmbeddedPostgres, port: int, delivery: bytes) -> _Taken:
    async with surroundings.connected(server.dsn("ava")) as admin:
        await admin.execute("select pg_stat_statements_reset()")
        load = await send([delivery], port=port, connections=1)
        row = await admin.fetchrow(_OURS)
    if row is None:
        raise RuntimeError("nothing was stored")
    return _Taken(http=load.waits[0], database=row["seconds"], statements=row["calls"])


def _show(found: dict[str, Sequence[_Taken]]) -> None:
    rows = [
        (
            name,
            str(max(taken.statements for taken in all_taken)),
            figures.milliseconds([taken.database for taken in all_taken]),
            figures.milliseconds([taken.http for taken in all_taken]),
        )
        for name, all_taken in found.items()
    ]
    figures.table(("", "statements", "database p50 / p99 ms", "HTTP p50 / p99 ms"), rows)
    for name, all_taken in found.items():
        took = figures.percentile([taken.http for taken in all_taken], 50)
        statements = max(taken.statements for taken in all_taken)
        met = took <= _TARGET and statements == 1
        figures.verdict(
            f"{name} in {took * 1000:.0f} ms and {statements} statement; at most 100 ms and one",
            met=met,
        )


if __name__ == "__main__":
    uvloop.run(measure())

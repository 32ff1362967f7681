"""Finding a person by phone among 1 thousand, 100 thousand and 1 million who linked theirs.

python -m benchmarks.lookup
"""

import random
import time

import uvloop

from benchmarks import figures, people, surroundings
from benchmarks.deliveries import FIRST_PHONE
from bot.models import Sender
from bot.store.embedded import EmbeddedPostgres
from bot.store.people import StoredPeople
from bot.store.postgres import PostgresDatabase

_SIZES = (1_000, 100_000, 1_000_000)
_LOOKUPS = 2_000
_INDEX = "idx_user_preferences_phone"
_FLAT = 2.0  # times the time among the fewest


async def measure() -> None:
    """Print the time of a lookup at each size, and the index that its plan uses."""
    with surroundings.durable_postgres() as server:
        figures.machine(server)
        url = await surroundings.migrated_database(server, "ava")
        found = {}
        for before, size in zip((0, *_SIZES), _SIZES, strict=False):
            await _grow(server, before, size)
            await _read_by_lookups(server)
            found[size] = await _lookups(url, size), await _read_by_lookups(server)
    _show(found)


async def _grow(server: EmbeddedPostgres, before: int, size: int) -> None:
    async with surroundings.connected(server.dsn("ava")) as admin:
        await people.link(admin, first=before, count=size)
        await admin.execute("vacuum analyze user_preferences", timeout=600)


async def _lookups(url: str, size: int) -> list[float]:
    """Look up people at random as a turn does; return the seconds of each."""
    database = PostgresDatabase(url, size=1)
    await database.open()
    bot, seconds = StoredPeople(database), []
    choose = random.Random(size)
    for _ in range(_LOOKUPS):
        sender = Sender(wa_id=str(FIRST_PHONE + choose.randrange(size)))
        began = time.perf_counter()
        person = await bot.recognise(sender)
        seconds.append(time.perf_counter() - began)
        if person is None:
            raise RuntimeError("a linked person was not found")
    await database.close()
    return seconds[_LOOKUPS // 10 :]  # the first ones warm the cache


async def _read_by_lookups(server: EmbeddedPostgres) -> set[str]:
    """Return what has been read of the table since the last time, and count anew."""
    async with surroundings.connected(server.dsn("ava")) as admin:
        rows = await admin.fetch(
            "select indexrelname as name from pg_stat_user_indexes"
            " where relname = 'user_preferences' and idx_scan > 0"
            " union all select 'all of user_preferences' from pg_stat_user_tables"
            " where relname = 'user_preferences' and seq_scan > 0"
        )
        await admin.execute("select pg_stat_reset()")
    return {row["name"] for row in rows}


def _show(found: dict[int, tuple[list[float], set[str]]]) -> None:
    first = figures.percentile(found[_SIZES[0]][0], 50)
    rows = [
        (
            f"{size:,}",
            f"{figures.percentile(seconds, 50) / first:.2f}",
            figures.milliseconds(seconds, digits=2),
            ", ".join(sorted(read)),
        )
        for size, (seconds, read) in found.items()
    ]
    figures.table(("linked people", "of the first", "p50 / p99 ms", "read"), rows)
    ratio = figures.percentile(found[_SIZES[-1]][0], 50) / first
    flat = ratio <= _FLAT and all(read == {_INDEX} for _, read in found.values())
    figures.verdict(f"flat ({ratio:.2f} times from first to last), by {_INDEX} only", met=flat)


if __name__ == "__main__":
    uvloop.run(measure())

"""What Ava asks most often, with a thousand people and with a million: plans and times.

Everything is measured in turn in two databases, which differ only in how much is in them; in both
one person in ten waits for another try. The flush of a commit, which never grows, is left out.

python -m benchmarks.growth [--people 1000000 --messages 10000000]
"""

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import uvloop

from benchmarks import deliveries, figures, history, surroundings
from benchmarks.deliveries import FIRST_PHONE, PHONE_NUMBER_ID
from bot.models import Caller, PersonId
from bot.store.embedded import EmbeddedPostgres
from bot.store.postgres import PostgresDatabase

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    from collections.abc import AsyncIterator

    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

_FEW = 1_000, 10_000  # people, messages
_CHATS = 220
_WARM_UP = 20  # of them
_WAITING = 10  # one person in so many
_FLAT = 2.0  # times the time with the fewest
_SELDOM = 0.1  # seconds, for what is asked now and then
_LARGE = 10_000  # rows; reading all of a table that has fewer may well be the best plan
_SETTINGS = {
    "shared_buffers": "2GB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "20GB",
    "checkpoint_timeout": "1h",
}
_STILL_THERE = "select exists (select from pg_stat_activity where application_name = 'ava')"
_SCANNED = (
    "select s.relname from pg_stat_user_tables s join pg_class c on c.oid = s.relid"
    " where s.seq_scan > 0 and c.reltuples > $1"
)
_NUMBER = {"number": PHONE_NUMBER_ID}
_LEASE = timedelta(seconds=30)
_LONGEST = timedelta(seconds=6)


@dataclass(slots=True, kw_only=True)
class _Chat:
    """One person who writes and is answered; the calls leave here what the later ones need."""

    person: int
    wamid: str
    id: PersonId | None = None
    lease: dict[str, Any] = field(default_factory=dict)
    answers: Sequence[str] = ()
    send: str = ""

    @property
    def phone(self) -> str:
        return str(FIRST_PHONE + self.person)

    @property
    def key(self) -> str:
        return f"wa:{self.phone}"

    @property
    def sent_wamid(self) -> str:
        return f"sent.{self.wamid}"

    @property
    def caller(self) -> Caller:
        if self.id is None:
            raise RuntimeError("nobody knows yet who it is")
        return Caller(id=self.id, token="")


_Call = Callable[[PostgresDatabase, _Chat], Awaitable[None]]


# --- the calls, in the order of a message's way ---------------------------------------------------


async def _take(database: PostgresDatabase, chat: _Chat) -> None:
    row = _update(f"message:{chat.wamid}", "message") | {"sender": chat.key}
    await database.as_bot("take_delivery", updates=[row], longest=_LONGEST, **_NUMBER)


async def _claim(database: PostgresDatabase, chat: _Chat) -> None:
    claimed = await _claim_due(database, done=[])
    (chat.lease,) = claimed["leases"]
    if chat.lease["key"] != chat.key:
        raise RuntimeError("somebody else was due")
    chat.id = PersonId(UUID(chat.lease["person"]))


async def _find(database: PostgresDatabase, chat: _Chat) -> None:
    await database.as_bot("find_person", spellings=[f"+{chat.phone}"], bsuid=None)


async def _open(database: PostgresDatabase, chat: _Chat) -> None:
    arrival = {"wamid": chat.wamid, "text": "Hello?", "readable": True}
    turn = await database.as_bot(
        "open_turn", person=chat.id, channel="whatsapp", arrivals=[arrival], lines=60
    )
    chat.answers = [said["id"] for said in turn["said"] if said["unanswered"]]


async def _pace(database: PostgresDatabase, chat: _Chat) -> None:
    await database.as_bot(
        "pace_sends", recipient=chat.key, per_second=1e6, patience=_LONGEST, **_NUMBER
    )


async def _store(database: PostgresDatabase, chat: _Chat) -> None:
    stored = await database.as_bot(
        "store_reply",
        person=chat.id,
        channel="whatsapp",
        answers=[UUID(answered) for answered in chat.answers],
        text="Hello.",
        parts=["Hello."],
        recipient=chat.key,
        is_notice=False,
        joins=True,
        begin=True,
    )
    (send,) = stored["sends"]
    chat.send = send["id"]


async def _note_sent(database: PostgresDatabase, chat: _Chat) -> None:
    await database.as_bot("sent_send", id=UUID(chat.send), wamid=chat.sent_wamid, **_NUMBER)


async def _give_back(database: PostgresDatabase, chat: _Chat) -> None:
    await _claim_due(database, done=[{"key": chat.key, "lease": chat.lease["lease"]}])


async def _report(database: PostgresDatabase, chat: _Chat) -> None:
    report = {"send_id": chat.send, "wamid": chat.sent_wamid, "status": "delivered"}
    row = _update(f"status:{chat.sent_wamid}:delivered", "status") | {"report": report}
    await database.as_bot("take_delivery", updates=[row], longest=_LONGEST, **_NUMBER)


# --- and those beside it --------------------------------------------------------------------------


async def _beat(database: PostgresDatabase, chat: _Chat) -> None:
    held = [UUID(chat.lease["lease"])]
    await database.as_bot("beat_attention", keys=[chat.key], leases=held, lease=_LEASE)


async def _unsent(database: PostgresDatabase, chat: _Chat) -> None:
    await database.as_bot("unsent_sends", recipient=chat.key)


async def _page(database: PostgresDatabase, chat: _Chat) -> None:
    await database.as_person(
        chat.caller, "my_messages", limit=50, before=datetime.now(UTC), before_id=UUID(int=0)
    )


async def _say(database: PostgresDatabase, chat: _Chat) -> None:
    await database.as_person(chat.caller, "say", text="Hello?", wait=_LEASE, longest=_LONGEST)


async def _figures(database: PostgresDatabase, _: _Chat) -> None:
    await database.as_bot("queue_figures")


async def _alarms(database: PostgresDatabase, _: _Chat) -> None:
    await database.as_bot("review_alarms", allowance=1_000_000, **_NUMBER)


async def _forget(database: PostgresDatabase, _: _Chat) -> None:
    await database.as_bot(
        "forget_old",
        inbox=timedelta(days=30),
        outbox=timedelta(days=60),
        chats=timedelta(days=90),
        silenced=timedelta(days=365),
        most=100,
    )


_CALLS: Sequence[tuple[str, _Call]] = (
    ("take_delivery, a message", _take),
    ("claim_due, one conversation", _claim),
    ("find_person", _find),
    ("open_turn", _open),
    ("beat_attention", _beat),
    ("pace_sends", _pace),
    ("store_reply", _store),
    ("unsent_sends", _unsent),
    ("sent_send", _note_sent),
    ("claim_due, giving back", _give_back),
    ("take_delivery, a report", _report),
    ("my_messages, a page", _page),
    ("say, in the app", _say),
    ("forget_old, 100 of each", _forget),
    ("queue_figures, at a scrape", _figures),
    ("review_alarms, in 15 seconds", _alarms),
)
# What each process asks now and then, however many messages there are. It may read the queue.
_BESIDE = {_forget, _figures, _alarms}


async def _claim_due(database: PostgresDatabase, *, done: list[dict[str, str]]) -> dict[str, Any]:
    claimed: dict[str, Any] = await database.as_bot(
        "claim_due", worker="growth", limit=1, lease=_LEASE, done=done, held=[]
    )
    return claimed


def _update(key: str, kind: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {"key": key, "kind": kind, "sent_at": now, "payload": "p" * 400, "wait": 0}


# --- measuring ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Took:
    """seconds of each call; scanned: large tables that were read from end to end."""

    seconds: Sequence[float]
    scanned: Sequence[str]

    @property
    def typical(self) -> float:
        return figures.percentile(self.seconds, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    """A database with so many people in it, and the chats that the calls are about."""

    people: int
    url: str
    as_admin: str
    chats: Sequence[_Chat]


async def _take_in_turn(call: _Call, sizes: Sequence[_Size]) -> list[_Took]:
    """Make the call once for each chat, now in one database, now in the other."""
    for size in sizes:
        async with surroundings.connected(size.as_admin) as admin:
            await admin.execute("select pg_stat_reset()")
    seconds: list[list[float]] = [[] for _ in sizes]
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(_opened(size.url)) for size in sizes]
        for chats in zip(*(size.chats for size in sizes), strict=True):
            for database, chat, took in zip(opened, chats, seconds, strict=True):
                began = time.perf_counter()
                await call(database, chat)
                took.append(time.perf_counter() - began)
    return [
        _Took(seconds=took[_WARM_UP:], scanned=await _scanned(size.as_admin))
        for took, size in zip(seconds, sizes, strict=True)
    ]


async def measure(people: int, messages: int) -> None:
    """Print the times with few and with many, and whether a large table was read as a whole."""
    with surroundings.durable_postgres(_SETTINGS) as server:
        figures.machine(server)
        sizes = [await _size(server, *_FEW), await _size(server, people, messages)]
        await _show_weights(sizes[-1])
        found = {name: await _take_in_turn(call, sizes) for name, call in _CALLS}
    _show(found, sizes)
    _judge(found)


async def _size(server: EmbeddedPostgres, people: int, messages: int) -> _Size:
    name = f"ava_{people}"
    url = await surroundings.migrated_database(server, name)
    began = time.perf_counter()
    async with surroundings.connected(server.dsn(name)) as admin:
        await history.write(admin, count=people, pairs=messages // people // 2)
        await history.let_wait(admin, count=people, one_in=_WAITING)
        await admin.execute("checkpoint", timeout=3600)
    print(f"{messages:,} messages of {people:,} people in {time.perf_counter() - began:.0f} s")
    choose = random.Random(people)
    numbers = choose.sample([n for n in range(people) if n % _WAITING != 7], _CHATS)
    chats = [_Chat(person=n, wamid=deliveries.text(n)["id"]) for n in numbers]
    return _Size(people=people, url=url, as_admin=server.dsn(name), chats=chats)


@asynccontextmanager
async def _opened(url: str) -> "AsyncIterator[PostgresDatabase]":
    database = PostgresDatabase(url, size=1)
    await database.open()
    yield database
    await database.close()


async def _scanned(url: str) -> list[str]:
    """Return the large tables that were read as a whole since the counters were reset."""
    async with surroundings.connected(url) as admin:
        while await admin.fetchval(_STILL_THERE):  # noqa: ASYNC110 - it counts when it ends
            await asyncio.sleep(0.01)
        rows = await admin.fetch(_SCANNED, _LARGE)
    return [row["relname"] for row in rows]


async def _show_weights(size: _Size) -> None:
    async with surroundings.connected(size.as_admin) as admin:
        rows = await admin.fetch(
            "select relname, reltuples::bigint as rows, pg_table_size(oid) as own,"
            " pg_indexes_size(oid) as indexes from pg_class"
            " where relkind = 'r' and reltuples >= $1 and relnamespace = 'public'::regnamespace"
            " order by pg_total_relation_size(oid) desc",
            _LARGE,
        )
    shown = [
        (
            f"`{row['relname']}`",
            f"{row['rows']:,}",
            f"{row['own'] / row['rows']:.0f}",
            f"{row['indexes'] / row['rows']:.0f}",
            f"{(row['own'] + row['indexes']) / 1e9:.2f}",
        )
        for row in rows
    ]
    print()
    figures.table(("table", "rows", "bytes each", "of indexes", "GB"), shown)
    print()


def _show(found: dict[str, list[_Took]], sizes: Sequence[_Size]) -> None:
    rows = [
        (
            name,
            *(figures.milliseconds(took.seconds, digits=2) for took in all_taken),
            f"{_ratio(all_taken):.2f}",
            ", ".join(_scanned_by(all_taken)) or "none",
        )
        for name, all_taken in found.items()
    ]
    heads = (f"{size.people:,} people, p50 / p99 ms" for size in sizes)
    figures.table(("", *heads, "ratio of p50", "large tables read as a whole"), rows)


def _judge(found: dict[str, list[_Took]]) -> None:
    beside = {name: found[name] for name, call in _CALLS if call in _BESIDE}
    on_the_way = {name: found[name] for name, call in _CALLS if call not in _BESIDE}
    steep = [name for name, all_taken in on_the_way.items() if _ratio(all_taken) > _FLAT]
    figures.verdict(
        f"on a message's way nothing takes more than {_FLAT:.0f} times as long: {steep or 'all'}",
        met=not steep,
    )
    scanning = [name for name, all_taken in on_the_way.items() if _scanned_by(all_taken)]
    figures.verdict(f"… or reads a large table as a whole: {scanning or 'all'}", met=not scanning)
    slow = [name for name, all_taken in beside.items() if all_taken[-1].typical > _SELDOM]
    figures.verdict(
        f"what is asked now and then takes at most 0.1 s: {slow or 'all'}", met=not slow
    )


def _scanned_by(all_taken: Sequence[_Took]) -> list[str]:
    return sorted({table for took in all_taken for table in took.scanned})


def _ratio(all_taken: Sequence[_Took]) -> float:
    return all_taken[-1].typical / all_taken[0].typical


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--messages", type=int, default=1_000_000)
    given = parser.parse_args()
    uvloop.run(measure(given.people, given.messages))

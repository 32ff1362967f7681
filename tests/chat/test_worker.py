"""The worker, on a store of its own: what nobody sees at the front door, or not cheaply."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from bot.chat.attention import Bell, Worker
from bot.errors import AnsweredElsewhere, ModelUnavailable
from bot.models import Claimed, Lease, Sender, Update, UpdateKind
from bot.store.attention import StoredAttention
from bot.store.inbox import StoredInbox
from bot.store.postgres import PostgresDatabase
from tests.ava import eventually
from tests.databases import Databases

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADA, BEN = Sender(wa_id="31600000001"), Sender(wa_id="31600000002")
PATIENCE = 10.0  # seconds, for what should happen at once


class Noted(StoredAttention):
    """The real one, which notes what each claim gives back. owner: past row-level security."""

    def __init__(self, database: PostgresDatabase, owner: asyncpg.Connection) -> None:
        super().__init__(database)
        self.database = database
        self.owner = owner
        self.claims: list[list[str]] = []

    async def claim(
        self,
        *,
        worker: str,
        limit: int,
        lease: timedelta,
        done: Sequence[Lease] = (),
        held: Sequence[Lease] = (),
    ) -> Claimed:
        claimed = await super().claim(worker=worker, limit=limit, lease=lease, done=done, held=held)
        self.claims.append([given_back.key for given_back in done])
        return claimed


@pytest.fixture(scope="module")
def url(databases: Databases) -> Iterator[str]:
    with databases.lent() as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(url)
    await database.open()
    yield database
    await database.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(url: str) -> AsyncIterator[asyncpg.Connection]:
    """The database past row-level security."""
    owner = await asyncpg.connect(url)
    yield owner
    await owner.close()


@pytest_asyncio.fixture(loop_scope="module")
async def attention(database: PostgresDatabase, owner: asyncpg.Connection) -> Noted:
    await owner.execute("delete from attention")
    return Noted(database, owner)


async def write(attention: Noted, *senders: Sender) -> None:
    """They write, and nobody rings."""
    inbox = StoredInbox(
        attention.database, number="900100200300", longest_wait=timedelta(seconds=6)
    )
    await inbox.take([(message(sender), timedelta(0)) for sender in senders])


def message(sender: Sender) -> Update:
    return Update(
        key=f"message:{uuid4()}",
        kind=UpdateKind.MESSAGE,
        payload="{}",
        sender=sender,
        sent_at=datetime.now(UTC),
    )


class Visits:
    """Attends to whoever waits, for as long as a test says so."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[tuple[str, asyncio.Event]] = asyncio.Queue()
        self.may_end = asyncio.Event()
        self.ends_with: list[Exception] = []

    async def attend(self, lease: Lease, more: asyncio.Event) -> None:
        self.begun.put_nowait((lease.key, more))
        await self.may_end.wait()
        if self.ends_with:
            raise self.ends_with.pop(0)

    async def next(self) -> tuple[str, asyncio.Event]:
        async with asyncio.timeout(PATIENCE):
            return await self.begun.get()


@pytest.fixture
def visits() -> Visits:
    return Visits()


@pytest.fixture
def bell() -> Bell:
    return Bell()


@asynccontextmanager
async def working(
    attention: Noted, visits: Visits, bell: Bell, *, slots: int = 16
) -> AsyncIterator[Worker]:
    """Run a worker; after its first claim it waits for the bell."""
    worker = Worker(attention, visits.attend, bell, slots=slots)
    running = asyncio.create_task(worker.run())
    await claims(attention, 1)
    yield worker
    await worker.stop(grace_seconds=0)
    await running


async def claims(attention: Noted, count: int) -> None:
    """Return once there were that many."""

    async def are_made() -> bool:
        return len(attention.claims) >= count

    await eventually(are_made)


async def settled() -> None:
    """Let everybody run who could."""
    for _ in range(20):
        await asyncio.sleep(0)


# --- the bell -----------------------------------------------------------------------------------


async def test_a_ring_for_later_asks_the_store_nothing_yet(
    attention: Noted, visits: Visits, bell: Bell
) -> None:
    async with working(attention, visits, bell):
        bell.ring(timedelta(seconds=60))
        await settled()

        assert len(attention.claims) == 1


async def test_a_ring_has_whoever_waits_attended_to(
    attention: Noted, visits: Visits, bell: Bell
) -> None:
    async with working(attention, visits, bell):
        await write(attention, ADA)
        bell.ring()

        assert (await visits.next())[0] == ADA.key


async def test_a_ring_for_later_takes_nothing_back(
    attention: Noted, visits: Visits, bell: Bell
) -> None:
    async with working(attention, visits, bell):
        await write(attention, ADA)
        bell.ring()
        bell.ring(timedelta(seconds=60))

        assert (await visits.next())[0] == ADA.key


async def test_another_process_is_heard(
    attention: Noted, url: str, visits: Visits, bell: Bell
) -> None:
    listening = asyncio.create_task(bell.listen(attention))
    await asyncio.wait_for(bell.here.wait(), PATIENCE)  # once it listens
    async with working(attention, visits, bell):
        await write(attention, ADA)
        elsewhere = PostgresDatabase(url)
        await elsewhere.open()
        await StoredAttention(elsewhere).wake_others()
        await elsewhere.close()

        assert (await visits.next())[0] == ADA.key
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_ring_is_told_to_the_other_processes(
    attention: Noted, url: str, bell: Bell
) -> None:
    calls = StoredAttention(PostgresDatabase(url)).woken()
    await anext(calls)  # another process listens from now on
    telling = asyncio.create_task(bell.tell_others(attention))

    bell.ring(timedelta(seconds=60))

    await asyncio.wait_for(anext(calls), PATIENCE)
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)
    await calls.aclose()  # type: ignore[attr-defined]


# --- what runs ----------------------------------------------------------------------------------


async def test_more_that_comes_while_somebody_is_attended_to_is_told_and_attended_to_next(
    attention: Noted, visits: Visits, bell: Bell
) -> None:
    await write(attention, ADA, BEN)
    async with working(attention, visits, bell):
        mores = dict([await visits.next(), await visits.next()])
        await write(attention, ADA)
        bell.ring(timedelta(seconds=60))

        await asyncio.wait_for(mores[ADA.key].wait(), PATIENCE)
        assert not mores[BEN.key].is_set()
        visits.may_end.set()
        assert (await visits.next())[0] == ADA.key


async def test_who_was_attended_to_is_given_back_with_the_next_claim(
    attention: Noted,
    visits: Visits,
    bell: Bell,
) -> None:
    await write(attention, ADA)
    visits.may_end.set()
    async with working(attention, visits, bell):
        await claims(attention, 2)

        assert attention.claims == [[], [ADA.key]]
        assert await attention.owner.fetchval("select count(*) from attention") == 0


async def test_no_more_are_attended_to_at_once_than_there_are_slots(
    attention: Noted, visits: Visits, bell: Bell
) -> None:
    await write(attention, ADA, BEN)
    async with working(attention, visits, bell, slots=1):
        first, _ = await visits.next()
        bell.ring()
        await claims(attention, 2)

        assert visits.begun.empty()
        visits.may_end.set()
        assert {first, (await visits.next())[0]} == {ADA.key, BEN.key}


async def test_what_is_to_be_tried_again_at_once_does_not_wait_for_the_next_poll(
    attention: Noted, visits: Visits, bell: Bell
) -> None:
    await write(attention, ADA)
    visits.ends_with = [AnsweredElsewhere(again_in=timedelta(0))]
    async with working(attention, visits, bell):
        await visits.next()
        visits.may_end.set()

        async with asyncio.timeout(1.9):  # seconds; it polls every 2
            assert (await visits.next())[0] == ADA.key


@pytest.mark.parametrize(("error", "failures"), [(ModelUnavailable(), 0), (ZeroDivisionError(), 1)])
async def test_only_what_nobody_foresaw_counts_as_a_failure(
    attention: Noted,
    visits: Visits,
    bell: Bell,
    error: Exception,
    failures: int,
) -> None:
    await write(attention, ADA)
    visits.ends_with = [error]
    visits.may_end.set()

    async def is_given_back() -> bool:
        return bool(await attention.owner.fetchval("select lease is null from attention"))

    async with working(attention, visits, bell):
        await eventually(is_given_back)

        row = await attention.owner.fetchrow(
            "select failures, last_error, due_at - clock_timestamp() as wait from attention"
        )
        assert row is not None
        assert (row["failures"], row["last_error"]) == (failures, type(error).__name__)
        assert timedelta(seconds=1) < row["wait"] < timedelta(seconds=3)


# --- stopping -----------------------------------------------------------------------------------


async def test_nothing_is_claimed_once_it_shall_claim_no_more(
    attention: Noted,
    visits: Visits,
    bell: Bell,
) -> None:
    async with working(attention, visits, bell) as worker:
        worker.claim_no_more()
        await write(attention, ADA)
        bell.ring()
        await worker.stop(grace_seconds=0)

        assert visits.begun.empty()
        assert await attention.owner.fetchval("select attempts from attention") == 0


async def test_what_runs_may_end_and_is_given_back_and_the_others_are_woken(
    attention: Noted,
    url: str,
    visits: Visits,
    bell: Bell,
) -> None:
    calls = StoredAttention(PostgresDatabase(url)).woken()
    await anext(calls)  # another process listens from now on
    await write(attention, ADA)
    async with working(attention, visits, bell) as worker:
        await visits.next()
        stopping = asyncio.create_task(worker.stop(grace_seconds=PATIENCE))
        await settled()
        visits.may_end.set()
        await stopping

        assert await attention.owner.fetchval("select count(*) from attention") == 0
        await asyncio.wait_for(anext(calls), PATIENCE)
    await calls.aclose()  # type: ignore[attr-defined]


async def test_what_does_not_end_in_time_is_due_for_the_others_at_once(
    attention: Noted,
    visits: Visits,
    bell: Bell,
) -> None:
    await write(attention, ADA)
    async with working(attention, visits, bell) as worker:
        await visits.next()
        await worker.stop(grace_seconds=0)

        row = await attention.owner.fetchrow(
            "select lease, failures, due_at <= clock_timestamp() as is_due from attention"
        )
        assert row is not None
        assert tuple(row) == (None, 0, True)

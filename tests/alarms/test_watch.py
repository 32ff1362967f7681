"""Looking for alarms: whatever fails, each change is told once."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from datetime import UTC, datetime

import asyncpg
import pytest
from asyncpg import Connection
from structlog.testing import capture_logs

from bot.alarms.slack import Slack
from bot.alarms.tellers import Log, Teller
from bot.alarms.watch import Watch
from bot.errors import StoreUnavailable
from bot.store.alarms import StoredAlarms
from bot.store.postgres import PostgresDatabase
from bot.upkeep import Alarm, AlarmChange, AlarmName
from tests.alarms.receivers import Receiver
from tests.databases import Databases

GIVE_UP = "insert into attention (key, due_at, dead) values ('wa:31600000001', now(), true)"
NUMBER = "900100200300"


@pytest.fixture(scope="module")
def url(databases: Databases) -> Iterator[str]:
    with databases.lent() as url:
        yield url


@pytest.fixture
async def owner(url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(url)
    await connection.execute("delete from alarms; delete from attention")
    yield connection
    await connection.close()


@pytest.fixture
async def stored(url: str) -> AsyncIterator[StoredAlarms]:
    database = PostgresDatabase(url, size=2)
    await database.open()
    yield StoredAlarms(database)
    await database.close()


def watch(stored: StoredAlarms, *tellers: Teller) -> Watch:
    """What one process does."""
    return Watch(stored, tellers, number=NUMBER, allowance=1000)


async def test_every_change_is_told_once_however_many_look(
    owner: Connection, stored: StoredAlarms, slack: Slack, receiver: Receiver
) -> None:
    processes = [watch(stored, Log(), slack) for _ in range(3)]

    async def look_twice() -> None:
        for _ in range(2):
            await asyncio.gather(*(process.review() for process in processes))

    with capture_logs() as lines:
        await owner.execute(GIVE_UP)
        await look_twice()
        await owner.execute("delete from attention")
        await look_twice()

    assert lines == [
        {"event": "alarm.raised", "log_level": "error", "name": "dead_letters", "letters": 1},
        {"event": "alarm.cured", "log_level": "info", "name": "dead_letters", "letters": 1},
    ]
    assert ["needs you" in heard for heard in receiver.heard] == [True, False]


async def test_a_slack_that_is_down_hears_it_later_and_the_log_not_again(
    owner: Connection, stored: StoredAlarms, slack: Slack, receiver: Receiver
) -> None:
    receiver.statuses["slack"] = 503
    await owner.execute(GIVE_UP)

    with capture_logs() as lines:
        await watch(stored, Log(), slack).review()
        await watch(stored, Log(), slack).review()
        receiver.statuses.clear()
        for _ in range(2):
            await watch(stored, Log(), slack).review()

    assert [line["event"] for line in lines] == ["alarm.raised", "alarm.untold", "alarm.untold"]
    assert len(receiver.heard) == 3


class Stumbling:
    """Alarms whose store is away at first, then does what nobody foresaw, then has one."""

    def __init__(self) -> None:
        self.answers: list[Exception | list[AlarmChange]] = [StoreUnavailable(), KeyError("x")]
        self.was_told = asyncio.Event()

    async def review(self, _number: str, _allowance: int) -> Sequence[AlarmChange]:
        alarm = Alarm(name=AlarmName.DEAD_LETTERS, figure=1, since=datetime.now(UTC))
        answer = self.answers.pop(0) if self.answers else [AlarmChange(alarm=alarm, is_cured=False)]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def told(self, _change: AlarmChange, _by: Collection[str], *, is_done: bool) -> None:
        assert is_done
        self.was_told.set()

    async def standing(self) -> Sequence[Alarm]:
        return []


async def test_no_error_ends_the_watch() -> None:
    alarms = Stumbling()
    watch = Watch(alarms, [Log()], number=NUMBER, allowance=1000, pause_seconds=0)

    with capture_logs() as lines:
        running = asyncio.create_task(watch.run())
        await alarms.was_told.wait()
        running.cancel()

    events = [line["event"] for line in lines][:3]
    assert events == ["alarms.unavailable", "alarms.failed", "alarm.raised"]

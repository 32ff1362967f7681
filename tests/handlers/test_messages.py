"""The conversation as its person sees it, page by page, and nobody else."""

import asyncio
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection

from bot.errors import StoreRejected
from bot.models import PersonId
from bot.store.postgres import PostgresDatabase
from tests.ava import Person
from tests.handlers.conftest import Newcomer

pytestmark = pytest.mark.asyncio(loop_scope="package")

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def remember(owner: Connection, person: Person, *lines: tuple[str, datetime]) -> None:
    await owner.executemany(
        "insert into messages (user_id, channel, role, content, created_at)"
        " values ($1::text::uuid, 'app', 'assistant', $2, $3)",
        [(person.id, *line) for line in lines],
    )


async def pages(person: Person, limit: int) -> list[list[str]]:
    """Walk the whole history."""
    found, before = [], ""
    while True:
        status, page = await person.ask("GET", f"/messages?limit={limit}&before={before}")
        assert status == 200, page
        found.append([message["content"] for message in page["messages"]])
        before = page["next"]
        if before is None:
            return found


async def test_without_messages_the_history_is_empty(somebody: Person) -> None:
    assert await somebody.ask("GET", "/messages") == (200, {"messages": [], "next": None})


async def test_something_said_is_answered_in_the_list(newcomer: Newcomer) -> None:
    person = await newcomer()
    await person.make_avatar()

    status, accepted = await person.ask("POST", "/messages", json={"content": "  Hello. "})

    assert (status, accepted.keys()) == (202, {"id"})
    async with asyncio.timeout(5):
        while len(history := await person.messages()) < 2:
            pass
    said, answered = history
    assert said.keys() == {"id", "channel", "role", "content", "status", "created_at"}
    assert (said["id"], said["content"], said["status"]) == (accepted["id"], "Hello.", None)
    assert (answered["content"], answered["status"]) == ("You said: Hello.", "sent")
    assert (said["role"], answered["role"]) == ("user", "assistant")
    assert {said["channel"], answered["channel"]} == {"app"}


async def test_without_an_avatar_there_is_nobody_to_talk_with(somebody: Person) -> None:
    status, problem = await somebody.ask("POST", "/messages", json={"content": "Hello?"})

    assert status == 409
    assert "avatar" in problem["detail"]
    assert await somebody.messages() == []


async def test_history_outlives_the_avatar(newcomer: Newcomer, owner: Connection) -> None:
    person = await newcomer()
    await person.make_avatar()
    await remember(owner, person, ("Hello.", NOON))

    await person.ask("DELETE", "/avatars/me")

    assert [message["content"] for message in await person.messages()] == ["Hello."]


async def test_pages_are_newest_first_and_miss_and_repeat_nothing(
    newcomer: Newcomer, owner: Connection
) -> None:
    person = await newcomer()
    at_once = [(f"same moment {n}", NOON) for n in range(5)]
    later = [(f"later {n}", NOON + timedelta(microseconds=n)) for n in range(1, 4)]
    await remember(owner, person, *at_once, *later)

    for limit in 1, 3, 4, 8, 200:
        found = await pages(person, limit)

        assert [len(page) for page in found[:-1]] == [limit] * (len(found) - 1)
        texts = [text for page in found for text in page]
        assert texts[:3] == ["later 3", "later 2", "later 1"]
        assert sorted(texts[3:]) == [text for text, _ in at_once]


async def test_what_comes_while_somebody_reads_back_does_not_shift_the_pages(
    newcomer: Newcomer, owner: Connection
) -> None:
    person = await newcomer()
    await remember(owner, person, *((f"{n}", NOON + timedelta(seconds=n)) for n in range(4)))
    _, newest = await person.ask("GET", "/messages?limit=2")

    await remember(owner, person, ("new", NOON + timedelta(seconds=9)))
    _, older = await person.ask("GET", f"/messages?limit=2&before={newest['next']}")

    assert [message["content"] for message in older["messages"]] == ["1", "0"]


async def test_a_cursor_of_somebody_else_shows_only_ones_own(
    newcomer: Newcomer, owner: Connection
) -> None:
    ada, eve = await newcomer(), await newcomer()
    await remember(owner, ada, *((f"ada {n}", NOON + timedelta(seconds=n)) for n in range(3)))
    await remember(owner, eve, ("eve", NOON))

    _, page = await ada.ask("GET", "/messages?limit=1")
    _, seen = await eve.ask("GET", f"/messages?before={page['next']}")

    assert [message["content"] for message in seen["messages"]] == ["eve"]


@pytest.mark.parametrize(
    "cursor",
    ["x", "====", "%00", "%ff%fe", "é", "1", "2026-11-22T12:00:00+00:00", "a" * 201]
    + [
        urlsafe_b64encode(text).decode()
        for text in (
            b"/",
            b"now/" + str(UUID(int=7)).encode(),
            b"2026-11-22T12:00:00+00:00/",
            b"2026-11-22T12:00:00+00:00/1 or 1=1",
            b"0001-01-01T00:00:00+23:59/" + str(UUID(int=7)).encode(),
            b"9999-12-31T23:59:59-23:59/" + str(UUID(int=7)).encode(),
            b"\xff\xfe/" + str(UUID(int=7)).encode(),
        )
    ],
)
async def test_what_is_not_a_cursor_is_refused(somebody: Person, cursor: str) -> None:
    status, problem = await somebody.ask("GET", f"/messages?before={cursor}")

    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["before"])


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+00:00", "1900-01-01", "9999-12-31T23:59:59+00:00"]
)
async def test_a_cursor_at_the_end_of_time_is_only_empty_or_everything(
    somebody: Person, moment: str
) -> None:
    cursor = urlsafe_b64encode(f"{moment}/{UUID(int=7)}".encode()).decode()

    assert (await somebody.ask("GET", f"/messages?before={cursor}"))[0] == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [(f"limit={limit}", "limit") for limit in ("0", "-1", "201", "many", "", "1e3", "9" * 5000)]
    + [("offset=1", "offset"), ("limit=1&user_id=1", "user_id")],
)
async def test_a_query_that_means_nothing_is_refused(
    somebody: Person, query: str, field: str
) -> None:
    status, problem = await somebody.ask("GET", f"/messages?{query}")

    assert (status, [error["field"] for error in problem["errors"]]) == (422, [field])


async def test_words_come_back_as_they_were_said(newcomer: Newcomer) -> None:
    person = await newcomer()
    await person.make_avatar()
    longest = "🐘" * 4096
    texts = ["'; drop table messages; --", "<b>&amp;</b>", "א\u202eב", "1\r\n2", longest]

    for text in texts:
        status, _ = await person.ask("POST", "/messages", json={"content": text})
        assert status == 202

    said = [line["content"] for line in await person.messages() if line["role"] == "user"]
    assert said == texts


async def test_nobody_reaches_the_messages_of_somebody_else(
    newcomer: Newcomer, owner: Connection, database: PostgresDatabase
) -> None:
    ada, eve = await newcomer(), await newcomer()
    await remember(owner, ada, ("for Ada only", NOON))

    assert await eve.messages() == []
    async with database.user_conn(PersonId(UUID(eve.id))) as connection:
        assert await connection.fetch("select * from messages") == []


_COLUMNS = "user_id, channel, role, content"
_OWN = "$1, 'app', 'user', 'forged'"


@pytest.mark.parametrize(
    "statement",
    [
        f"insert into messages ({_COLUMNS}, status) values ({_OWN}, 'read')",
        f"insert into messages ({_COLUMNS}, wamid) values ({_OWN}, 'wamid.forged')",
        f"insert into messages ({_COLUMNS}, created_at) values ({_OWN}, now() - interval '1 day')",
        f"insert into messages ({_COLUMNS}, answered_by) values ({_OWN}, gen_random_uuid())",
        f"insert into messages ({_COLUMNS}, notice_for) values ({_OWN}, gen_random_uuid())",
        f"insert into messages ({_COLUMNS}, quotes) values ({_OWN}, gen_random_uuid())",
        f"insert into messages ({_COLUMNS}, id) values ({_OWN}, gen_random_uuid())",
        f"insert into messages ({_COLUMNS}) select gen_random_uuid(), 'app', 'user', $1::uuid",
        "update messages set content = 'forged' where user_id = $1",
        "delete from messages where user_id = $1",
        "select * from outbox where message_id = $1",
        "select * from inbox where key = concat($1::uuid)",
        "select * from attention where key = concat($1::uuid)",
        "select * from whatsapp_identities where user_id = $1",
        "select * from account_passwords where user_id = $1",
        "select * from auth.users where id = $1",
    ],
)
async def test_around_the_endpoints_nothing_can_be_forged_or_looked_at(
    somebody: Person, database: PostgresDatabase, statement: str
) -> None:
    person = PersonId(UUID(somebody.id))

    with pytest.raises(StoreRejected) as refused:
        async with database.user_conn(person) as connection:
            await connection.execute(statement, person)

    assert isinstance(refused.value.__cause__, asyncpg.InsufficientPrivilegeError)
    assert await somebody.messages() == []


@pytest.mark.parametrize("wait", ["infinity", "-infinity", "-3000 years", "1 year"])
async def test_around_the_endpoints_nobody_waits_for_ever_or_comes_first(
    newcomer: Newcomer, owner: Connection, database: PostgresDatabase, wait: str
) -> None:
    person = await newcomer()
    await person.make_avatar()

    async with database.user_conn(PersonId(UUID(person.id))) as connection:
        await connection.execute(f"select say('Hi.', '{wait}', '{wait}')")

    due = await owner.fetchval(
        "select extract(epoch from due_at - clock_timestamp())::float8 from attention"
        " where key = 'app:' || $1",
        person.id,
    )
    assert due is None or -5 < due < 11  # None: it is answered already

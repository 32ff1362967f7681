"""Somebody deletes their account: nothing of them is left, and nothing comes back."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from asyncpg import Connection
from structlog.testing import capture_logs

from bot.errors import AnsweredElsewhere
from bot.models import (
    Arrival,
    Caller,
    Channel,
    Dropped,
    Line,
    MessageId,
    PersonId,
    Reply,
    Role,
    Said,
    SendId,
    Turn,
    Wamid,
)
from bot.phones import spellings
from bot.simulator.ids import bsuid_of
from bot.store.outbox import StoredOutbox
from bot.store.postgres import PostgresDatabase
from bot.store.turns import StoredTurns
from tests.ava import ADA, BEN, Ava, Person, eventually
from tests.homes import Home, in_one_home

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    Borrowed = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]

PENDING = "31600000009"

KEPT = {"audit_log": "times and ids, which outlive the account on purpose"}
NOBODYS = {
    "schema_migrations": "is about the schema",
    "rate_limits": "knows nobody but by a hash, and that not for long",
    "whatsapp_numbers": "is about the numbers that Ava sends from",
    "service_messages": "counts what those send in a month",
    "alarms": "are about the service",
}
NOT_EXPORTED = {
    "account_passwords": "a hash, which is of use only to somebody else",
    "refresh_tokens": "hashes too; when they were used stands in the session",
    "idempotency_keys": "copies of answers for a day, encrypted",
}

# The schema auth is the account itself, deleted after everything else by whoever keeps it.
_OURS = """
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'm')
"""
_ALL = """
    select quote_ident(nspname) || '.' || quote_ident(relname) as name from pg_class
    join pg_namespace n on n.oid = relnamespace
    where nspname in ('public', 'auth') and relkind in ('r', 'p', 'm')
"""
_CROWD = """
    with people as (
      insert into auth.users (email) select n || '@example.com' from generate_series(1, 3000) as n
      returning id
    ), secrets as (
      insert into account_passwords (user_id, password_hash) select id, '$hash' from people
    ), numbers as (
      insert into user_preferences (user_id, whatsapp_phone)
      select id, '+' || 31600000000 + row_number() over () from people
    ), companions as (
      insert into avatars (user_id, name, age, personality) select id, 'Mia', 27, 'shy' from people
      returning id, user_id
    ), ids as (
      insert into whatsapp_identities (user_id, bsuid) select id, 'NL.' || id from people
    )
    insert into messages (user_id, avatar_id, channel, role, content, wamid)
    select user_id, id, 'whatsapp', 'user', 'Hello.', 'wamid.' || id from companions
"""
_READ_FROM_END_TO_END = """
    select relname as name from pg_stat_xact_user_tables where seq_tup_read > 0
"""
_LEADING_TO_PEOPLE = """
    with recursive found (oid) as (
      select 'auth.users'::regclass::oid
      union
      select conrelid from pg_constraint join found on confrelid = found.oid where contype = 'f'
    )
    select relname as name from pg_class where oid in (select oid from found)
      and relnamespace = 'public'::regnamespace
"""


@pytest.fixture
async def owner(home: Home) -> AsyncIterator[Connection]:
    """The database past row-level security."""
    connection = await asyncpg.connect(home.owner_url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(postgres_home: Home) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(postgres_home.owner_url, size=2)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def worker(postgres_home: Home) -> AsyncIterator[Connection]:
    """Somebody else at work in the same database."""
    connection = await asyncpg.connect(postgres_home.owner_url)
    yield connection
    await connection.close()


async def delete(person: Person) -> dict[str, Any]:
    status, receipt = await person.ask("DELETE", "/account")
    assert status == 200, receipt
    assert isinstance(receipt, dict)
    return receipt


async def has_lines(person: Person, count: int) -> bool:
    return len(await person.messages()) >= count


async def nobody_waits(owner: Connection) -> bool:
    return not await owner.fetchval("select exists (select from attention)")


async def names(connection: "Connection | Borrowed", query: str) -> set[str]:
    return {row["name"] for row in await connection.fetch(query)}


# --- every table ----------------------------------------------------------------------------


async def test_receipt_and_export_name_every_table_that_knows_somebody(
    ava: Ava, owner: Connection
) -> None:
    person = await ava.sign_up()

    _, export = await person.ask("GET", "/account/export")
    receipt = await delete(person)

    exported = {*export.keys() - {"account"}, *NOT_EXPORTED}
    assert exported == {*receipt["deleted"], *KEPT}
    assert await names(owner, _OURS) == {*receipt["deleted"], *KEPT, *NOBODYS}
    assert receipt["kept"].keys() == KEPT.keys() | {"why"}
    assert not NOBODYS.keys() & await names(owner, _LEADING_TO_PEOPLE)


# --- every row ------------------------------------------------------------------------------


async def somebody_with_everything(ava: Ava) -> Person:
    person = await ava.sign_up("ada@example.com")
    await person.make_avatar(name="Ximena", physical_description="Eyes like malachite.")
    await ava.link(person, ADA)
    await ava.simulator.say(ADA, "I buried the emerald.")
    await ava.heard(ADA, 2)
    await person.ask("POST", "/messages", json={"content": "The sapphire too."})
    await eventually(lambda: has_lines(person, 4))
    former = bsuid_of(ADA, business=str(ava.settings.whatsapp_phone_number_id))
    ids = {"previous": former, "current": "NL.77"}
    await ava.simulator.notify("user_id_update", {"user_id_update": [{"user_id": ids}]})
    await ava.simulator.until_quiet()
    await ava.simulator.send(ADA, {"type": "reaction", "reaction": {"emoji": "x"}}, bsuid="NL.77")
    await ava.simulator.send(None, {"type": "text", "text": {"body": "A ruby."}}, bsuid="NL.77")
    await ava.heard(ADA, 3)
    ava.simulator.faults.fail(131026)
    await ava.simulator.say(ADA, "Hear my opal.")
    await eventually(lambda: has_lines(person, 8))
    await person.ask("PUT", "/preferences/whatsapp", json={"phone": f"+{PENDING}"})
    await ava.simulator.until_quiet()
    return person


async def test_nothing_of_them_is_found_anywhere(ava: Ava, owner: Connection) -> None:
    person = await somebody_with_everything(ava)
    ids = await owner.fetch("select id from messages union all select id from avatars")
    words = ("emerald", "sapphire", "ruby", "opal", "Ximena", "malachite")
    about_them = {*words, ADA, PENDING, "NL.77", person.email, *(str(row["id"]) for row in ids)}
    assert {text for _, text in await found(owner, about_them)} == about_them

    receipt = await delete(person)

    assert {table for table, _ in await found(owner, about_them)} == {"public.audit_log"}
    assert await found(owner, {person.id}) == {("public.audit_log", person.id)}
    for table in (
        *("messages", "inbox", "outbox", "avatars"),
        *("link_codes", "user_preferences", "whatsapp_chats"),
    ):
        assert receipt["deleted"][table] > 0, table


async def found(owner: Connection, texts: set[str]) -> set[tuple[str, str]]:
    """Look for *texts* in every column of every table."""
    found = set()
    for table in await names(owner, _ALL):
        rows = await owner.fetch(f"select t::text as row from {table} t")
        found |= {(table, text) for text in texts for row in rows if text in row["row"]}
    return found


@in_one_home
async def test_what_is_about_others_stays(ava: Ava, owner: Connection) -> None:
    ben = await ava.acquainted("ben@example.com", BEN)
    await ava.simulator.say(BEN, "My secret.")
    await ava.heard(BEN, 2)
    ada = await somebody_with_everything(ava)
    await eventually(lambda: nobody_waits(owner))
    _, before = await ben.ask("GET", "/account/export")

    await delete(ada)

    _, after = await ben.ask("GET", "/account/export")
    assert before.pop("audit_log") == after.pop("audit_log")[:-1]
    assert after == before
    assert "My secret." in str(after["inbox"])


@in_one_home
async def test_what_the_former_owner_of_a_number_said_does_not_go_with_the_new_one(
    ava: Ava,
) -> None:
    ada = await ava.acquainted("ada@example.com", ADA)
    await ava.simulator.say(ADA, "My secret.")
    await ava.heard(ADA, 2)
    ben = await ava.acquainted("ben@example.com", ADA)

    await delete(ben)

    assert [line["content"] for line in await ada.messages()] == [
        "My secret.",
        "You said: My secret.",
    ]


@in_one_home
async def test_a_number_that_others_have_by_now_is_left_to_them(ava: Ava) -> None:
    ada = await ava.acquainted("ada@example.com", ADA)
    await ava.simulator.say(ADA, "My secret.")
    await ava.heard(ADA, 2)
    ben = await ava.acquainted("ben@example.com", ADA)
    await ava.simulator.say(ADA, "It is Ben.")
    await ava.heard(ADA, 4)
    await ava.simulator.until_quiet()

    await delete(ada)

    _, export = await ben.ask("GET", "/account/export")
    assert "It is Ben." in str(export["inbox"])
    assert "secret" not in str(export)


# --- afterwards -----------------------------------------------------------------------------


async def test_afterwards_the_token_opens_nothing(ava: Ava) -> None:
    person = await ava.acquainted()

    await delete(person)

    for method, path, how in (
        ("GET", "/account", {}),
        ("GET", "/account/export", {}),
        ("DELETE", "/account", {}),
        ("PUT", "/preferences/whatsapp", {"json": {"phone": f"+{ADA}"}}),
        ("POST", "/avatars", {"json": {"name": "Mia", "age": 27, "personality": "shy"}}),
    ):
        status, _ = await person.ask(method, path, **how)
        assert status == 401, path


async def test_afterwards_email_and_number_are_free(ava: Ava) -> None:
    former = await ava.acquainted("ada@example.com", ADA)
    await delete(former)

    newcomer = await ava.acquainted("ada@example.com", ADA)
    await ava.simulator.say(ADA, "Hello.")

    assert (await ava.heard(ADA, 3))[2] == "You said: Hello."
    assert newcomer.id != former.id
    assert [line["content"] for line in await newcomer.messages()] == ["Hello.", "You said: Hello."]


@pytest.mark.parametrize("home", ["supabase"], indirect=True)
async def test_a_deletion_that_stopped_half_way_is_done_by_asking_again(
    ava: Ava, owner: Connection
) -> None:
    person = await ava.acquainted()
    await erase(owner, person)

    receipt = await delete(person)

    assert set(receipt["deleted"].values()) == {0}
    assert (await person.ask("GET", "/account"))[0] == 401


@pytest.mark.parametrize("home", ["postgres"], indirect=True)
async def test_a_deletion_that_stopped_there_leaves_an_email_that_may_sign_up(
    ava: Ava, owner: Connection
) -> None:
    person = await ava.acquainted()
    await erase(owner, person)

    newcomer = await ava.sign_up(person.email)

    assert newcomer.id != person.id
    assert (await person.ask("DELETE", "/account"))[0] == 401


async def erase(owner: Connection, person: Person) -> None:
    """Do the first step of a deletion alone."""
    claims = f'{{"sub": "{person.id}"}}'
    async with owner.transaction():
        await owner.execute("select set_config('request.jwt.claims', $1, true)", claims)
        await owner.execute("select erase_account()")


async def test_of_two_deletions_at_once_both_end_well(ava: Ava, owner: Connection) -> None:
    person = await ava.acquainted()

    both = await asyncio.gather(*(person.ask("DELETE", "/account") for _ in range(2)))

    assert {status for status, _ in both} <= {200, 401}
    assert await owner.fetchval("select count(*) from auth.users") == 0


# --- while Ava is at work -------------------------------------------------------------------


@in_one_home
@pytest.mark.parametrize("channel", ["whatsapp", "app"])
async def test_a_reply_that_is_being_composed_goes_nowhere(
    ava: Ava, owner: Connection, channel: str
) -> None:
    person = await ava.acquainted()
    ava.model.let_go.clear()
    if channel == "app":
        await person.ask("POST", "/messages", json={"content": "My secret."})
    else:
        await ava.simulator.say(ADA, "My secret.")
    await ava.model.called.wait()

    with capture_logs() as lines:
        await delete(person)
        ava.model.let_go.set()
        await ava.simulator.say(ADA, "Still me?")
        assert "not linked" in (await ava.heard(ADA, 2))[1]
        await ava.stop()  # so that whoever was at it has come to an end

    assert "turn.failed" not in [line["event"] for line in lines]
    assert len(ava.simulator.replies(ADA)) == 2
    assert len(ava.model.asked) == 1
    assert await owner.fetchval("select count(*) from attention") == 0
    assert await found(owner, {"secret"}) == set()


@in_one_home
async def test_what_waits_to_be_sent_is_not_sent(ava: Ava, owner: Connection) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.answer(131016, times=1000)
    await ava.simulator.say(ADA, "My secret.")
    await ava.simulator.until(lambda: "secret" in str(ava.simulator.received), timeout=20)

    await delete(person)
    ava.simulator.faults.clear()
    await ava.simulator.say(ADA, "Still me?")

    assert "not linked" in (await ava.heard(ADA, 2))[1]
    assert not any("secret" in reply.text for reply in ava.simulator.replies(ADA))
    assert await found(owner, {"secret"}) == set()


@in_one_home
async def test_messages_that_keep_coming_are_a_strangers(ava: Ava, owner: Connection) -> None:
    person = await ava.acquainted()
    texts = [f"Message {number}." for number in range(20)]
    saying = asyncio.gather(*(ava.simulator.say(ADA, text) for text in texts))

    with capture_logs() as lines:
        await delete(person)
        await saying
        await ava.simulator.until_quiet()
        await eventually(lambda: nobody_waits(owner))

    assert "turn.failed" not in [line["event"] for line in lines]
    assert (
        await owner.fetchval(
            "select count(*) from inbox where kind = 'message' and handled_at is null"
        )
        == 0
    )
    assert await owner.fetchval("select count(*) from messages") == 0


async def test_a_reply_that_is_stored_at_the_same_moment_goes_too(
    worker: Connection, database: PostgresDatabase
) -> None:
    person = await _linked(worker, f"+{ADA}")
    said = await worker.fetchval(
        "insert into messages (user_id, channel, role, content)"
        " values ($1, 'whatsapp', 'user', 'Hello.') returning id",
        person,
    )

    async with worker.transaction():
        await worker.execute(
            "select store_reply($1, 'whatsapp', array[$2::uuid], 'Hi.', '{Hi.}', $3, false)",
            person,
            said,
            f"wa:{ADA}",
        )
        caller = Caller(id=PersonId(person), token="")
        erasing = asyncio.create_task(database.as_person(caller, "erase_account"))
        await eventually(lambda: somebody_waits_for_a_lock(worker))
    receipt = await erasing

    assert (receipt["deleted"]["messages"], receipt["deleted"]["outbox"]) == (2, 1)


async def somebody_waits_for_a_lock(connection: Connection) -> bool:
    return bool(
        await connection.fetchval(
            "select exists (select from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock')"
        )
    )


async def test_what_others_have_is_not_read(worker: Connection, database: PostgresDatabase) -> None:
    await worker.execute(_CROWD)
    await worker.execute("analyze")
    person = PersonId(await worker.fetchval("select user_id from user_preferences limit 1"))

    async with database.user_conn(person) as connection:
        await connection.execute("select export_account(), erase_account()")
        read = await names(connection, _READ_FROM_END_TO_END)

    assert read <= {"inbox"}


async def test_who_answers_somebody_who_is_gone_looks_again(database: PostgresDatabase) -> None:
    turns, gone = StoredTurns(database), PersonId(uuid4())
    arrival = Arrival(wamid=Wamid("wamid.1"), line=Line(text="Hello."))
    said = Said(id=MessageId(uuid4()), role=Role.USER, line=Line(text="Hello."))
    turn = Turn(person=gone, channel=Channel.APP, avatar=None, history=(), unanswered=(said,))

    with pytest.raises(AnsweredElsewhere):
        await turns.open(gone, Channel.WHATSAPP, [arrival])
    dropped = await turns.answer(turn, Reply(text="Hi.", parts=("Hi.",)), None)
    assert dropped is Dropped.ANSWERED
    assert await StoredOutbox(database).doubt(SendId(uuid4())) is None


# --- which number is whose ------------------------------------------------------------------


async def test_the_database_spells_numbers_as_the_code_does(worker: Connection) -> None:
    beginnings = "1", "31", "52", "521", "54", "549", "55", "5511", "55119", "5501", "5590"
    numbers = [
        f"{beginning}{digit}{'1234567890'[:length]}"
        for beginning in beginnings
        for digit in "0123456789"
        for length in range(3, 11)
    ]

    spelt = await worker.fetch(
        "select wa_id, spellings_of(wa_id) as numbers from unnest($1::text[]) as wa_id", numbers
    )

    assert {row["wa_id"]: row["numbers"] for row in spelt} == {
        wa_id: spellings(wa_id) for wa_id in numbers
    }
    assert sum(len(row["numbers"]) == 2 for row in spelt) > 40


async def test_a_number_leads_to_the_ids_that_lead_to_it(worker: Connection) -> None:
    ids = (
        "31600000001",
        "5215512345678",
        "525512345678",
        "521234567890",
        "5491123456789",
        "541123456789",
        "5511987654321",
        "551187654321",
        "551121234567",
        "5511921234567",
    )

    for wa_id in ids:
        for number in spellings(wa_id):
            assert wa_id in await worker.fetchval("select wa_ids_of($1)", number)
        for other in await worker.fetchval("select wa_ids_of($1)", f"+{wa_id}"):
            assert f"+{wa_id}" in spellings(other)


async def test_of_two_numbers_that_may_be_meant_each_keeps_its_own(worker: Connection) -> None:
    mobile, landline = "5491123456789", "541123456789"
    owners = {number: await _linked(worker, f"+{number}") for number in (mobile, landline)}

    for number, person in owners.items():
        keys = await worker.fetchval("select sender_keys_of($1)", person)
        assert set(keys) == {f"wa:{number}", f"app:{person}"}


async def _linked(worker: Connection, phone: str) -> UUID:
    person = await worker.fetchval("insert into auth.users (email) values ($1) returning id", phone)
    await worker.execute(
        "insert into user_preferences (user_id, whatsapp_phone) values ($1, $2)", person, phone
    )
    assert isinstance(person, UUID)
    return person

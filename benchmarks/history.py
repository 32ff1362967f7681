"""Years of chats with many people, made by the database itself."""

from typing import TYPE_CHECKING

from benchmarks import people
from benchmarks.deliveries import FIRST_PHONE

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

_HOURS = 4 * 3600.0  # seconds for one statement, at most
_TABLES = "messages", "outbox", "inbox", "attention", "whatsapp_chats", "whatsapp_identities"

# What is dropped while rows are written and made again at once, which is several times as fast.
_INDEXES = """
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
    from pg_index where indrelid = any ($1::text[]::regclass[])
      and not exists (select from pg_constraint where conindid = indexrelid)
"""
# Of person n, the k-th of p_pairs; each pair is written after everybody's earlier ones, as it is
# in life: what one person said lies far apart.
_ID = "md5('{} ' || n || ' ' || $2::int)::uuid"
_WAMID = "'wamid.HBgLMzE2MDAwMDAwMDAVAg{}' || lpad(n || '00' || $2::int, 24, '0') || 'AA=='"
_WHEN = "now() - ($3::int - $2::int + 0.5) * interval '1 year' / $3::int"
_NUMBERS = "generate_series(0, $1::int - 1) n"
_SAID, _REPLY = _ID.format("said"), _ID.format("reply")
_SAID_WAMID, _SENT_WAMID = _WAMID.format("ASGBQ0"), _WAMID.format("ARGBIy")
_KEY = f"'wa:' || ({FIRST_PHONE} + n)"

_ANSWER = (
    "'I slept well, thank you. I dreamt of a walk along the sea, and you laughed at the gulls.'"
)

_PAIR = (
    f"""
    insert into messages (id, user_id, avatar_id, channel, role, content, status, created_at)
    select {_REPLY}, {people.PERSON}, {people.PERSON}, 'whatsapp', 'assistant',
           {_ANSWER},
           'read', {_WHEN} + interval '5 s'
    from {_NUMBERS}
    """,
    f"""
    insert into messages (id, user_id, avatar_id, channel, role, content, wamid, answered_by,
                          created_at)
    select {_SAID}, {people.PERSON}, {people.PERSON}, 'whatsapp', 'user',
           'Good morning, how did you sleep?', {_SAID_WAMID}, {_REPLY}, {_WHEN}
    from {_NUMBERS}
    """,
    f"""
    insert into outbox (key, message_id, recipient, body, status, wamid, since, queued_at)
    select 'reply:' || {_REPLY} || ':1', {_REPLY}, {_KEY},
           {_ANSWER},
           'read', {_SENT_WAMID}, {_WHEN} + interval '9 s', {_WHEN} + interval '5 s'
    from {_NUMBERS}
    """,
)
# What retention leaves of the inbox: the last message and the reports on the last reply.
_INBOX = (
    f"""
    insert into inbox (key, kind, sender, sent_at, received_at, position, payload, handled_at)
    select 'message:' || {_SAID_WAMID}, 'message', {_KEY}, {_WHEN}, {_WHEN}, 1, repeat('m', 400),
           now()
    from {_NUMBERS} where $3::int > 0
    """,
    f"""
    insert into inbox (key, kind, sent_at, received_at, position, payload, handled_at)
    select 'status:' || {_SENT_WAMID} || ':' || status || ':' || ({FIRST_PHONE} + n), 'status',
           {_WHEN}, {_WHEN}, 1, repeat('s', 500), now()
    from {_NUMBERS}, unnest(array['sent', 'delivered', 'read']) as status where $3::int > 0
    """,
)
_CHATS = (
    f"""
    insert into avatars (id, user_id, name, age, personality)
    select {people.PERSON}, {people.PERSON}, 'Mia', 27, 'playful' from {_NUMBERS}
    """,
    f"""
    insert into whatsapp_chats (key, last_heard_at, paced_until)
    select {_KEY}, now() - interval '1 hour', now() - interval '1 hour' from {_NUMBERS}
    """,
    f"""
    insert into whatsapp_identities (bsuid, user_id)
    select 'NL.' || (4000000000 + n), {people.PERSON} from {_NUMBERS}
    """,
)
_WAITING = f"""
    insert into attention (key, due_at, waiting_since, attempts, last_error)
    select 'wa:' || ({FIRST_PHONE} + n), now() + interval '1 day', now() - interval '1 hour', 9,
           'ModelUnavailable'
    from {_NUMBERS} where n % $2::int = 7
"""


async def write(admin: "Connection", *, count: int, pairs: int) -> None:
    """Make the first *count* people, each with *pairs* of a message and its reply; vacuum.

    As superuser: what refers to other tables is believed, not looked up.
    """
    await people.link(admin, count=count)
    await admin.execute("set session_replication_role = replica")
    await admin.execute("set synchronous_commit = off")
    await admin.execute("set maintenance_work_mem = '1GB'")
    indexes = await admin.fetch(_INDEXES, [f"public.{table}" for table in _TABLES])
    for index in indexes:
        await admin.execute(f"drop index {index['name']}")
    for pair in range(1, pairs + 1):
        for statement in _PAIR:
            await admin.execute(statement, count, pair, pairs, timeout=_HOURS)
    for statement in _INBOX:
        await admin.execute(statement, count, pairs, pairs, timeout=_HOURS)
    for statement in _CHATS:
        await admin.execute(statement, count, timeout=_HOURS)
    for index in indexes:
        await admin.execute(index["definition"], timeout=_HOURS)
    await admin.execute("reset session_replication_role")
    await admin.execute("vacuum analyze", timeout=_HOURS)


async def let_wait(admin: "Connection", *, count: int, one_in: int) -> None:
    """Let one in so many (number 7 and so on) wait for another try, as if the model were away."""
    await admin.execute(_WAITING, count, one_in, timeout=_HOURS)
    await admin.execute("vacuum analyze attention")

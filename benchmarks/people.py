"""People with a linked number and an avatar, in any number, made by the database itself."""

from typing import TYPE_CHECKING

from benchmarks.deliveries import FIRST_PHONE

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

PERSON = "md5('person ' || n)::uuid"
_RANGE = "generate_series($1::bigint, $2::bigint - 1) n"


async def link(admin: "Connection", *, count: int, first: int = 0) -> None:
    """Make the people from number *first* up to (without) *count*."""
    users = f"insert into auth.users (id, email) select {PERSON}, n || '@example.com' from {_RANGE}"
    await admin.execute(users, first, count, timeout=600)
    await admin.execute(
        "insert into user_preferences (user_id, whatsapp_phone)"
        f" select {PERSON}, '+' || ({FIRST_PHONE} + n) from {_RANGE}",
        *(first, count),
        timeout=600,
    )


async def give_avatars(admin: "Connection", *, count: int) -> None:
    """Give an avatar to the first *count* of them."""
    await admin.execute(
        "insert into avatars (user_id, name, age, personality)"
        f" select {PERSON}, 'Mia', 27, 'playful' from {_RANGE}",
        *(0, count),
    )


async def send_replies(admin: "Connection", *, count: int) -> list[tuple[str, str]]:
    """Make a reply for each of the first *count*, sent; return the wamids and ids of the sends."""
    rows = await admin.fetch(
        "with reply as ("
        "  insert into messages (id, user_id, channel, role, content, status)"
        f"  select md5('reply ' || n)::uuid, {PERSON}, 'whatsapp', 'assistant', 'Hi.', 'sent'"
        f"  from {_RANGE} returning id)"
        " insert into outbox (key, message_id, recipient, body, status, wamid)"
        f" select 'reply:' || n, md5('reply ' || n)::uuid, 'wa:' || ({FIRST_PHONE} + n), 'Hi.',"
        "   'sent', 'wamid.sent' || n"
        f" from {_RANGE}"
        " returning wamid, id",
        *(0, count),
    )
    return [(row["wamid"], str(row["id"])) for row in rows]

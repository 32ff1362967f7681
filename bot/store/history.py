"""A person's own side of the conversation, under row-level security."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from asyncpg import Record

from bot.errors import Conflict
from bot.models import Caller, Channel, Message, MessageId, ReplyStatus, Role
from bot.store.postgres import Database


class PostgresHistory:
    """``ports.History``."""

    def __init__(self, database: Database, wait: timedelta, longest_wait: timedelta) -> None:
        self._database = database
        self._wait = wait  # for the rest of a burst
        self._longest_wait = longest_wait

    async def page(
        self, caller: Caller, *, limit: int, before: tuple[datetime, MessageId] | None
    ) -> Sequence[Message]:
        async with self._database.user_conn(caller.id) as connection:
            rows = await connection.fetch(
                "select id, channel, role, content, status, created_at from messages"
                " where user_id = $1 and ($2::timestamptz is null or (created_at, id) < ($2, $3))"
                " order by created_at desc, id desc limit $4",
                *(caller.id, *(before or (None, None)), limit),
            )
        return [_message(row) for row in rows]

    async def say(self, caller: Caller, text: str) -> MessageId:
        async with self._database.user_conn(caller.id) as connection:
            said = await connection.fetchval(
                "select say($1, $2, $3)", text, self._wait, self._longest_wait
            )
        if said is None:
            raise Conflict("Make an avatar first: there is nobody to talk with yet.")
        return MessageId(said)


def _message(row: Record) -> Message:
    return Message(
        id=row["id"],
        channel=Channel(row["channel"]),
        role=Role(row["role"]),
        content=row["content"],
        status=ReplyStatus(row["status"]) if row["status"] else None,
        created_at=row["created_at"],
    )

"""What is to be sent through WhatsApp, as service role."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import Record

from bot.models import ReplyStatus, Send, Sender, SendId, Wamid
from bot.store.postgres import Database


class PostgresOutbox:
    """``ports.Outbox``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(
        self, key: str, to: Sender, text: str, *, again_after: timedelta | None = None
    ) -> Sequence[Send]:
        async with self._database.system_conn() as connection:
            rows = await connection.fetch(
                "select * from queue_sends($1, null, $2, $3, $4)", key, to.key, [text], again_after
            )
        return [send_of(row) for row in rows]

    async def unsent(self, to: Sender) -> Sequence[Send]:
        async with self._database.system_conn() as connection:
            rows = await connection.fetch(
                "select * from outbox"
                " where recipient = $1 and wamid is null and status in ('queued', 'sending')"
                " order by seq",
                to.key,
            )
        return [send_of(row) for row in rows]

    async def begin(self, send: SendId) -> bool:
        return await self._move(send, ReplyStatus.SENDING)

    async def sent(self, send: SendId, wamid: Wamid) -> None:
        await self._move(send, ReplyStatus.SENT, wamid=wamid)

    async def doubted_for(self, send: SendId) -> timedelta:
        async with self._database.system_conn() as connection:
            doubted: timedelta = await connection.fetchval("select doubt_send($1)", send)
        return doubted

    async def requeue(self, send: SendId) -> None:
        await self._move(send, ReplyStatus.QUEUED)

    async def failed(self, send: SendId, code: int) -> None:
        await self._move(send, ReplyStatus.FAILED, code=code)

    async def _move(
        self,
        send: SendId,
        to: ReplyStatus,
        *,
        wamid: Wamid | None = None,
        code: int | None = None,
    ) -> bool:
        async with self._database.system_conn() as connection:
            moved: bool = await connection.fetchval(
                "select move_send($1, $2, $3, $4)", send, to, wamid, code
            )
        return moved


def send_of(row: Record | dict[str, Any]) -> Send:
    """Return the send in a row of ``outbox``, from a statement or from JSON."""
    return Send(
        id=SendId(UUID(str(row["id"]))),
        to=Sender.of_key(row["recipient"]),
        text=row["body"],
        status=ReplyStatus(row["status"]),
    )

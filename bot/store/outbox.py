"""What is to be sent through WhatsApp, as service role."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from bot.models import ReplyStatus, Send, Sender, SendId, Wamid
from bot.store.database import Database


class StoredOutbox:
    """``ports.Outbox``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(
        self, key: str, to: Sender, text: str, *, again_after: timedelta | None = None
    ) -> Sequence[Send]:
        rows = await self._database.as_bot(
            "queue_sends",
            key=key,
            message=None,
            recipient=to.key,
            parts=[text],
            again=again_after,
        )
        return [send_of(row) for row in rows]

    async def unsent(self, to: Sender) -> Sequence[Send]:
        rows = await self._database.as_bot("unsent_sends", recipient=to.key)
        return [send_of(row) for row in rows]

    async def begin(self, send: SendId) -> bool:
        return await self._move(send, ReplyStatus.SENDING)

    async def sent(self, send: SendId, wamid: Wamid) -> None:
        await self._move(send, ReplyStatus.SENT, wamid=wamid)

    async def doubted_for(self, send: SendId) -> timedelta:
        seconds: float | None = await self._database.as_bot("doubted_for", id=send)
        return timedelta(seconds=seconds or 0)  # None: whom it was for deleted it meanwhile

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
        moved: bool = await self._database.as_bot(
            "move_send", id=send, to=to, wamid=wamid, error_code=code
        )
        return moved


def send_of(row: dict[str, Any]) -> Send:
    """Return the send in a row of ``outbox``."""
    return Send(
        id=SendId(UUID(row["id"])),
        to=Sender.of_key(row["recipient"]),
        text=row["body"],
        status=ReplyStatus(row["status"]),
    )

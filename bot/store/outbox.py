"""What is to be sent through WhatsApp, as service role."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from bot.errors import Cure, SendRefused
from bot.models import Place, ReplyStatus, Send, Sender, SendId, SendKind, Wamid
from bot.store.database import Database


class StoredOutbox:
    """``ports.Outbox``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(
        self,
        key: str,
        to: Sender,
        text: str,
        *,
        kind: SendKind = SendKind.TEXT,
        again_after: timedelta | None = None,
    ) -> Sequence[Send]:
        rows = await self._database.as_bot(
            "queue_sends",
            key=key,
            message=None,
            recipient=to.key,
            parts=[text],
            again=again_after,
            kind=kind,
        )
        return [send_of(row) for row in rows]

    async def unsent(self, to: Sender) -> Sequence[Send]:
        rows = await self._database.as_bot("unsent_sends", recipient=to.key)
        return [send_of(row) for row in rows]

    async def pace(
        self, number: str, to: Sender, *, per_second: float, patience: timedelta
    ) -> Place:
        place = await self._database.as_bot(
            "pace_sends",
            number=number,
            recipient=to.key,
            per_second=per_second,
            patience=patience,
        )
        return Place(wait=timedelta(seconds=place["wait"]), is_stopped=place["is_stopped"])

    async def begin(self, send: SendId) -> bool:
        begun: bool = await self._database.as_bot("begin_send", id=send)
        return begun

    async def sent(self, send: SendId, wamid: Wamid, number: str) -> bool:
        stands: bool = await self._database.as_bot("sent_send", id=send, wamid=wamid, number=number)
        return stands

    async def doubt(self, send: SendId) -> timedelta | None:
        return _time(await self._database.as_bot("send_in_doubt", id=send))

    async def repeat(self, send: SendId) -> bool:
        repeated: bool = await self._database.as_bot("repeat_send", id=send)
        return repeated

    async def refused(
        self, send: SendId, refusal: SendRefused | None, number: str
    ) -> timedelta | None:
        seconds = await self._database.as_bot(
            "refuse_send",
            id=send,
            code=refusal.code if refusal else None,
            cure=refusal.cure if refusal else Cure.TRANSIENT,
            details=refusal.details if refusal else None,
            number=number,
        )
        return _time(seconds)

    async def silence(self, to: Sender, *, silenced: bool) -> None:
        await self._database.as_bot("silence_chat", key=to.key, silenced=silenced)


def _time(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def send_of(row: dict[str, Any]) -> Send:
    """Return the send in a row of ``outbox``."""
    return Send(
        id=SendId(UUID(row["id"])),
        to=Sender.of_key(row["recipient"]),
        text=row["body"],
        status=ReplyStatus(row["status"]),
        kind=SendKind(row["kind"]),
    )

"""A person's own side of the conversation, under row-level security."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from bot.errors import Conflict
from bot.models import Caller, Channel, Message, MessageId, ReplyStatus, Role
from bot.store.database import Database


class StoredHistory:
    """``ports.History``."""

    def __init__(self, database: Database, wait: timedelta, longest_wait: timedelta) -> None:
        self._database = database
        self._wait = wait  # for the rest of a burst
        self._longest_wait = longest_wait

    async def page(
        self, caller: Caller, *, limit: int, before: tuple[datetime, MessageId] | None
    ) -> Sequence[Message]:
        moment, message = before or (None, None)
        rows = await self._database.as_person(
            caller, "my_messages", limit=limit, before=moment, before_id=message
        )
        return [_message(row) for row in rows]

    async def say(
        self, caller: Caller, text: str, *, once_as: MessageId | None = None
    ) -> MessageId:
        said = None
        with suppress(Conflict):  # the avatar, or the person, is going at this moment
            said = await self._database.as_person(
                caller, "say", text=text, wait=self._wait, longest=self._longest_wait, id=once_as
            )
        if said is None:
            raise Conflict("Make an avatar first: there is nobody to talk with yet.")
        return MessageId(UUID(said))


def _message(row: dict[str, Any]) -> Message:
    return Message(
        id=MessageId(UUID(row["id"])),
        channel=Channel(row["channel"]),
        role=Role(row["role"]),
        content=row["content"],
        status=ReplyStatus(row["status"]) if row["status"] else None,
        created_at=datetime.fromisoformat(row["created_at"]),
    )

"""What the bot does with a conversation, as service role: people, turns, replies, sends."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from asyncpg import Record

from bot.models import (
    Arrival,
    Avatar,
    AvatarId,
    Channel,
    Line,
    MessageId,
    Personality,
    PersonId,
    Reply,
    ReplyStatus,
    Role,
    Said,
    Send,
    Sender,
    SendId,
    Turn,
    Wamid,
)
from bot.phones import spellings
from bot.store.postgres import Database

_LINES = 60  # of history; the model's own budget cuts further

FIND_BY_PHONE = (
    "select user_id from user_preferences"
    " where whatsapp_phone = any ($1) and whatsapp_phone is not null"
    " order by whatsapp_phone = $2 desc limit 1"
)


class PostgresPeople:
    """``ports.People``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, sender: Sender) -> PersonId | None:
        async with self._database.system_conn() as connection:
            if sender.wa_id:
                numbers = spellings(sender.wa_id)
                person = await connection.fetchval(FIND_BY_PHONE, numbers, numbers[0])
            else:
                person = await connection.fetchval(
                    "select user_id from whatsapp_identities where bsuid = $1", sender.bsuid
                )
        return None if person is None else PersonId(person)

    async def redeem(self, code: str, sender: Sender, wamid: Wamid) -> PersonId | None:
        if not sender.wa_id:
            return None  # without a number there is nothing that the code could prove
        async with self._database.system_conn() as connection:
            person = await connection.fetchval(
                "select redeem_link_code($1, $2, $3, $4)",
                *(hash_of(code), spellings(sender.wa_id), sender.bsuid, wamid),
            )
        return None if person is None else PersonId(person)


class PostgresConversations:
    """``ports.Conversations``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open_turn(
        self,
        person: PersonId,
        channel: Channel,
        arrivals: Sequence[Arrival] = (),
        *,
        bsuid: str | None = None,
    ) -> Turn:
        async with self._database.system_conn() as connection:
            opened = await connection.fetchval(
                "select open_turn($1, $2, $3, $4, $5)",
                *(person, channel, json.dumps([_row(a) for a in arrivals]), bsuid, _LINES),
            )
        return _turn(person, channel, json.loads(opened))

    async def answer(self, turn: Turn, reply: Reply, to: Sender | None) -> Sequence[Send] | None:
        return await self._store(turn, reply, to, is_notice=False)

    async def notice(self, turn: Turn, reply: Reply, to: Sender | None) -> Sequence[Send]:
        return await self._store(turn, reply, to, is_notice=True) or []

    async def _store(
        self, turn: Turn, reply: Reply, to: Sender | None, *, is_notice: bool
    ) -> Sequence[Send] | None:
        answers = [said.id for said in turn.unanswered]
        async with self._database.system_conn() as connection:
            stored = await connection.fetchval(
                "select store_reply($1, $2, $3, $4, $5, $6, $7)",
                *(turn.person, turn.channel, answers, reply.text, reply.parts),
                *(to.key if to else None, is_notice),
            )
        return None if stored is None else [_send(row) for row in json.loads(stored)]


class PostgresOutbox:
    """``ports.Outbox``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(self, key: str, to: Sender, text: str) -> Sequence[Send]:
        async with self._database.system_conn() as connection:
            rows = await connection.fetch(
                "select * from queue_sends($1, null, $2, array[$3::text])", key, to.key, text
            )
        return [_send(row) for row in rows]

    async def unsent(self, to: Sender) -> Sequence[Send]:
        async with self._database.system_conn() as connection:
            rows = await connection.fetch(
                "select * from outbox"
                " where recipient = $1 and status in ('queued', 'sending') order by seq",
                to.key,
            )
        return [_send(row) for row in rows]

    async def begin(self, send: SendId) -> bool:
        return await self._move(send, ReplyStatus.SENDING)

    async def sent(self, send: SendId, wamid: Wamid) -> None:
        await self._move(send, ReplyStatus.SENT, wamid=wamid)

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


def hash_of(code: str) -> str:
    """Return what is kept of a link code."""
    return hashlib.sha256(code.encode()).hexdigest()


def avatar_of(row: Record | dict[str, Any]) -> Avatar:
    """Return the avatar in a row of ``avatars``, from a statement or from JSON."""
    created_at = row["created_at"]
    return Avatar(
        id=AvatarId(UUID(str(row["id"]))),
        name=row["name"],
        age=row["age"],
        personality=Personality(row["personality"]),
        physical_description=row["physical_description"],
        created_at=_time(created_at),
    )


def _row(arrival: Arrival) -> dict[str, Any]:
    return {
        "wamid": arrival.wamid,
        "text": arrival.line.text,
        "readable": arrival.line.readable,
        "attachment": arrival.line.attachment,
        "quoted": arrival.quoted,
    }


def _turn(person: PersonId, channel: Channel, opened: dict[str, Any]) -> Turn:
    said = opened["said"]
    unanswered = [row for row in said if row["unanswered"]]
    wamids = [row["wamid"] for row in unanswered if row["wamid"]]
    return Turn(
        person=person,
        channel=channel,
        avatar=avatar_of(opened["avatar"]) if opened["avatar"] else None,
        history=tuple(_said(row) for row in said if not row["unanswered"]),
        unanswered=tuple(_said(row) for row in unanswered),
        latest_wamid=wamids[-1] if wamids else None,
    )


def _said(row: dict[str, Any]) -> Said:
    return Said(
        id=MessageId(UUID(row["id"])),
        role=Role(row["role"]),
        line=Line(text=row["text"], readable=row["readable"], attachment=row["attachment"]),
        quoted=row["quoted"],
    )


def _send(row: Record | dict[str, Any]) -> Send:
    return Send(
        id=SendId(UUID(str(row["id"]))),
        to=Sender.of_key(row["recipient"]),
        text=row["body"],
        status=ReplyStatus(row["status"]),
        since=_time(row["since"]),
    )


def _time(value: datetime | str) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)

"""Opening a turn and storing its reply, as service role."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from bot.errors import AnsweredElsewhere
from bot.models import (
    Arrival,
    Channel,
    Dropped,
    Line,
    MessageId,
    PersonId,
    Reply,
    Role,
    Said,
    Send,
    Sender,
    Turn,
)
from bot.store.avatars import avatar_of
from bot.store.database import Database, RuleBroken
from bot.store.outbox import send_of

_LINES = 60  # of history; the model's own budget cuts further


class StoredTurns:
    """``ports.Turns``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self, person: PersonId, channel: Channel, arrivals: Sequence[Arrival] = ()
    ) -> Turn:
        with _their_leaving():
            opened = await self._database.as_bot(
                "open_turn",
                person=person,
                channel=channel,
                arrivals=[_row(arrival) for arrival in arrivals],
                lines=_LINES,
            )
        return _turn(person, channel, opened)

    async def answer(
        self,
        turn: Turn,
        reply: Reply,
        to: Sender | None,
        *,
        joins: bool = False,
        begin: bool = False,
    ) -> Sequence[Send] | Dropped:
        return await self._store(turn, reply, to, joins=joins, begin=begin)

    async def notice(self, turn: Turn, reply: Reply, to: Sender | None) -> Sequence[Send]:
        stored = await self._store(turn, reply, to, is_notice=True)
        return [] if isinstance(stored, Dropped) else stored

    async def settle(self, turn: Turn) -> None:
        said = [said.id for said in turn.unanswered]
        await self._database.as_bot("settle", person=turn.person, said=said)

    async def _store(
        self, turn: Turn, reply: Reply, to: Sender | None, **how: bool
    ) -> Sequence[Send] | Dropped:
        with _their_leaving():
            stored = await self._database.as_bot(
                "store_reply",
                person=turn.person,
                channel=turn.channel,
                answers=[said.id for said in turn.unanswered],
                text=reply.text,
                parts=list(reply.parts),
                recipient=to.key if to else None,
                silences=reply.silences,
                **how,
            )
        if "dropped" in stored:
            return Dropped(stored["dropped"])
        return [send_of(row) for row in stored["sends"]]


@contextmanager
def _their_leaving() -> Iterator[None]:
    """Notice that the person, or their avatar, was deleted since somebody looked."""
    try:
        yield
    except RuleBroken as broken:
        if broken.sqlstate == "23503":
            raise AnsweredElsewhere(again_in=timedelta(0)) from broken
        raise


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
        waited=timedelta(seconds=opened["waited"] or 0),
    )


def _said(row: dict[str, Any]) -> Said:
    return Said(
        id=MessageId(UUID(row["id"])),
        role=Role(row["role"]),
        line=Line(text=row["text"], readable=row["readable"], attachment=row["attachment"]),
        quoted=row["quoted"],
    )

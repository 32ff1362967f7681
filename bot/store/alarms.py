"""What an operator has to see to; the conditions are ``migrations/025_alarms.sql``."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from bot.store.database import Database
from bot.upkeep import Alarm, AlarmChange, AlarmName


class StoredAlarms:
    """``ports.Alarms``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def review(self, number: str, allowance: int) -> Sequence[AlarmChange]:
        rows = await self._database.as_bot("review_alarms", number=number, allowance=allowance)
        return [
            AlarmChange(alarm=_alarm(row), is_cured=row["is_cured"], told=frozenset(row["told"]))
            for row in rows
        ]

    async def told(self, change: AlarmChange, by: Collection[str], *, is_done: bool) -> None:
        await self._database.as_bot(
            "alarm_told",
            name=change.alarm.name,
            since=change.alarm.since,
            is_cured=change.is_cured,
            told=sorted(by),
            is_done=is_done,
        )

    async def standing(self) -> Sequence[Alarm]:
        return [_alarm(row) for row in await self._database.as_bot("standing_alarms")]


def _alarm(row: dict[str, Any]) -> Alarm:
    return Alarm(
        name=AlarmName(row["name"]),
        figure=row["figure"],
        since=datetime.fromisoformat(row["since"]),
    )

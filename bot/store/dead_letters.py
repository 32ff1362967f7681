"""What was given up; its rules are ``migrations/026_dead_letters.sql``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.models import Channel
from bot.store.database import Database
from bot.upkeep import DeadLetter


class StoredDeadLetters:
    """``ports.DeadLetters``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self) -> Sequence[DeadLetter]:
        return [_letter(row) for row in await self._database.as_bot("dead_letters")]

    async def find(self, letter: str) -> DeadLetter | None:
        row = await self._database.as_bot("dead_letter", id=letter)
        return None if row is None else _letter(row)

    async def replay(self, letter: str) -> int | None:
        replayed: int | None = await self._database.as_bot("replay_dead_letter", id=letter)
        return replayed

    async def drop(self, letter: str) -> bool:
        dropped: bool = await self._database.as_bot("drop_dead_letter", id=letter)
        return dropped


def _letter(row: dict[str, Any]) -> DeadLetter:
    return DeadLetter(
        id=row["id"],
        what=row["what"],
        channel=Channel(row["channel"]),
        since=datetime.fromisoformat(row["since"]),
        dead_at=_moment(row["dead_at"]),
        tries=row["tries"],
        error=row["error"],
        code=row["code"],
        digits=row["digits"],
        messages=row["messages"],
        heard_at=_moment(row["heard_at"]),
        is_silenced=row["is_silenced"],
    )


def _moment(given: str | None) -> datetime | None:
    return None if given is None else datetime.fromisoformat(given)

"""Looks for alarms again and again, and tells of each change once."""

import asyncio
from collections.abc import Sequence

import structlog

from bot.alarms.tellers import NotTold, Teller
from bot.errors import AvaError
from bot.store.ports import Alarms
from bot.upkeep import AlarmChange

log = structlog.get_logger()

_PAUSE = 15.0  # seconds between two reviews


class Watch:
    """Reviews the alarms of the number that Ava sends from."""

    def __init__(
        self,
        alarms: Alarms,
        tellers: Sequence[Teller],
        *,
        number: str,
        allowance: int,
        pause_seconds: float = _PAUSE,
    ) -> None:
        self._alarms = alarms
        self._tellers = tellers
        self._number = number
        self._allowance = allowance
        self._pause = pause_seconds

    async def run(self) -> None:
        """Review for ever."""
        while True:
            await asyncio.sleep(self._pause)
            try:
                await self.review()
            except AvaError as exc:
                log.warning("alarms.unavailable", reason=type(exc).__name__)
            except Exception:  # what nobody foresaw must not end the watch
                log.exception("alarms.failed")

    async def review(self) -> None:
        """Look once, and tell what this process has to tell."""
        for change in await self._alarms.review(self._number, self._allowance):
            await self._tell(change)

    async def _tell(self, change: AlarmChange) -> None:
        waiting = [teller for teller in self._tellers if teller.name not in change.told]
        know = await asyncio.gather(*(_told(teller, change) for teller in waiting))
        by = change.told | {
            teller.name for teller, knows in zip(waiting, know, strict=True) if knows
        }
        await self._alarms.told(change, by, is_done=all(know))


async def _told(teller: Teller, change: AlarmChange) -> bool:
    try:
        await teller.tell(change)
    except NotTold as exc:
        log.warning("alarm.untold", teller=teller.name, name=change.alarm.name, reason=str(exc))
        return False
    return True

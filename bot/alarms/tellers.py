"""Who is told of an alarm."""

from typing import Protocol

import structlog

from bot.upkeep import AlarmChange, AlarmName

log = structlog.get_logger()

_FIGURES = {
    AlarmName.SENDING_STOPPED: "code",
    AlarmName.SERVICE_MESSAGE_ALLOWANCE: "percent",
    AlarmName.DEAD_LETTERS: "letters",
    AlarmName.QUEUE_WAITING: "seconds",
    AlarmName.MODEL_DOWN: "conversations",
}


class NotTold(Exception):
    """It did not get there; trying again later is safe and useful."""


class Teller(Protocol):
    """One way to an operator."""

    @property
    def name(self) -> str: ...

    async def tell(self, change: AlarmChange) -> None:
        """Pass *change* on, or raise NotTold."""


class Log:
    """The log of the process that looked."""

    name = "log"

    async def tell(self, change: AlarmChange) -> None:
        alarm = change.alarm
        figure = {_FIGURES[alarm.name]: alarm.figure}
        if change.is_cured:
            log.info("alarm.cured", name=alarm.name, **figure)
        else:
            log.error("alarm.raised", name=alarm.name, **figure)

"""What is deleted once nobody needs it any more, and when."""

import asyncio
import random
from datetime import timedelta

import structlog

from bot.errors import AvaError
from bot.store.ports import Retention

log = structlog.get_logger()

_UPDATES = timedelta(days=30)  # Meta repeats a delivery for 7
_SENDS = timedelta(days=60)  # statuses come for 30
_CHATS = timedelta(days=90)  # with people who have no account
_SILENCED = timedelta(days=365)  # of those, who said STOP

_MOST = 1000  # rows of a kind in one transaction
_PAUSE = 0.05  # seconds between two, which belong to whoever writes
_HOUR = 3600.0


async def keep_forgetting(retention: Retention) -> None:
    """Delete what is old, every hour for ever; the first time within some minutes."""
    await asyncio.sleep(_about(_HOUR / 12))
    while True:
        try:
            forgotten = await forget(retention)
            log.info("rows.forgotten", rows=forgotten)
        except AvaError as exc:
            log.warning("retention.unavailable", reason=type(exc).__name__)
        except Exception:  # what nobody foresaw must not end it
            log.exception("retention.failed")
        await asyncio.sleep(_about(_HOUR))


async def forget(retention: Retention) -> int:
    """Delete until nothing old is left, or another process is at it; return how many rows."""
    forgotten = 0
    while rows := await retention.forget(
        updates=_UPDATES, sends=_SENDS, chats=_CHATS, silenced=_SILENCED, most=_MOST
    ):
        forgotten += rows
        await asyncio.sleep(_PAUSE)
    return forgotten


def _about(seconds: float) -> float:
    """Not all processes at the same moment."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, no secret

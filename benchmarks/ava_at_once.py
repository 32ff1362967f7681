"""Ava as in production, but with a model that thinks in no time, and without waiting for bursts.

What is left of an answer's time is Ava's own. Settings come from the environment.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import uvloop
from aiohttp import web

from bot import app, keys, log
from bot.chat.burst import Pace
from bot.models import Turn
from bot.settings import read_settings


class Instant:
    """A ``LanguageModel`` that always says the same."""

    async def reply(self, turn: Turn) -> str:
        del turn
        return "I slept well, thank you."


async def instant_model(application: web.Application) -> AsyncIterator[None]:
    """Stand where ``bot.app.language_model`` stands."""
    application[keys.MODEL] = Instant()
    yield


async def main() -> None:
    """Serve for ever."""
    settings = read_settings()
    log.configure(settings)
    resources = [instant_model if each is app.language_model else each for each in app.LIVE]
    pace = Pace(finished=timedelta(0), fragment=timedelta(0), unfinished=timedelta(0))
    runner = web.AppRunner(app.create_app(settings, resources, pace=pace), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())

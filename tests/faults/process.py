"""Ava in a process that is killed at a point; the points come on the standard input.

python -m tests.faults.process OUTCOME_SECONDS
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta

import uvloop
from aiohttp import web

from bot import log
from bot.app import create_app
from bot.settings import read_settings
from tests.ava import GENEROUS, quick_hashing
from tests.faults.doors import Doors
from tests.faults.dynos import pace
from tests.faults.points import Point


async def main(outcome: timedelta) -> None:
    """Serve until it is killed."""
    settings = read_settings()
    log.configure(settings)
    doors = Doors(lambda: os.kill(os.getpid(), signal.SIGKILL))
    app = create_app(
        settings, doors.resources(), pace=pace(outcome), limits=GENEROUS, hashing=quick_hashing
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.port).start()
    print("ready", flush=True)  # noqa: T201 - to whoever started it
    while word := await asyncio.to_thread(sys.stdin.readline):
        doors.kill_at(Point.of(word.strip()))
        print("will", flush=True)  # noqa: T201


if __name__ == "__main__":
    uvloop.run(main(timedelta(seconds=float(sys.argv[1]))))

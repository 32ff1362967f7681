"""The simulator in a process of its own, so that a test can kill it: ``state webhook_url``."""

import asyncio
import sys
from pathlib import Path

from aiohttp import web

from bot.simulator import Simulator
from tests.simulator.conftest import config
from tests.simulator.desk import ADA


async def main(state: Path, webhook_url: str) -> None:
    simulator = Simulator(config(webhook_url, state))
    runner = web.AppRunner(simulator.app)
    await runner.setup()
    await simulator.say(ADA, "before the end")
    sys.stdout.write("said\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))

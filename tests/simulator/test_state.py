"""What the simulator still knows after its process has ended."""

import asyncio
import sys
from pathlib import Path

import aiohttp
from pytest_aiohttp import AiohttpServer

from bot.simulator import Simulator
from tests.simulator import desk_process
from tests.simulator.conftest import config
from tests.simulator.desk import ADA, TOKEN, Desk, FakeBot


async def test_what_was_not_acknowledged_is_delivered_after_kill_9(
    bot: FakeBot, webhook_url: str, aiohttp_server: AiohttpServer, tmp_path: Path
) -> None:
    state = tmp_path / "desk" / "state.sqlite3"
    bot.statuses += [503] * 10_000
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", desk_process.__name__, str(state), webhook_url),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.kill()
    await process.wait()
    bot.statuses.clear()
    refused = len(bot.bodies)

    simulator = Simulator(config(webhook_url, state))
    await aiohttp_server(simulator.app)
    await simulator.until_quiet()

    (message,) = simulator.messages(ADA)
    assert bot.heard[refused:] == ["before the end"]
    assert (message.text, message.status) == ("before the end", "delivered")


async def test_chats_people_and_held_statuses_come_back(
    bot: FakeBot, webhook_url: str, aiohttp_server: AiohttpServer, tmp_path: Path
) -> None:
    first = Simulator(config(webhook_url, tmp_path / "state"))
    server = await aiohttp_server(first.app)
    async with aiohttp.ClientSession() as client:
        desk = Desk(first, bot, str(server.make_url("")).rstrip("/"), client)
        await desk.simulator.say(ADA, "hi")
        await desk.simulator.until_quiet()
        desk.simulator.faults.hold_statuses = True
        await desk.reply("hello")
    await server.close()
    told_before = list(bot.told)

    second = Simulator(config(webhook_url, tmp_path / "state"))
    await aiohttp_server(second.app)
    await second.until_quiet()

    assert told_before == []
    assert [message.text for message in second.messages(ADA)] == ["hi", "hello"]
    assert sorted(bot.told) == ["delivered", "sent"]


async def test_without_a_file_nothing_is_kept(webhook_url: str) -> None:
    first, second = Simulator(config(webhook_url)), Simulator(config(webhook_url))
    await first.say(ADA, "hi")

    assert second.messages(ADA) == []


async def test_closing_does_not_wait_for_a_bot_that_never_answers(
    bot: FakeBot, webhook_url: str, aiohttp_server: AiohttpServer
) -> None:
    bot.let_go.clear()
    simulator = Simulator(config(webhook_url))
    server = await aiohttp_server(simulator.app)
    await simulator.say(ADA, "anybody?")
    await bot.arrived.wait()

    async with asyncio.timeout(1):
        await server.close()
    bot.let_go.set()


def test_secrets_are_not_shown() -> None:
    assert TOKEN not in repr(config("http://127.0.0.1:1/webhook"))

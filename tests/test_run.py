"""``python run.py`` as an operator meets it."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import aiohttp
import asyncpg
import pytest
import structlog

import run
from tests.ava import ADA, Ava
from tests.homes import in_one_home
from tests.ports import free_port

ROOT = Path(__file__).parent.parent
PRODUCTION = {
    "APP_ENV": "production",
    "PUBLIC_URL": "https://ava.example.com",
    "JWT_SECRET": "a secret of the tests, 32 or more",
    "WHATSAPP_ACCESS_TOKEN": "the-access-token",
    "WHATSAPP_PHONE_NUMBER_ID": "900100200300",
    "WHATSAPP_VERIFY_TOKEN": "the-verify-token",
    "WHATSAPP_APP_SECRET": "the-app-secret",
}


class Ended(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Ended]


@pytest.fixture(name="command")
def _command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Run a command to its end, with nothing set but *variables*; loading all of it takes long."""

    def command(*arguments: str, **variables: str) -> Ended:
        with monkeypatch.context() as patch:
            patch.chdir(ROOT / "tests")  # no .env here
            for name in os.environ:
                patch.delenv(name)
            for name, value in variables.items():
                patch.setenv(name, value)
            return Ended(run.main([*arguments]), *capsys.readouterr())

    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield command
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


async def read(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert answer.status == 200
        return await answer.text()


def test_production_without_settings_does_not_start_and_says_in_one_line_what_is_missing(
    command: Command,
) -> None:
    refused = command(APP_ENV="production", JWT_SECRET="changeme")

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert {"DATABASE_URL", "JWT_SECRET", "WHATSAPP_APP_SECRET"} <= set(
        refused.stderr.replace(",", "").split()
    )
    assert "changeme" not in refused.stderr + refused.stdout


def test_a_database_that_is_not_there_is_one_line_too(command: Command) -> None:
    refused = command(**PRODUCTION, DATABASE_URL="postgresql://nobody:hidden@127.0.0.1:1/none")

    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "hidden" not in refused.stderr + refused.stdout


def test_an_unknown_command_says_which_ones_there_are(command: Command) -> None:
    refused = command("sing")

    assert (refused.returncode, refused.stderr) == (
        1,
        "usage: python run.py [serve|worker|migrate|doctor|dead]\n",
    )


def test_migrate_brings_an_empty_database_up_to_date_and_says_so(
    empty_database_url: str, command: Command
) -> None:
    first = command("migrate", **PRODUCTION, DATABASE_URL=empty_database_url)
    second = command("migrate", **PRODUCTION, DATABASE_URL=empty_database_url)

    assert "applied 001_initial_schema" in first.stdout
    assert (second.returncode, second.stdout) == (0, "The database is up to date.\n")


def test_a_dead_letter_that_is_not_there_is_said_to_be_so(
    database_url: str, command: Command
) -> None:
    refused = command("dead", "replay", "turn-3f9a", **PRODUCTION, DATABASE_URL=database_url)

    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("There is no dead letter turn-3f9a:")


@in_one_home
async def test_a_worker_answers_what_a_server_without_one_received(ava: Ava) -> None:
    await ava.acquainted()
    await ava.stop()
    port = free_port()
    ava.settings = ava.settings.model_copy(update={"run_worker": False, "metrics_port": port})
    await ava.start()
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "run.py"), "worker"),
        cwd=ROOT / "tests",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)} | ava.environment(),
    )

    await ava.simulator.say(ADA, "Hello.")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]
    assert "ava_store_reachable 1.0" in await read(f"http://localhost:{port}/metrics")
    worker.send_signal(signal.SIGTERM)
    assert await worker.wait() == 0


@in_one_home
async def test_sigterm_lets_a_turn_under_way_finish(ava: Ava) -> None:
    await ava.acquainted()
    ava.model.let_go.clear()
    await ava.simulator.say(ADA, "Hello.")
    await ava.model.called.wait()

    stopping = asyncio.create_task(ava.stop())
    ava.model.let_go.set()
    await stopping

    assert [reply.text for reply in ava.simulator.replies(ADA)][1:] == ["You said: Hello."]
    connection = await asyncpg.connect(ava.home.owner_url)
    assert await connection.fetchval("select count(*) from attention") == 0
    await connection.close()

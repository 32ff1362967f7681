"""What a production Ava writes while people chat: JSON, and nothing of theirs."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.ava import ADA, BEN, Ava, Person, eventually
from tests.homes import in_one_home

ROOT = Path(__file__).parent.parent
NOBODY_WAITS = "select not exists (select from attention where due_at <= clock_timestamp())"


@asynccontextmanager
async def in_production(ava: Ava, written: list[str]) -> AsyncIterator[None]:
    """Run the same Ava as a process; *written*: what it wrote."""
    await ava.stop()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "run.py"),
        cwd=ROOT,
        env=os.environ | ava.environment() | {"APP_ENV": "production"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout
    ready = await process.stdout.readuntil(b"Ava is ready")
    reading = asyncio.create_task(process.stdout.read())
    yield
    process.terminate()
    await process.wait()
    written.extend((ready + await reading).decode().splitlines())


async def everything_happens(ava: Ava) -> Person:
    """Sign up, link, chat, fail in every way that is logged, and stop."""
    ada = await ava.acquainted("ada.private@example.com", ADA)
    await ava.simulator.say(ADA, "My darkest secret.")
    await ava.heard(ADA, 2)
    await ava.simulator.say(ADA, "AVA-000000")
    await ava.heard(ADA, 3)
    ava.model.answers.append("What the avatar whispered.")
    ava.simulator.faults.answer(131016)
    await ava.simulator.say(ADA, "Whisper to me.")
    await ava.heard(ADA, 4)
    ava.simulator.faults.answer(131026)
    await ava.simulator.say(ADA, "Never to arrive.")
    await ava.simulator.until(lambda: ava.simulator.faults.planned == 0)
    await ava.simulator.say(BEN, "A stranger's question.")
    await ava.heard(BEN, 1)
    await ava.simulator.send(None, {"type": "text", "text": {"body": "Hidden."}}, bsuid="NL.777001")
    await ava.simulator.post(b'{"entry": "nonsense of +31600000001"}', signature="sha256=forged")
    await ava.simulator.say(ADA, "STOP")
    await ava.heard(ADA, 5)
    await eventually(lambda: ava.home.look(NOBODY_WAITS))
    return ada


async def personal(ava: Ava, ada: Person) -> set[str]:
    """Everything that was said, and everything that leads to somebody."""
    query = "select array_agg(x) from (select content as x from messages union select wamid from"
    query += " messages union select body from outbox union select wamid from outbox) as t"
    kept = [text for text in await ava.home.look(query) if text]
    return {ADA, BEN, ada.email, ada.token, "correct horse", "AVA-000000", "NL.777001", *kept}


@in_one_home
async def test_the_log_of_a_full_run_holds_nothing_personal(ava: Ava) -> None:
    written: list[str] = []
    async with in_production(ava, written):
        ada = await everything_happens(ava)
        secrets = await personal(ava, ada)

    log = "\n".join(written)
    assert len(secrets) > 15
    assert [secret for secret in secrets if secret in log] == []
    for event, steps in ("delivery.stored", {"parse", "store"}), ("turn.closed", {"model", "send"}):
        lines = [json.loads(line) for line in written if f'"{event}"' in line]
        assert any(line["milliseconds"].keys() >= steps for line in lines)

"""Two processes on one database: what comes to both, and what one leaves to the other."""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest
import pytest_asyncio
from aiohttp.test_utils import unused_port

from tests.ava import at
from tests.faults.dynos import HereDyno, pace
from tests.faults.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")

COPIES = 4
LONG_BEFORE_A_LEASE_RUNS_OUT = 8.0  # seconds; it takes 12
LONG = timedelta(seconds=10)


@asynccontextmanager
async def dyno_beside(
    stage: Stage, *, drain: timedelta = timedelta(0), run_worker: bool = True
) -> AsyncIterator[HereDyno]:
    """Another process, which Meta does not know."""
    changes = {"port": unused_port(), "run_worker": run_worker}
    dyno = HereDyno(stage.ava.settings.model_copy(update=changes), pace(drain=drain))
    await dyno.start()
    yield dyno
    await dyno.close()


@pytest_asyncio.fixture(loop_scope="package")
async def other(stage: Stage) -> AsyncIterator[HereDyno]:
    async with dyno_beside(stage) as dyno:
        yield dyno


@pytest_asyncio.fixture(loop_scope="package")
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


@asynccontextmanager
async def thinking(stage: Stage) -> AsyncIterator[None]:
    """Let the model think until it is let go."""
    stage.ava.model.let_go.clear()
    stage.ava.model.called.clear()
    yield
    stage.ava.model.let_go.set()


def wamid_of(wa_id: str) -> str:
    return f"wamid.{wa_id}"


def delivery(wa_id: str) -> bytes:
    message = {"from": wa_id, "id": wamid_of(wa_id), "timestamp": at(0), "type": "text"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": "900100200300"},
        "messages": [message | {"text": {"body": "Hello."}}],
    }
    change = {"field": "messages", "value": value}
    whole = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(whole).encode()


async def deliver(client: aiohttp.ClientSession, body: bytes, *ports: int) -> set[int]:
    """Deliver it several times to each at the same moment; return the statuses."""
    signature = "sha256=" + hmac.digest(b"the-app-secret", body, "sha256").hex()

    async def post(port: int) -> int:
        url, headers = f"http://127.0.0.1:{port}/webhook", {"X-Hub-Signature-256": signature}
        async with client.post(url, data=body, headers=headers) as answer:
            return answer.status

    return set(await asyncio.gather(*(post(port) for port in ports * COPIES)))


@pytest.mark.parametrize("dynos", [1, 2])
async def test_one_message_many_times_in_the_same_moment_is_one_message(
    stage: Stage, other: HereDyno, client: aiohttp.ClientSession, dynos: int
) -> None:
    wa_id = await stage.newcomer()
    ports = [stage.ava.settings.port, other.settings.port][:dynos]
    await stage.ava.simulator.say(wa_id, "Hello.", id=wamid_of(wa_id))

    statuses = await deliver(client, delivery(wa_id), *ports)

    assert statuses == {200}
    assert await stage.after(wa_id, [wamid_of(wa_id)]) == []


async def test_what_does_not_end_after_sigterm_another_process_does_at_once(stage: Stage) -> None:
    wa_id = await stage.newcomer()
    async with thinking(stage):
        said = [await stage.ava.simulator.say(wa_id, "Hello.")]
        await stage.ava.model.called.wait()

        async with dyno_beside(stage):
            await stage.dyno.close()
            stage.ava.model.let_go.set()
            await stage.ava.simulator.until_replies(wa_id, 1, LONG_BEFORE_A_LEASE_RUNS_OUT)
    await stage.start_another()

    assert await stage.after(wa_id, said) == []


async def test_after_sigterm_what_runs_ends_and_nothing_new_is_begun(
    stage: Stage, client: aiohttp.ClientSession
) -> None:
    await stage.dyno.close()
    first, second = await stage.newcomer(), await stage.newcomer()
    async with (
        dyno_beside(stage, drain=LONG) as worker,
        dyno_beside(stage, run_worker=False) as web,
        thinking(stage),
    ):
        for wa_id in first, second:  # comes to the next one
            await stage.ava.simulator.say(wa_id, "Hello.", id=wamid_of(wa_id))
        await deliver(client, delivery(first), web.settings.port)
        await stage.ava.model.called.wait()
        ending = asyncio.create_task(worker.close())
        await deliver(client, delivery(second), web.settings.port)
        stage.ava.model.let_go.set()
        await ending

    assert len(stage.ava.simulator.replies(first)) == 1
    waiting = await stage.owner.fetch("select key, attempts from attention")
    assert [tuple(row) for row in waiting] == [(f"wa:{second}", 0)]
    await stage.start_another()
    assert await stage.after(first, [wamid_of(first)]) == []
    assert await stage.after(second, [wamid_of(second)]) == []

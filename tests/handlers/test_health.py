"""Whether Ava lives, and whether it can work."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from asyncpg import Connection

from tests.ava import Ava, ava_in
from tests.homes import Home
from tests.ports import free_port


@pytest.fixture
async def idle(home: Home) -> AsyncIterator[Ava]:
    """An Ava on a database of its own that answers nobody: that is left to another process."""
    async with ava_in(home, run_worker=False) as ava:
        yield ava


@pytest.fixture
async def owner(home: Home) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(home.owner_url)
    yield connection
    await connection.close()


async def get(ava: Ava, path: str) -> tuple[int, Any]:
    async with ava.client.get(path) as answer:
        return answer.status, await answer.json()


async def test_ready_says_what_is_not_right(idle: Ava, owner: Connection) -> None:
    status, good = await get(idle, "/ready")
    assert (status, good) == (
        200,
        {
            "status": "ok",
            "database": "ok",
            "migrations": "ok",
            "queue_age_seconds": 0.0,
            "alarms": [],
        },
    )

    await owner.execute(
        "insert into alarms (name, figure, since) values"
        " ('sending_stopped', 131042, '2026-11-22 07:00+00')"
    )
    alarm = {"name": "sending_stopped", "figure": 131042, "since": "2026-11-22T07:00:00Z"}
    assert await get(idle, "/ready") == (200, good | {"status": "degraded", "alarms": [alarm]})

    await owner.execute(
        "insert into attention (key, due_at) values ('wa:1', now() - interval '3 minutes')"
    )
    status, waiting = await get(idle, "/ready")
    assert (status, waiting["status"], waiting["database"]) == (503, "unavailable", "ok")
    assert 180 <= waiting["queue_age_seconds"] < 240

    await owner.execute("delete from attention")
    await owner.execute("delete from schema_migrations where name = '009_link_codes'")
    status, behind = await get(idle, "/ready")
    assert (status, behind["migrations"]) == (503, {"pending": ["009_link_codes"]})
    assert await get(idle, "/health") == (200, {"status": "ok"})


async def test_somebody_who_is_not_due_yet_is_not_waiting(idle: Ava, owner: Connection) -> None:
    await owner.execute(
        "insert into attention (key, due_at, dead) values"
        " ('wa:31600000001', now() + interval '3 minutes', false),"
        " ('wa:31600000002', now() - interval '3 minutes', true)"
    )

    assert (await get(idle, "/ready"))[0] == 200


async def test_without_its_database_ava_lives_but_is_not_ready(idle: Ava) -> None:
    person = await idle.sign_up()
    await idle.home.shut()

    assert await get(idle, "/health") == (200, {"status": "ok"})
    assert await get(idle, "/ready") == (
        503,
        {"status": "unavailable", "database": "unreachable"},
    )
    async with idle.client.get(
        "/avatars/me", headers={"Authorization": f"Bearer {person.token}"}
    ) as answer:
        assert (answer.status, answer.content_type) == (503, "application/problem+json")
        assert answer.headers["Retry-After"] == "5"

    await idle.home.open()
    assert (await get(idle, "/ready"))[0] == 200


async def test_without_the_graph_api_a_number_has_to_wait(idle: Ava) -> None:
    person = await idle.sign_up()
    await idle.stop()
    nowhere = f"http://127.0.0.1:{free_port()}"
    idle.settings = idle.settings.model_copy(update={"whatsapp_api_url": nowhere})
    await idle.start()

    status, problem = await person.ask(
        "PUT", "/preferences/whatsapp", json={"phone": "+31600000001"}
    )

    assert (status, problem["title"]) == (503, "Service Unavailable")
    assert (await person.ask("GET", "/preferences"))[1]["pending"] is None

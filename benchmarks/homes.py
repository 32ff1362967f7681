"""What a request costs through Supabase's clients, beside the direct way to the same Postgres.

The stand-in of the tests plays Supabase, in a process of its own; its time is in the milliseconds
and not in the CPU, which is Ava's alone.

python -m benchmarks.homes
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import uvloop

from benchmarks import figures, surroundings
from bot.store.embedded import EmbeddedPostgres
from bot.store.migrate import migrate

_AVATAR = {"name": "Mia", "age": 27, "personality": "playful"}
_CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery"}
_TICKS = os.sysconf("SC_CLK_TCK")  # of CPU time, in a second
_WARM = 50  # requests before the clock starts

_REQUESTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GET", "/avatars/me", {}),
    ("PATCH", "/avatars/me", {"json": {"age": 28}}),
    ("GET", "/messages", {}),
)


@dataclass(frozen=True, slots=True)
class _Cost:
    seconds: list[float]  # of each request
    cpu: float  # seconds for one request, of Ava's process


async def measure(count: int) -> None:
    """Print the time and the CPU of each kind of request in both homes."""
    with surroundings.durable_postgres() as server:
        figures.machine(server)
        direct = await _costs(_on_postgres(server), count)
    supabase = await _costs(_on_supabase(), count)
    rows = [
        (
            name,
            figures.milliseconds(direct[name].seconds),
            figures.milliseconds(supabase[name].seconds),
            f"{direct[name].cpu * 1000:.2f}",
            f"{supabase[name].cpu * 1000:.2f}",
            f"{supabase[name].cpu / direct[name].cpu:.1f}",
        )
        for name in direct
    ]
    head = ("", "direct, p50 / p99 ms", "Supabase", "direct, CPU ms", "Supabase", "ratio of CPU")
    figures.table(head, rows)


async def _costs(
    settings: AbstractAsyncContextManager[dict[str, str]], count: int
) -> dict[str, _Cost]:
    port, graph_port = surroundings.free_ports(2)
    async with AsyncExitStack() as stack:
        environment = surroundings.production("", port, worker=False, graph_port=graph_port)
        environment |= await stack.enter_async_context(settings)
        logs = stack.enter_context(surroundings.scratch())
        pid = await stack.enter_async_context(
            surroundings.program(
                surroundings.AVA, port=port, log=logs / "ava.log", environment=environment
            )
        )
        client = aiohttp.ClientSession(f"http://127.0.0.1:{port}")
        await stack.enter_async_context(client)
        client.headers["Authorization"] = f"Bearer {await _signed_up(client)}"
        return {
            f"{method} {path}": await _cost(client, pid, count, (method, path, how))
            for method, path, how in _REQUESTS
        }


async def _signed_up(client: aiohttp.ClientSession) -> str:
    async with client.post("/auth/signup", json=_CREDENTIALS) as answer:
        token: str = (await answer.json())["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with client.post("/avatars", json=_AVATAR, headers=headers) as answer:
        answer.raise_for_status()
    return token


async def _cost(
    client: aiohttp.ClientSession, pid: int, count: int, request: tuple[str, str, dict[str, Any]]
) -> _Cost:
    for _ in range(_WARM):
        await _seconds(client, *request)
    cpu = _cpu_seconds(pid)
    seconds = [await _seconds(client, *request) for _ in range(count)]
    return _Cost(seconds, (_cpu_seconds(pid) - cpu) / count)


async def _seconds(
    client: aiohttp.ClientSession, method: str, path: str, how: dict[str, Any]
) -> float:
    began = time.perf_counter()
    async with client.request(method, path, **how) as answer:
        await answer.read()
        answer.raise_for_status()
    return time.perf_counter() - began


def _cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS


@asynccontextmanager
async def _on_postgres(server: EmbeddedPostgres) -> AsyncIterator[dict[str, str]]:
    yield {"DATABASE_URL": await surroundings.migrated_database(server, "ava")}


@asynccontextmanager
async def _on_supabase() -> AsyncIterator[dict[str, str]]:
    """Yield what reaches a stand-in; without its DATABASE_URL everything goes through the API."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.supabase"),
        cwd=surroundings.ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    if process.stdout is None:
        raise RuntimeError("the stand-in says nothing")
    try:
        lines = [(await process.stdout.readline()).decode().strip() for _ in range(4)]
        settings = dict(line.split("=", 1) for line in lines)
        await migrate(settings.pop("DATABASE_URL"))
        yield {"DATABASE_URL": "", "JWT_SECRET": "", **settings}
    finally:
        process.send_signal(signal.SIGINT)
        await process.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000, help="requests of each kind")
    uvloop.run(measure(parser.parse_args().count))

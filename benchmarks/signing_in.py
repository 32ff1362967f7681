"""Whether others wait while many people sign in: a password is hashed off the event loop.

python -m benchmarks.signing_in
"""

import argparse
import asyncio
import itertools
import time
from collections.abc import Coroutine

import aiohttp
import uvloop

from benchmarks import figures, surroundings

_PEOPLE = 8
_AT_ONCE = 16  # who sign in; 40 may wait
_PASSWORD = "correct horse battery"
_PAUSE = 0.005  # seconds between two looks
_STALL_TARGET = 0.05  # seconds; about one hash, which would be the least if it ran on the loop


async def measure(count: int) -> None:
    """Print how long /health takes while nobody and while everybody signs in."""
    port, graph_port = surroundings.free_ports(2)
    with surroundings.durable_postgres() as server, surroundings.scratch() as logs:
        figures.machine(server)
        url = await surroundings.migrated_database(server, "ava")
        environment = surroundings.production(url, port, worker=False, graph_port=graph_port)
        environment["TRUSTED_PROXIES"] = "1"  # so that everybody has an address of their own
        async with (
            surroundings.program(
                surroundings.AVA, port=port, log=logs / "ava.log", environment=environment
            ),
            aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client,
        ):
            await _sign_up(client)
            idle = await _looks_during(client, asyncio.sleep(2))
            began = time.perf_counter()
            busy = await _looks_during(client, _sign_in(client, count))
            rate = count / (time.perf_counter() - began)
    _show(idle, busy, rate)


async def _sign_up(client: aiohttp.ClientSession) -> None:
    for person in range(_PEOPLE):
        await _post(client, "/auth/signup", person)


async def _sign_in(client: aiohttp.ClientSession, count: int) -> None:
    people = iter(range(count))

    async def one_after_the_other() -> None:
        for number in people:
            await _post(client, "/auth/signin", number % _PEOPLE)

    await asyncio.gather(*(one_after_the_other() for _ in range(_AT_ONCE)))


_addresses = itertools.count()


async def _post(client: aiohttp.ClientSession, path: str, person: int) -> None:
    number = next(_addresses)
    headers = {"X-Forwarded-For": f"198.18.{number // 250}.{number % 250}"}
    credentials = {"email": f"person.{person}@example.com", "password": _PASSWORD}
    async with client.post(path, json=credentials, headers=headers) as answer:
        answer.raise_for_status()


async def _looks_during(
    client: aiohttp.ClientSession, work: Coroutine[None, None, None]
) -> list[float]:
    """Return the seconds of GET /health, asked again and again while *work* is done."""
    working, seconds = asyncio.create_task(work), []
    while not working.done():
        began = time.perf_counter()
        async with client.get("/health") as answer:
            await answer.read()
        seconds.append(time.perf_counter() - began)
        await asyncio.sleep(_PAUSE)
    await working
    return seconds


def _show(idle: list[float], busy: list[float], rate: float) -> None:
    rows = [
        ("nobody signs in", figures.milliseconds(idle), ""),
        (f"{_AT_ONCE} at a time sign in", figures.milliseconds(busy), f"{rate:.0f}"),
    ]
    figures.table(("GET /health while", "p50 / p99 ms", "sign-ins a second"), rows)
    p99 = figures.percentile(busy, 99)
    figures.verdict(
        f"p99 {p99 * 1000:.0f} ms; at most {_STALL_TARGET * 1000:.0f} ms",
        met=p99 <= _STALL_TARGET,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=400, help="sign-ins")
    uvloop.run(measure(parser.parse_args().count))

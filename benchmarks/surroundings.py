"""What every measurement stands on: a durable Postgres, and programs as processes of their own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiohttp
import asyncpg

from benchmarks.deliveries import APP_SECRET, PHONE_NUMBER_ID
from bot.store.embedded import EmbeddedPostgres
from bot.store.migrate import migrate

ROOT = Path(__file__).resolve().parents[1]
AVA = str(ROOT / "run.py")
OWNER = "ava_owner"  # as a hosted Postgres gives it: no superuser

_START_SECONDS = 20.0


@contextmanager
def scratch() -> Iterator[Path]:
    """Lend a directory on the disk of the code: ``/tmp`` may be memory, which syncs for free."""
    local = ROOT / ".local"
    local.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=local) as directory:
        yield Path(directory)


@contextmanager
def durable_postgres(settings: Mapping[str, str] | None = None) -> Iterator[EmbeddedPostgres]:
    """Run a server of our own that flushes every commit, as production does."""
    with scratch() as directory:
        server = EmbeddedPostgres(directory, settings=settings)
        server.start()
        try:
            yield server
        finally:
            server.stop()


async def new_database(server: EmbeddedPostgres, name: str) -> str:
    """Return the URL of an empty database that belongs to ``OWNER``."""
    async with connected(server.dsn()) as admin:
        if not await admin.fetchval(
            "select exists (select from pg_roles where rolname = $1)", OWNER
        ):
            await admin.execute(f"create role {OWNER} login createrole")
        await admin.execute(f"create database {name} owner {OWNER}")
    return server.dsn(name, user=OWNER)


async def migrated_database(server: EmbeddedPostgres, name: str) -> str:
    """Return the URL of a database with every migration."""
    url = await new_database(server, name)
    await migrate(url)
    return url


@asynccontextmanager
async def connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Lend one connection."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


def production(url: str, port: int, *, worker: bool, graph_port: int) -> dict[str, str]:
    """Return the environment of a production Ava whose Graph API is on *graph_port*."""
    return {
        "APP_ENV": "production",
        "PORT": str(port),
        "PUBLIC_URL": "https://ava.example.com",
        "DATABASE_URL": url,
        "JWT_SECRET": "a-secret-of-the-benchmarks-that-is-long",
        "WHATSAPP_ACCESS_TOKEN": "access-token-of-the-benchmarks",
        "WHATSAPP_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
        "WHATSAPP_VERIFY_TOKEN": "verify-token-of-the-benchmarks",
        "WHATSAPP_APP_SECRET": APP_SECRET,
        "WHATSAPP_API_URL": f"http://127.0.0.1:{graph_port}",
        "RUN_WORKER": str(worker).lower(),
    }


@asynccontextmanager
async def program(
    *arguments: str,
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    python: str = sys.executable,
) -> AsyncIterator[int]:
    """Run a Python program until the end of the block; yield its pid once *port* answers.

    It gets *environment* and nothing else of ours: no ``.env``, no DATABASE_URL.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            [python, *arguments],
            cwd=log.parent,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **(environment or {})},
            stdout=output,
            stderr=output,
        )
    try:
        await _until_it_answers(process, port, log)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, _START_SECONDS)


async def _until_it_answers(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    async with asyncio.timeout(_START_SECONDS), aiohttp.ClientSession() as client:
        while process.poll() is None:
            try:
                async with client.get(f"http://127.0.0.1:{port}/ready"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.005)
    words = await asyncio.to_thread(log.read_text)
    raise RuntimeError(f"a program ended before it answered:\n{words[-2000:]}")


async def until_answered(admin: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Return once nobody waits for an answer."""
    while await admin.fetchval("select exists (select from attention)"):  # noqa: ASYNC110
        await asyncio.sleep(0.2)  # it is another process that answers


def free_ports(count: int) -> Sequence[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports


def resident_mb(pid: int) -> float:
    """Return the memory of a process, in MB."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True)
    return int(shown.stdout) / 1024

"""The least that an acknowledgement which keeps its word can cost; what Ava is compared with.

Bare aiohttp, the signature, the JSON, one durable insert. No rules, no types, no log.
"""

import asyncio
import hmac
import json
import sys

import asyncpg
import uvloop
from aiohttp import web

from benchmarks.deliveries import APP_SECRET

TABLE = """
create table floor (
  key text primary key, payload text not null, received_at timestamptz not null default now()
)"""
_POOL = 10
_INSERT = "insert into floor (key, payload) values ($1, $2) on conflict do nothing"


async def main(url: str, port: int) -> None:
    """Acknowledge what comes to *port* once it is in ``floor``, for ever."""
    pool = await asyncpg.create_pool(url, min_size=_POOL, max_size=_POOL)
    secret = APP_SECRET.encode()

    async def receive(request: web.Request) -> web.Response:
        body = await request.read()
        expected = "sha256=" + hmac.digest(secret, body, "sha256").hex()
        if not hmac.compare_digest(expected, request.headers["X-Hub-Signature-256"]):
            raise web.HTTPUnauthorized
        value = json.loads(body)["entry"][0]["changes"][0]["value"]
        await pool.execute(_INSERT, value["messages"][0]["id"], body.decode())
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhook", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))

"""A Graph API that accepts everything at once and remembers when it was called."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(slots=True)
class Graph:
    """Meta's side of a message that is sent."""

    texts: int = 0
    text_at: float = 0.0  # time.perf_counter of the last one
    typing_at: float = 0.0
    said: asyncio.Event = field(default_factory=asyncio.Event)
    _wamids: "itertools.count[int]" = field(default_factory=itertools.count)

    @asynccontextmanager
    async def listening(self, port: int) -> AsyncIterator["Graph"]:
        """Serve on *port* until the end of the block."""
        app = web.Application()
        app.router.add_post("/{version}/{number}/messages", self._receive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield self
        await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        now = time.perf_counter()
        body = await request.json()
        if "typing_indicator" in body:
            self.typing_at = now
            return web.json_response({"success": True})
        self.text_at = now
        self.texts += 1
        self.said.set()
        wamid = f"wamid.reply{next(self._wamids)}"
        return web.json_response({"messaging_product": "whatsapp", "messages": [{"id": wamid}]})

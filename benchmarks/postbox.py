"""Meta's deliveries: what is not acknowledged with 200 is delivered again, until it is."""

import asyncio
import random
from collections.abc import Sequence

_ANSWER_SECONDS = 10.0
_AGAIN = (0.2, 1.0)  # seconds; Meta's own are longer


class Postbox:
    """Delivers to one of some addresses. repeated: how often nobody acknowledged."""

    def __init__(self, ports: Sequence[int], chance: random.Random) -> None:
        self._ports = ports
        self._chance = chance
        self.delivered = 0
        self.repeated = 0

    async def deliver(self, request: bytes, *, twice: bool = False) -> None:
        """Return once it is acknowledged; with *twice*, once everywhere."""
        if twice:
            await asyncio.gather(*(self._insist(request, [port]) for port in self._ports))
        else:
            await self._insist(request, self._ports)

    async def _insist(self, request: bytes, ports: Sequence[int]) -> None:
        while not await _post(request, self._chance.choice(ports)):
            self.repeated += 1
            await asyncio.sleep(self._chance.uniform(*_AGAIN))
        self.delivered += 1


async def _post(request: bytes, port: int) -> bool:
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request)
                return (await reader.readline()).startswith(b"HTTP/1.1 200")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False

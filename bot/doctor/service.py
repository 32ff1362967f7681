"""A server that is asked over HTTP, once and without patience."""

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bot.doctor.findings import Halted

_LARGEST = 1 << 20  # bytes of an answer that are looked at

# The first that fits.
_WHY: Mapping[type[Exception] | tuple[type[Exception], ...], str] = {
    TimeoutError: "no answer in time",
    aiohttp.ClientConnectorDNSError: "nobody knows its name",
    (aiohttp.ClientSSLError, ssl.SSLError): "its certificate is not right",
    aiohttp.ClientConnectorError: "it takes no connections",
    (aiohttp.InvalidURL, ValueError): "its URL is none",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. json: None where the body is none."""

    status: int
    text: str
    json: object


@dataclass(frozen=True, slots=True)
class Service:
    """One of them. advice: what to do when it does not answer.

    Every question raises Halted without an answer.
    """

    session: aiohttp.ClientSession
    url: str
    name: str
    advice: str

    async def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return await self._ask("GET", path, params=params, headers=headers)

    async def post(
        self, path: str, body: object, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        return await self._ask("POST", path, json=body, headers=headers)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Answer:
        try:
            async with self.session.request(
                method,
                f"{self.url}{path}",
                params=params,
                headers=headers,
                json=json,
                allow_redirects=False,  # or keys would follow
            ) as response:
                raw = await response.content.read(_LARGEST)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as exc:
            raise Halted(f"{self.name} does not answer ({_why(exc)}): {self.advice}") from None
        return Answer(status, raw.decode(errors="replace"), _parsed(raw))


@asynccontextmanager
async def connections(seconds: float) -> AsyncIterator[aiohttp.ClientSession]:
    """Yield what services are asked through; *seconds* is what one question may take."""
    timeout = aiohttp.ClientTimeout(total=seconds)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield session


def _why(exc: Exception) -> str:
    """Say it without the exception's own words, which hold the URL."""
    return next((why for kinds, why in _WHY.items() if isinstance(exc, kinds)), "it hung up")


def _parsed(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None

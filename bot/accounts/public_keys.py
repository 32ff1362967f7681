"""The public keys of a Supabase project: fetched together, kept for a while, replaced together.

https://supabase.com/docs/guides/auth/signing-keys
"""

import asyncio
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx
import structlog
from jose import JOSEError, jwk
from jose.backends.base import Key

from bot.errors import Unavailable

log = structlog.get_logger()

# seconds
_FRESH = 600.0  # what Supabase's own cache header says
_USABLE = 3600.0  # while the project does not answer; a revoked key lives no longer than that
_PAUSE = 30.0  # a name that nobody knows does not make us ask more often
_PAUSE_AFTER_FAILURE = 2.0
_TIMEOUT = 5.0

_LARGEST = 65_536  # bytes
_ALGORITHMS = {"EC": "ES256", "RSA": "RS256"}  # by type of key; a shared secret is never public


class KeysUnavailable(Unavailable):
    """Whether a token is signed by the project cannot be said right now."""


class _Unreadable(Exception):
    """The answer is no key set."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key and the one algorithm it may be used with."""

    key: Key
    algorithm: str


class PublicKeys:
    """Finds a key by its name. *http* stays its owner's to close."""

    def __init__(
        self, url: str, http: httpx.AsyncClient, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._http = http
        self._clock = clock
        self._keys: Mapping[str, PublicKey] = {}
        self._fetching = asyncio.Lock()
        self._fetched_at = self._tried_at = -math.inf
        self._answered = False  # when last asked

    async def find(self, name: str) -> PublicKey | None:
        """Return the key called *name* (``kid``), or None where the project has none.

        Raise KeysUnavailable when neither is known.
        """
        if not self._fresh:
            await self._fetch()
        if name in self._keys and self._usable:
            return self._keys[name]
        await self._fetch(wait=True)  # perhaps it is new
        if not (self._answered and self._usable):
            raise KeysUnavailable
        return self._keys.get(name)

    async def _fetch(self, *, wait: bool = False) -> None:
        """Ask the project, one at a time and not too often.

        Unless told to *wait*, nobody waits for another's question who has keys to go on with.
        """
        if self._fetching.locked() and self._usable and not wait:
            return
        async with self._fetching:
            pause = _PAUSE if self._answered else _PAUSE_AFTER_FAILURE
            if self._since(self._tried_at) < pause:
                return
            try:
                await self._replace()
            finally:
                self._tried_at = self._clock()

    async def _replace(self) -> None:
        try:
            self._keys = dict(_parsed(await self._download()))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, _Unreadable) as exc:
            self._answered = False
            log.warning("keys.unavailable", reason=type(exc).__name__)
        else:
            self._answered = True
            self._fetched_at = self._clock()

    async def _download(self) -> bytes:
        body = b""
        async with (
            asyncio.timeout(_TIMEOUT),  # httpx's own is per chunk
            self._http.stream(
                "GET",
                self._url,
                headers={"Accept-Encoding": "identity"},  # what is small unpacks to something huge
                timeout=_TIMEOUT,
                follow_redirects=False,
            ) as response,
        ):
            response.raise_for_status()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > _LARGEST:
                    raise _Unreadable
        return body

    @property
    def _fresh(self) -> bool:
        return self._since(self._fetched_at) < _FRESH

    @property
    def _usable(self) -> bool:
        return self._since(self._fetched_at) < _USABLE

    def _since(self, moment: float) -> float:
        return self._clock() - moment


def _parsed(body: bytes) -> Iterator[tuple[str, PublicKey]]:
    """Yield the keys we can use, by name; those of other kinds are passed over."""
    try:
        keys = json.loads(body)["keys"]
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise _Unreadable from exc
    if not isinstance(keys, list):
        raise _Unreadable
    for given in keys:
        if isinstance(given, dict) and isinstance(given.get("kid"), str):
            yield from _usable(given)


def _usable(given: dict[str, object]) -> Iterator[tuple[str, PublicKey]]:
    algorithm = _ALGORITHMS.get(str(given.get("kty")))
    if algorithm is None or given.get("alg", algorithm) != algorithm:
        return
    if given.get("use", "sig") != "sig" or given.get("crv", "P-256") != "P-256":
        return
    try:
        yield str(given["kid"]), PublicKey(jwk.construct(given, algorithm), algorithm)
    except (JOSEError, ValueError, TypeError, KeyError, AttributeError) as exc:
        log.warning("key.unreadable", reason=type(exc).__name__)

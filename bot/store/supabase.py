"""Supabase through its two clients: the service-role key for the bot's own work, the anon key with
a person's token for everything that they ask, so that row-level security decides.

No client here ever signs anybody in, and none is changed after it was made: what is signed in on a
shared client speaks for everybody who uses it.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from postgrest import APIError, AsyncRPCFilterRequestBuilder
from supabase import AsyncClient, AsyncClientOptions

from bot import supabase_keys
from bot.errors import (
    AvaError,
    NotSignedIn,
    StoreRejected,
    StoreTimeout,
    StoreUnavailable,
)
from bot.models import Caller
from bot.store.database import (
    SchemaBehind,
    ValueRefused,
    asked_by_a_person,
    refusal,
    twice_if_rolled_back,
)

_TIMEOUT = httpx.Timeout(10, connect=5, pool=5)  # seconds
_CONNECTIONS = 40  # all kept alive, or each of a burst would be opened anew

_WRONG_KEY = "API key"
_SQLSTATE = re.compile(r"[0-9A-Z]{5}")
_RULE = re.compile(r'constraint "([^"]+)"')
# By how a code of PostgREST's own begins, or the status of an answer that was no JSON.
_MEANINGS: tuple[tuple[tuple[str, ...], type[AvaError]], ...] = (
    (("PGRST003", "504"), StoreTimeout),
    (("PGRST00", "429", "50", "52"), StoreUnavailable),  # its connection; the gateway
    (("PGRST301", "PGRST302", "PGRST303"), NotSignedIn),
    (("PGRST20",), SchemaBehind),
)


def pool() -> httpx.AsyncClient:
    """Return what every Supabase client of this process shares; close it at the end.

    HTTP/1.1, because servers end HTTP/2 connections (GOAWAY) under requests.
    """
    limits = httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS)
    hooks = {"response": [_refuse_no_json]}
    return httpx.AsyncClient(timeout=_TIMEOUT, limits=limits, http2=False, event_hooks=hooks)


async def _refuse_no_json(response: httpx.Response) -> None:
    """A gateway that says 200 to anything must not look like "nothing new": postgrest believes it.

    https://docs.postgrest.org answers every call of a function that returns something with JSON.
    """
    if response.status_code == httpx.codes.OK and "/rest/v1/" in response.request.url.path:
        await response.aread()
        if "json" not in response.headers.get("Content-Type", "") or not response.content:
            raise httpx.RemoteProtocolError("200 without JSON", request=response.request)


def client(http: httpx.AsyncClient, url: str, key: str) -> AsyncClient:
    """Return a client that keeps no session, repeats nothing by itself and starts no timer."""
    options = AsyncClientOptions(
        httpx_client=http,
        auto_refresh_token=False,
        persist_session=False,
        flow_type="implicit",
        postgrest_client_retry=False,
    )
    made = AsyncClient(url, key, options)
    made.options.headers = options.headers | supabase_keys.headers(key)
    return made


class SupabaseDatabase:
    """``database.Database`` through PostgREST."""

    def __init__(
        self, http: httpx.AsyncClient, *, url: str, anon_key: str, service_role_key: str
    ) -> None:
        self.name = uuid4().hex
        self._bot = client(http, url, service_role_key)
        self._anon = client(http, url, anon_key)

    async def as_bot(self, function: str, /, **arguments: object) -> Any:  # noqa: ANN401 - any JSON
        try:
            return await _called(lambda: self._bot.rpc(function, _json(arguments)))
        except NotSignedIn as exc:  # our own key is wrong, which nobody who asks can mend
            raise StoreRejected("the service-role key is refused") from exc

    async def as_person(self, caller: Caller, function: str, /, **arguments: object) -> Any:  # noqa: ANN401
        theirs = self._anon.schema("public").auth(caller.token)  # a client of its own
        with asked_by_a_person():
            return await _called(lambda: theirs.rpc(function, _json(arguments)))

    async def woken(self) -> AsyncIterator[None]:
        """Nobody can be heard through PostgREST; whoever waits for this polls."""
        await asyncio.Event().wait()
        yield


async def _called(request: Callable[[], AsyncRPCFilterRequestBuilder]) -> object:
    async def ask() -> object:
        with _translated():
            return (await request().execute()).data

    return await twice_if_rolled_back(ask)


def _json(arguments: dict[str, object]) -> dict[str, Any]:
    """Return *arguments* as PostgREST takes them."""
    return {f"p_{name}": _plain(value) for name, value in arguments.items()}


def _plain(value: object) -> object:
    match value:
        case timedelta():
            return f"{value.total_seconds():f} seconds"  # Postgres reads no exponents here
        case datetime():
            return value.isoformat()
        case UUID():
            return str(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return value


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what postgrest and httpx raise into what can be done about it."""
    try:
        yield
    except APIError as exc:
        raise _error_of(exc) from exc
    except httpx.TimeoutException as exc:
        raise StoreTimeout(type(exc).__name__) from exc
    except httpx.HTTPError as exc:
        raise StoreUnavailable(type(exc).__name__) from exc
    except UnicodeEncodeError as exc:  # half a character is no text
        raise ValueRefused(type(exc).__name__) from exc


def _error_of(exc: APIError) -> AvaError:
    code, message = exc.code or "", exc.message or ""
    if not code:  # the gateway's own JSON: a wrong key, or nobody behind it
        return (StoreRejected if _WRONG_KEY in message else StoreUnavailable)("gateway")
    if _SQLSTATE.fullmatch(code):
        rule = _RULE.search(message)
        return refusal(code, rule=rule[1] if rule else "", detail=exc.details or "")
    return next((kind for begins, kind in _MEANINGS if code.startswith(begins)), StoreRejected)(
        code
    )

"""``Idempotency-Key``: whoever repeats a call gets the first answer, and nothing happens again.

As <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/> has it, but that a
key need not stand in quotes.
"""

import json
import re
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID, uuid4, uuid5

from aiohttp import web
from pydantic import BaseModel

from bot.errors import AvaError, MalformedKey, Unavailable
from bot.handlers import client
from bot.handlers.problems import problem_of, status_of
from bot.keys import REPEATS, SEALS
from bot.models import Caller, MessageId, PersonId
from bot.seals import Box

_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,255}")

_Handling = Callable[[], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of a call that may come again."""

    key: str  # a name for the header and for whom it is from
    fingerprint: str  # of the whole call
    box: Box
    person: PersonId | None
    holder: UUID = field(default_factory=uuid4)


async def once(
    request: web.Request, call: str, given: Collection[object], handle: _Handling
) -> web.StreamResponse:
    """Return what *handle* answers, or what it answered to the same key and arguments before.

    What only failed for now is not kept. Raise MalformedKey, StillRunning or, where the key came
    with other arguments, Invalid.
    """
    key = _key(request)
    if key is None:
        return await handle()
    run, repeats = _run(request, key, call, given), request.app[REPEATS]
    sealed = await repeats.reserve(
        run.key, fingerprint=run.fingerprint, holder=run.holder, person=run.person
    )
    if sealed is not None:
        return _opened(run.box, sealed)
    try:
        response = await _answered(handle)
    except Exception:
        with suppress(Unavailable):  # then the next one may try in a minute
            await repeats.release(run.key, holder=run.holder)
        raise
    with suppress(Unavailable):  # it has happened, and whoever asked should know
        await repeats.keep(run.key, holder=run.holder, answer=_sealed(run.box, response))
    return response


def message_id(request: web.Request, caller: Caller, text: str) -> MessageId | None:
    """Return the id by which saying *text* with this key is always one message."""
    key = _key(request)
    return MessageId(uuid5(caller.id, f"{key}\n{text}")) if key else None


def _key(request: web.Request) -> str | None:
    keys = request.headers.getall(_HEADER, [])
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise MalformedKey
    return keys[0]


def _run(request: web.Request, key: str, call: str, given: Collection[object]) -> _Run:
    seals, caller = request.app[SEALS], client.caller(given)
    # Nobody's key opens anything of somebody else's.
    whose = str(caller.id) if caller else client.email(given) or client.address(request)
    asked = [_text(value) for value in given if value is not caller]
    return _Run(
        key=seals.name("idempotency key", whose, key),
        fingerprint=seals.name("idempotent call", whose, key, call, *asked),
        box=seals.box(whose, key, call, *asked),
        person=caller.id if caller else None,
    )


def _text(value: object) -> str:
    return value.model_dump_json() if isinstance(value, BaseModel) else str(value)


async def _answered(handle: _Handling) -> web.Response:
    """Return the response, a refusal too; raise where asking again may help."""
    try:
        response = await handle()
    except AvaError as exc:
        if _passes(status_of(exc)):
            raise
        response = problem_of(exc)
    if not isinstance(response, web.Response):
        raise TypeError("what is streamed cannot be repeated")
    return response


def _passes(status: int) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _sealed(box: Box, response: web.Response) -> str:
    kept = {
        "status": response.status,
        "headers": dict(response.headers),
        "text": response.text,
    }
    return box.closed(json.dumps(kept))


def _opened(box: Box, sealed: str) -> web.Response:
    kept = json.loads(box.opened(sealed))
    return web.Response(
        status=kept["status"], headers=kept["headers"], body=(kept["text"] or "").encode()
    )

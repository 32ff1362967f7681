"""``Idempotency-Key``: whoever repeats a call gets the first answer, and nothing happens again.

Each call has an id for what it makes, which is the same however often it has to be run until there
is an answer. The header is that of
<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>, but that a key need
not stand in quotes.
"""

import json
import re
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from uuid import UUID, uuid4

from aiohttp import web
from pydantic import BaseModel

from bot.encryption import decrypted, derived_key, encrypted
from bot.errors import AvaError, MalformedKey, TooMany, Unavailable
from bot.handlers import client
from bot.handlers.problems import problem_of, status_of
from bot.keys import FIRST_ANSWERS, SECRET
from bot.models import PersonId
from bot.store.ports import FirstAnswers

_HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,255}")
_NEW_ID = web.RequestKey("new_id", UUID)

_Handling = Callable[[], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of a call that may come again."""

    key: str  # a name for the header and for whom it is from
    fingerprint: str  # of the whole call
    encryption_key: bytes
    person: PersonId | None
    holder: UUID = field(default_factory=uuid4)


async def once(
    request: web.Request, given: Collection[object], handle: _Handling
) -> web.StreamResponse:
    """Return what *handle* answers, or what it answered to the same key and arguments before.

    What only failed for now is not kept. Raise MalformedKey, StillRunning or, where the key came
    with other arguments, Invalid.
    """
    key = _key(request)
    if key is None:
        return await handle()
    run, first_answers = _run(request, key, given), request.app[FIRST_ANSWERS]
    match await first_answers.reserve(
        run.key, fingerprint=run.fingerprint, holder=run.holder, person=run.person
    ):
        case str(kept):
            return _response(decrypted(run.encryption_key, kept))
        case new_id:
            request[_NEW_ID] = new_id
            return await _first(run, first_answers, handle)


def new_id(request: web.Request) -> UUID | None:
    """Return the id of what a call makes that may come again, the same for each of its runs."""
    return request.get(_NEW_ID)


async def _first(run: _Run, first_answers: FirstAnswers, handle: _Handling) -> web.Response:
    """Return what *handle* answers, and keep it."""
    try:
        response = await _answered(handle)
    except Exception as exc:
        begun = not isinstance(exc, TooMany)
        with suppress(Unavailable):  # then the next one may try in a minute
            await first_answers.release(run.key, holder=run.holder, begun=begun)
        raise
    with suppress(Unavailable):  # it has happened, and whoever asked should know
        answer = encrypted(run.encryption_key, _text_of(response))
        await first_answers.keep(run.key, holder=run.holder, answer=answer)
    return response


def _key(request: web.Request) -> str | None:
    keys = request.headers.getall(_HEADER, [])
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise MalformedKey
    return keys[0]


def _run(request: web.Request, key: str, given: Collection[object]) -> _Run:
    secret, caller = request.app[SECRET], client.caller(given)
    # Nobody's key opens anything of somebody else's.
    whose = str(caller.id) if caller else client.email(given) or client.address(request)
    asked = [_text(value) for value in given if value is not caller]
    call = (whose, key, request.method, request.path, *asked)
    return _Run(
        key=derived_key(secret, "idempotency key", whose, key).hex(),
        fingerprint=derived_key(secret, "idempotent call", *call).hex(),
        encryption_key=derived_key(secret, "first answer", *call),
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


def _text_of(response: web.Response) -> str:
    kept = {
        "status": response.status,
        "headers": dict(response.headers),
        "text": response.text,
    }
    return json.dumps(kept)


def _response(text: str) -> web.Response:
    kept = json.loads(text)
    return web.Response(
        status=kept["status"], headers=kept["headers"], body=(kept["text"] or "").encode()
    )

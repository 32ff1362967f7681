"""Reading a request: its JSON body, form, query and path, and who asks."""

import json
from contextlib import suppress
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.errors import Fault, Invalid, MalformedRequest, Missing, NotSignedIn, UnsupportedContent
from bot.keys import TOKENS
from bot.models import Caller

_LARGEST_BODY = 64 * 1024  # bytes; the longest message, each character as an escaped pair, is 49152

Body = TypeVar("Body", bound=BaseModel)


async def read(request: web.Request, model: type[Body]) -> Body:
    """Return the request's JSON body as *model*.

    Raise UnsupportedContent, MalformedRequest or, with what is wrong with each field, Invalid.
    """
    if request.content_type != "application/json":
        raise UnsupportedContent
    # The application takes what Meta sends; megabytes of wrong fields would stop it for seconds.
    body = await request.clone(client_max_size=_LARGEST_BODY).read()
    return validate(_object(body), model)


def validate(given: dict[str, object], model: type[Body]) -> Body:
    """Return *given* as *model* or raise Invalid."""
    try:
        return model.model_validate(given)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False)
        raise Invalid(
            [
                Fault(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, "))
                for e in errors
            ]
        ) from None


async def read_form(request: web.Request, model: type[Body]) -> Body | None:
    """Return what a page of ours sends as *model*; raise UnsupportedContent.

    None: it is not right. The page asks again, since people see no problems of ours.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        raise UnsupportedContent
    try:
        sent = await request.clone(client_max_size=_LARGEST_BODY).post()
    except (LookupError, UnicodeDecodeError) as exc:  # a charset that is none, or another one
        raise UnsupportedContent from exc
    with suppress(Invalid):
        return validate(dict(sent), model)
    return None


def query(request: web.Request, model: type[Body]) -> Body:
    """Return the query string as *model* or raise Invalid."""
    return validate(dict(request.query), model)


def segment(request: web.Request, name: str, kind: TypeAdapter[object]) -> object:
    """Return the part *name* of the path as *kind*; what cannot be there is Missing."""
    try:
        return kind.validate_python(request.match_info[name])
    except ValidationError:
        raise Missing("There is nothing here.") from None


async def caller(request: web.Request) -> Caller:
    """Return who asks, or raise NotSignedIn."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedIn
    return await request.app[TOKENS].verify(token.strip())


def _object(body: bytes) -> dict[str, object]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise MalformedRequest from exc
    if not isinstance(given, dict):
        raise MalformedRequest
    return given

"""What a call takes and gives, said once where it is handled.

The signature of a handler says what it takes; ``Section.call`` reads it there, checks it and hands
it over. What it gives and refuses stands above the handler. ``openapi.py`` shows all of it.

    @routes.post("/avatars")
    @section.call(gives={201: answers.Avatar}, refuses={409: "You have an avatar already."})
    async def create(
        request: web.Request, caller: Caller, given: requests.NewAvatar
    ) -> web.Response:
        ""\"Make your avatar.""\"
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from bot.handlers import idempotency, permits, requests
from bot.handlers.answers import Answer
from bot.handlers.problems import Handler
from bot.limits import Act
from bot.models import Caller

Gives = type[Answer] | str | None  # a model as JSON, text of that media type, or no body

_Handling = Callable[..., Awaitable[web.StreamResponse]]  # the request, then what it asks for

_ATTRIBUTE = "call"

_NOT_SIGNED_IN = {401: "There is no token, or it is not valid any more."}
_NOT_SUCH_A_BODY = {
    400: "The body is not a JSON object.",
    413: "The body is too large.",
    415: "The body is not `application/json`.",
}
_NOT_SUCH_FIELDS = {422: "Some fields are not right; `errors` names them."}
_TOO_OFTEN = {429: "Too many requests. Ask again after `Retry-After` seconds."}
_REPEATED = {
    400: "Or the `Idempotency-Key` is none.",
    409: "Or the first call with this `Idempotency-Key` is not done yet.",
    422: "Or the `Idempotency-Key` came with another call before.",
}
_NOT_NOW = {
    503: "Something behind Ava does not answer. Ask again after `Retry-After` seconds.",
    504: "Something behind Ava took too long; what was asked may have happened.",
}


class Source(IntEnum):
    """Where an argument comes from, in the order of reading: who asks comes before what."""

    TOKEN = 1
    PATH = 2
    QUERY = 3
    BODY = 4


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a handler beside the request."""

    name: str
    source: Source
    type: Any

    async def read(self, request: web.Request) -> object:
        match self.source:
            case Source.TOKEN:
                return await requests.caller(request)
            case Source.PATH:
                return requests.segment(request, self.name, TypeAdapter(self.type))
            case Source.QUERY:
                return requests.query(request, self.type)
            case Source.BODY:
                return await requests.read(request, self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the API.

    gives: what it answers, by status. refuses: when it answers with which problem. needs: headers
    that it asks for, sends: headers of its good answers, each with what it is. raw, form: the body,
    as JSON or of an HTML form, where the handler reads it by itself. creates: it makes something,
    so an ``Idempotency-Key`` counts. limit: what of the table of limits it is, once its arguments
    are right.
    """

    section: "Section"
    name: str
    about: str
    arguments: tuple[Argument, ...]
    gives: Mapping[int, Gives]
    refuses: Mapping[int, str]
    needs: Mapping[str, str]
    sends: Mapping[str, str]
    raw: type[BaseModel] | None
    form: type[BaseModel] | None
    creates: bool
    limit: Act | None

    @property
    def signed_in(self) -> bool:
        return any(argument.source is Source.TOKEN for argument in self.arguments)

    @property
    def query(self) -> type[BaseModel] | None:
        return self._type(Source.QUERY)

    @property
    def body(self) -> type[BaseModel] | None:
        return self.raw or self._type(Source.BODY)

    async def given(self, request: web.Request) -> dict[str, object]:
        """Return the arguments for the handler, or raise what is wrong with the first bad one."""
        return {argument.name: await argument.read(request) for argument in self.arguments}

    def _type(self, source: Source) -> type[BaseModel] | None:
        found: list[type[BaseModel]] = [a.type for a in self.arguments if a.source is source]
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Section:
    """Calls that belong together."""

    name: str
    about: str = field(repr=False)

    def call(  # noqa: PLR0913 - what there is to say about a call; all of it by name
        self,
        *,
        gives: Mapping[int, Gives],
        refuses: Mapping[int, str] | None = None,
        needs: Mapping[str, str] | None = None,
        sends: Mapping[str, str] | None = None,
        raw: type[BaseModel] | None = None,
        form: type[BaseModel] | None = None,
        creates: bool = False,
        limit: Act | None = None,
    ) -> Callable[[_Handling], Handler]:
        """Make a handler of a function that takes what the call is about; see the module."""

        def declare(handling: _Handling) -> Handler:
            arguments = _arguments(handling)
            refused = _expected(arguments) | (_TOO_OFTEN if limit else {}) | dict(refuses or {})
            call = Call(
                section=self,
                name=f"{handling.__module__.rpartition('.')[2]}_{handling.__name__}",
                about=inspect.getdoc(handling) or "",
                arguments=arguments,
                gives=gives,
                refuses=_joined(refused, _REPEATED) if creates else refused,
                needs=needs or {},
                sends=sends or {},
                raw=raw,
                form=form,
                creates=creates,
                limit=limit,
            )
            return _handler(call, handling)

        return declare


def call_of(handler: object) -> Call | None:
    """Return what a route's handler declares."""
    call = getattr(handler, _ATTRIBUTE, None)
    return call if isinstance(call, Call) else None


def _handler(call: Call, handling: _Handling) -> Handler:
    @functools.wraps(handling)
    async def handler(request: web.Request) -> web.StreamResponse:
        given = await call.given(request)
        if call.limit:
            await permits.take(request, call.limit, given.values())
        if not call.creates:
            return await handling(request, **given)
        return await idempotency.once(
            request, call.name, given.values(), functools.partial(handling, request, **given)
        )

    vars(handler)[_ATTRIBUTE] = call
    return handler


def _joined(refuses: Mapping[int, str], more: Mapping[int, str]) -> dict[int, str]:
    """Return both, of one status one after the other."""
    return {
        status: " ".join(said[status] for said in (refuses, more) if status in said)
        for status in refuses.keys() | more.keys()
    }


def _arguments(handling: _Handling) -> tuple[Argument, ...]:
    _request, *others = inspect.signature(handling).parameters.values()
    arguments = [Argument(p.name, _source(p.annotation), p.annotation) for p in others]
    return tuple(sorted(arguments, key=lambda argument: argument.source))


def _source(annotation: object) -> Source:
    if annotation is Caller:
        return Source.TOKEN
    if isinstance(annotation, type) and issubclass(annotation, requests.RequestQuery):
        return Source.QUERY
    if isinstance(annotation, type) and issubclass(annotation, requests.RequestBody):
        return Source.BODY
    return Source.PATH


def _expected(arguments: tuple[Argument, ...]) -> dict[int, str]:
    """Return the problems that come with what a call takes."""
    sources = {argument.source for argument in arguments}
    refuses: dict[int, str] = {}
    if Source.TOKEN in sources:
        refuses |= _NOT_SIGNED_IN
    if Source.BODY in sources:
        refuses |= _NOT_SUCH_A_BODY
    if sources & {Source.BODY, Source.QUERY}:
        refuses |= _NOT_SUCH_FIELDS
    return refuses | (_NOT_NOW if sources & {Source.TOKEN, Source.BODY} else {})

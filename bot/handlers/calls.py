"""What a call takes and gives, said once where it is handled.

The signature of a handler says what it takes; ``Section.call`` reads it there, checks it and hands
it over; a ``Caller | None`` need not be signed in, and a form that is not right is None. What it
gives and refuses stands above the handler. ``openapi.py`` shows all of it.

    @routes.post("/avatars")
    @section.call(gives={201: answers.Avatar}, refuses={409: "You have an avatar already."})
    async def create(
        request: web.Request, caller: Caller, given: bodies.NewAvatar
    ) -> web.Response:
        ""\"Make your avatar.""\"
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import NoneType, UnionType
from typing import Any, get_args

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from bot.handlers import bodies, idempotency, rate_limits, requests
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
_NOT_A_FORM = {413: "The form is too large.", 415: "Send a form."}
_NOT_SUCH_FIELDS = {422: "Some fields are not right; `errors` names them."}
_TOO_OFTEN = {429: "Too many requests. Ask again after `Retry-After` seconds."}
_REPEATED = {
    400: "Or the `Idempotency-Key` is not 1 to 255 printable ASCII characters without spaces.",
    409: "Or the first call with this `Idempotency-Key` is not done yet.",
    422: "Or the `Idempotency-Key` came with another call before.",
}
NOT_NOW = {
    503: "Something behind Ava does not answer. Ask again after `Retry-After` seconds.",
    504: "Something behind Ava took too long; what was asked may have happened.",
}


class Source(IntEnum):
    """Where an argument comes from, in the order of reading: who asks comes before what."""

    TOKEN = 1
    PATH = 2
    QUERY = 3
    BODY = 4
    FORM = 5


_MODELS: Mapping[type[BaseModel], Source] = {
    bodies.RequestQuery: Source.QUERY,
    bodies.RequestBody: Source.BODY,
    bodies.RequestForm: Source.FORM,
}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a handler beside the request."""

    name: str
    source: Source
    type: Any
    optional: bool = False

    async def read(self, request: web.Request) -> object:
        match self.source:
            case Source.TOKEN if self.optional and "Authorization" not in request.headers:
                return None
            case Source.TOKEN:
                return await requests.caller(request)
            case Source.PATH:
                return requests.segment(request, self.name, TypeAdapter(self.type))
            case Source.QUERY:
                return requests.query(request, self.type)
            case Source.BODY:
                return await requests.read(request, self.type)
            case Source.FORM:
                return await requests.read_form(request, self.type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the API.

    gives: what it answers, by status. refuses: when it answers with which problem. request_headers:
    those that it asks for, response_headers: those of its good answers, each with what it is.
    raw_body: the body, where the handler reads it by itself. creates: it makes or mails something,
    so an ``Idempotency-Key`` counts. limit: what of the table of limits it is, once its arguments
    are right.
    """

    section: "Section"
    about: str
    arguments: tuple[Argument, ...]
    gives: Mapping[int, Gives]
    refuses: Mapping[int, str]
    request_headers: Mapping[str, str]
    response_headers: Mapping[str, str]
    raw_body: type[BaseModel] | None
    creates: bool
    limit: Act | None

    @property
    def signed_in(self) -> bool:
        """Whether it takes who asks; nobody else is heard where that is not optional."""
        return any(argument.source is Source.TOKEN for argument in self.arguments)

    @property
    def is_open(self) -> bool:
        """Whether it hears people who are not signed in."""
        return all(a.optional for a in self.arguments if a.source is Source.TOKEN)

    @property
    def query(self) -> type[BaseModel] | None:
        return self._type(Source.QUERY)

    @property
    def body(self) -> type[BaseModel] | None:
        return self.raw_body or self._type(Source.BODY)

    @property
    def form(self) -> type[BaseModel] | None:
        return self._type(Source.FORM)

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
        request_headers: Mapping[str, str] | None = None,
        response_headers: Mapping[str, str] | None = None,
        raw_body: type[BaseModel] | None = None,
        creates: bool = False,
        limit: Act | None = None,
    ) -> Callable[[_Handling], Handler]:
        """Make a handler of a function that takes what the call is about; see the module."""

        def declare(handling: _Handling) -> Handler:
            arguments = _arguments(handling)
            refused = _expected(arguments) | (_TOO_OFTEN if limit else {}) | dict(refuses or {})
            call = Call(
                section=self,
                about=inspect.getdoc(handling) or "",
                arguments=arguments,
                gives=gives,
                refuses=_joined(refused, _REPEATED) if creates else refused,
                request_headers=request_headers or {},
                response_headers=response_headers or {},
                raw_body=raw_body,
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

        async def handle() -> web.StreamResponse:
            if call.limit:
                await rate_limits.take(request, call.limit, given.values())
            return await handling(request, **given)

        if not call.creates:
            return await handle()
        return await idempotency.once(request, given.values(), handle)  # a repeat counts as nothing

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
    arguments = [_argument(p.name, p.annotation) for p in others]
    return tuple(sorted(arguments, key=lambda argument: argument.source))


def _argument(name: str, annotation: object) -> Argument:
    kind, *others = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    return Argument(name, _source(kind), kind, optional=NoneType in others)


def _source(kind: object) -> Source:
    if kind is Caller:
        return Source.TOKEN
    for model, source in _MODELS.items():
        if isinstance(kind, type) and issubclass(kind, model):
            return source
    return Source.PATH


def _expected(arguments: tuple[Argument, ...]) -> dict[int, str]:
    """Return the problems that come with what a call takes."""
    sources = {argument.source for argument in arguments}
    refuses: dict[int, str] = {}
    if Source.TOKEN in sources:
        refuses |= _NOT_SIGNED_IN
    if Source.BODY in sources:
        refuses |= _NOT_SUCH_A_BODY
    if Source.FORM in sources:
        refuses |= _NOT_A_FORM
    if sources & {Source.BODY, Source.QUERY}:
        refuses |= _NOT_SUCH_FIELDS
    return refuses | (NOT_NOW if sources & {Source.TOKEN, Source.BODY} else {})

"""What the JSON endpoints take, and who asks."""

import json
from typing import Annotated, TypeVar, cast

from aiohttp import web
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from bot.errors import Fault, Invalid, MalformedRequest, NotSignedIn, UnsupportedContent
from bot.keys import TOKENS
from bot.models import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    OLDEST_AVATAR,
    YOUNGEST_AVATAR,
    AvatarChanges,
    Caller,
    Personality,
    Phone,
)
from bot.phones import phone

_LONGEST_MESSAGE = 4096  # characters, as on WhatsApp
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


def query(request: web.Request, model: type[Body]) -> Body:
    """Return the query string as *model* or raise Invalid."""
    return validate(dict(request.query), model)


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


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("Contains characters that are not text.")
    return text


def _e164(text: str) -> Phone:
    number = phone(text)
    if number is None:
        raise ValueError("Write the number in full, like +31600000001.")
    return number


_Line = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_storable)]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=r"^[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]+\.[^@\s\x00-\x1f.]+$",
    ),
    AfterValidator(_storable),
]


class RequestBody(BaseModel):
    """A JSON object with exactly these fields; numbers are numbers and text is text."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class Credentials(RequestBody):
    """Sign-up and sign-in."""

    email: Email
    password: Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_storable)]


AvatarName = Annotated[_Line, Field(min_length=1, max_length=LONGEST_NAME)]
Age = Annotated[int, Field(ge=YOUNGEST_AVATAR, le=OLDEST_AVATAR)]
Character = Annotated[Personality, Field(strict=False)]
Looks = Annotated[
    _Line, Field(max_length=LONGEST_DESCRIPTION), AfterValidator(lambda text: text or None)
]


class NewAvatar(RequestBody):
    """Everything about an avatar."""

    name: AvatarName
    age: Age
    personality: Character
    physical_description: Looks | None = None


class ChangedAvatar(RequestBody):
    """What changes. Only what was sent counts (``given``), so the defaults are never used."""

    name: AvatarName = ""
    age: Age = YOUNGEST_AVATAR
    personality: Character = Personality.CARING
    physical_description: Looks | None = None

    @property
    def given(self) -> AvatarChanges:
        """What was sent; only the description can be taken away, by null."""
        return cast("AvatarChanges", self.model_dump(exclude_unset=True))


class PhoneToLink(RequestBody):
    """A number that the caller says is theirs."""

    phone: Annotated[Phone, AfterValidator(_e164)]


class Saying(RequestBody):
    """A message in the app."""

    content: Annotated[_Line, Field(min_length=1, max_length=_LONGEST_MESSAGE)]


class PageQuery(BaseModel):
    """``?limit=`` and ``?before=`` of a list; *before* is the ``next`` of the page before."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    limit: int = Field(default=50, ge=1, le=200)
    before: str | None = Field(default=None, max_length=200)

"""What the calls take: JSON bodies, forms and query strings.

``calls.py`` hands them to the handlers, and ``openapi.py`` shows them.
"""

from dataclasses import dataclass
from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic_core import CoreSchema

from bot.accounts.ports import Scope
from bot.models import (
    LONGEST_DESCRIPTION,
    LONGEST_NAME,
    LONGEST_PASSWORD,
    OLDEST_AVATAR,
    SHORTEST_PASSWORD,
    YOUNGEST_AVATAR,
    AvatarChanges,
    Personality,
    Phone,
)
from bot.phones import E164, phone

_LONGEST_MESSAGE = 4096  # characters, as on WhatsApp


def _storable(text: str) -> str:
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("Contains characters that are not text.")
    return text


def _e164(text: str) -> Phone:
    number = phone(text)
    if number is None:
        raise ValueError("Write the number in full and only with digits, like +31600000001.")
    return number


def _whole(number: object) -> object:
    """JSON knows one kind of number: 27.0 is 27."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


@dataclass(frozen=True, slots=True, eq=False)  # eq: as part of a type it has to be hashable
class _Shown:
    """What the schema says of a rule that only code can check."""

    words: dict[str, Any]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | self.words


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


_NO_NUL = r"^[^\x00]*$"
_Storable = Annotated[str, AfterValidator(_storable), _Shown({"pattern": _NO_NUL})]
_Line = Annotated[_Storable, StringConstraints(strip_whitespace=True)]
_NonEmptyLine = Annotated[_Line, _Shown({"pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"})]
# No space and no control character; whether \x85 is a space, not all regular expressions agree.
_NEITHER = r"[^@\s\x00-\x1f\x7f-\xa0"
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=rf"^{_NEITHER}]{{1,64}}@{_NEITHER}]+\.{_NEITHER}.]+$",
    ),
    AfterValidator(_storable),
    Field(description="An e-mail address; upper case is lower case.", examples=["ada@example.com"]),
]
Password = Annotated[
    _Storable,
    Field(
        min_length=1,
        max_length=1024,
        description="As it was chosen.",
        examples=["correct horse battery"],
    ),
]
# The rules are those of whoever keeps the accounts; here the one that can be written down is shown.
NewPassword = Annotated[
    Password,
    Field(description="Not your e-mail, and none that everybody tries."),
    _Shown({"minLength": SHORTEST_PASSWORD, "maxLength": LONGEST_PASSWORD}),
]


class RequestBody(BaseModel):
    """A JSON object with exactly these fields; numbers are numbers and text is text."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


class RequestForm(BaseModel):
    """What a page of ours sends, with exactly these fields."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class RequestQuery(BaseModel):
    """A query string with exactly these fields."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class NewAccount(RequestBody):
    """Who signs up."""

    email: Email
    password: NewPassword


class Credentials(RequestBody):
    """Who signs in."""

    email: Email
    password: Password


class EmailAddress(RequestBody):
    """Who wants an e-mail."""

    email: Email


class RefreshToken(RequestBody):
    """A session that goes on."""

    refresh_token: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1024,
            description="The one that came last.",
            examples=["Y0QJ3lq1xW8d5nZrT2bV7mKc9sLfHgEa4uPoIyR6tNw"],
        ),
    ]


class SigningOut(RequestBody):
    """Which sessions end."""

    scope: Annotated[
        Scope, Field(strict=False, description="`this` session, all `others`, or `all` of yours.")
    ] = Scope.THIS


class PasswordChange(RequestBody):
    """A new password, with what proves whose it is: the one until now, or the token of a link."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["current_password"]}, {"required": ["token"]}],
        }
    )

    password: NewPassword
    current_password: Password | None = None
    token: Annotated[
        str | None,
        Field(
            max_length=1024, description="Of the link in the e-mail: what its address ends with."
        ),
    ] = None


class EmailForm(RequestForm):
    """What the page sends that asks for the e-mail."""

    email: Email


class PasswordForm(RequestForm):
    """What the page behind the link in the e-mail sends."""

    password: Password


AvatarName = Annotated[
    _NonEmptyLine,
    Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="Spaces around it fall away.",
        examples=["Mia"],
    ),
]
Age = Annotated[
    int,
    Field(
        ge=YOUNGEST_AVATAR,
        le=OLDEST_AVATAR,
        description="Years. An avatar is an adult.",
        examples=[27],
    ),
    BeforeValidator(_whole),
]
Character = Annotated[Personality, Field(strict=False, examples=["playful"])]
Looks = Annotated[
    _Line,
    Field(
        max_length=LONGEST_DESCRIPTION,
        description="What the avatar looks like. Empty is the same as null.",
        examples=["Red hair, green eyes."],
    ),
    AfterValidator(lambda text: text or None),
]


class NewAvatar(RequestBody):
    """Everything about an avatar."""

    name: AvatarName
    age: Age
    personality: Character
    physical_description: Looks | None = None


class ChangedAvatar(RequestBody):
    """What changes; what is not sent stays."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    name: AvatarName = ""  # no default is ever used: only what was sent counts
    age: Age = YOUNGEST_AVATAR
    personality: Character = Personality.CARING
    physical_description: Looks | None = None

    @property
    def given(self) -> AvatarChanges:
        """What was sent; only the description can be taken away, by null."""
        return cast("AvatarChanges", self.model_dump(exclude_unset=True))


class PhoneToLink(RequestBody):
    """A number that the caller says is theirs."""

    phone: Annotated[
        Phone,
        AfterValidator(_e164),
        _Shown({"pattern": f"^{E164.pattern}$"}),
        Field(description="In full, with plus (E.164).", examples=["+31600000001"]),
    ]


class Saying(RequestBody):
    """A message in the app."""

    content: Annotated[
        _NonEmptyLine,
        Field(
            min_length=1,
            max_length=_LONGEST_MESSAGE,
            description="Spaces around it fall away.",
            examples=["How was your day?"],
        ),
    ]


class PageQuery(RequestQuery):
    """Which part of a list."""

    limit: int = Field(default=50, ge=1, le=200, description="How many at most.")
    before: str | None = Field(
        default=None, max_length=200, description="The `next` of the page before; newest without."
    )


class Subscription(RequestQuery):
    """What Meta asks when somebody gives it the address of the webhook."""

    model_config = ConfigDict(extra="ignore")

    mode: str = Field(default="", alias="hub.mode", description="`subscribe`.")
    verify_token: str = Field(
        default="", alias="hub.verify_token", description="The `WHATSAPP_VERIFY_TOKEN` of this Ava."
    )
    challenge: str = Field(
        default="", alias="hub.challenge", description="What to send back, whatever it is."
    )


class Delivery(BaseModel):
    """Up to 1,000 messages and statuses, as Meta describes them in its documentation.

    <https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components>
    """

    model_config = ConfigDict(extra="allow")

    object: str = Field(default="", examples=["whatsapp_business_account"])
    entry: list[Any] = []

"""What the JSON endpoints answer, as their callers see it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from bot import models, upkeep
from bot.accounts import ports as accounts

_Moment = Annotated[datetime, Field(examples=["2026-11-01T20:15:00Z"])]
_Id = Annotated[UUID, Field(examples=["3d0c27a6-6f0f-4d8e-9a55-0a4f6f1f2c11"])]
_Number = Annotated[
    str, Field(description="In full, with plus (E.164).", examples=["+31600000001"])
]


class Answer(BaseModel):
    """A body that Ava sends. A field that was not set is left out."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    def response(self, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
        text = self.model_dump_json(exclude_unset=True)
        return web.json_response(text=text, status=status, headers=headers)


# --- people ---------------------------------------------------------------------------------


class Session(Answer):
    """You are signed in."""

    access_token: str = Field(
        description="Send it with every call, as `Authorization: Bearer …`.",
        examples=["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIzZDBjMjdhNiJ9.c2lnbmF0dXJl"],
    )
    token_type: Literal["bearer"]
    expires_in: int = Field(description="Seconds until the token ends.", examples=[3600])
    refresh_token: str = Field(
        description="Good for one new session, `POST /auth/refresh`, which brings the next one.",
        examples=["Y0QJ3lq1xW8d5nZrT2bV7mKc9sLfHgEa4uPoIyR6tNw"],
    )
    user_id: _Id

    @classmethod
    def of(cls, session: accounts.Session) -> "Session":
        return cls(
            access_token=session.access_token,
            token_type="bearer",  # noqa: S106 - the kind of token, not a token
            expires_in=session.expires_in,
            refresh_token=session.refresh_token,
            user_id=session.person,
        )

    def response(self, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
        return super().response(status, {"Cache-Control": "no-store"} | (headers or {}))


class Mailed(Answer):
    """If there is anything to be done, an e-mail says how to go on."""

    status: Literal["check your e-mail"]


class Account(Answer):
    """Your account."""

    id: _Id
    email: str = Field(examples=["ada@example.com"])
    created_at: _Moment

    @classmethod
    def of(cls, profile: models.Profile) -> "Account":
        return cls(id=profile.id, email=profile.email, created_at=profile.created_at)


_Rows = list[dict[str, Any]]


class Export(Answer):
    """Everything that is kept about you, by table. Of secrets only that they are there."""

    account: Account
    user_preferences: dict[str, Any] | None
    link_codes: dict[str, Any] | None
    whatsapp_identities: _Rows = Field(description="Ids that WhatsApp has or had for you.")
    avatars: _Rows
    messages: _Rows
    outbox: _Rows = Field(description="What was or is to be sent to you by WhatsApp.")
    inbox: _Rows = Field(description="What WhatsApp delivered from you, as it came.")
    whatsapp_chats: _Rows = Field(description="When WhatsApp last brought something from you.")
    attention: _Rows = Field(description="Where you wait for an answer.")
    account_sessions: _Rows
    one_time_links: _Rows
    audit_log: _Rows


class Kept(Answer):
    """What had to stay."""

    audit_log: int = Field(examples=[7])
    why: str


class Deletion(Answer):
    """Your account is gone: how many rows that were, by table, and what had to stay."""

    deleted: dict[str, int] = Field(examples=[{"messages": 42, "avatars": 1}])
    kept: Kept

    @classmethod
    def of(cls, erasure: models.Erasure) -> "Deletion":
        why = "Times and ids of what happened to the account, without words, address or number."
        return cls(deleted=dict(erasure.deleted), kept=Kept(audit_log=erasure.events_kept, why=why))


class Event(Answer):
    """Something that happened to your account."""

    at: _Moment
    event: models.EventKind
    about: _Id | None = Field(description="The avatar or session it happened to.")

    @classmethod
    def of(cls, event: models.Event) -> "Event":
        return cls(at=event.at, event=event.kind, about=event.about)


class Events(Answer):
    """A page of what happened, newest first."""

    events: list[Event]
    next: str | None = Field(
        description="The `before` of the page behind this one; null at the end.",
        examples=["MTIz"],
    )


class Avatar(Answer):
    """An avatar."""

    id: _Id
    name: str = Field(examples=["Mia"])
    age: int = Field(description="Years.", examples=[27])
    personality: models.Personality
    physical_description: str | None = Field(examples=["Red hair, green eyes."])
    created_at: _Moment

    @classmethod
    def of(cls, avatar: models.Avatar) -> "Avatar":
        return cls(
            id=avatar.id,
            name=avatar.name,
            age=avatar.age,
            personality=avatar.personality,
            physical_description=avatar.physical_description,
            created_at=avatar.created_at,
        )


class PendingPhone(Answer):
    """A number that has not proved itself yet."""

    phone: _Number
    expires_at: _Moment = Field(description="Until then its code is good.")


class Preferences(Answer):
    """What is linked, and what waits for its code."""

    whatsapp_phone: _Number | None
    pending: PendingPhone | None

    @classmethod
    def of(cls, preferences: models.Preferences) -> "Preferences":
        waits = preferences.pending
        return cls(
            whatsapp_phone=preferences.whatsapp_phone,
            pending=PendingPhone(phone=waits.phone, expires_at=waits.expires_at) if waits else None,
        )


class LinkCode(Answer):
    """The number waits for this code, sent from it by WhatsApp."""

    status: Literal["pending"]
    code: str = Field(description="What to send.", examples=["AVA-7Q4K2M"])
    wa_link: str = Field(
        description="Opens WhatsApp with the code typed in.",
        examples=["https://wa.me/31600000099?text=AVA-7Q4K2M"],
    )
    expires_at: _Moment


# --- the conversation -----------------------------------------------------------------------


class Message(Answer):
    """One line of the conversation."""

    id: _Id
    channel: models.Channel
    role: models.Role
    content: str = Field(examples=["How was your day?"])
    status: models.ReplyStatus | None = Field(
        description="How far a reply has come; null where the person speaks.", examples=[None]
    )
    created_at: _Moment

    @classmethod
    def of(cls, message: models.Message) -> "Message":
        return cls(
            id=message.id,
            channel=message.channel,
            role=message.role,
            content=message.content,
            status=message.status,
            created_at=message.created_at,
        )


class Messages(Answer):
    """A page of the conversation, newest first."""

    messages: list[Message]
    next: str | None = Field(
        description="The `before` of the page behind this one; null at the end.",
        examples=["MjAyNi0xMS0wMVQyMDoxNTowMFo="],
    )


class Said(Answer):
    """It is stored. The reply will stand in the list of messages."""

    id: _Id


# --- the service ----------------------------------------------------------------------------


class Alive(Answer):
    """The process runs."""

    status: Literal["ok"]


class PendingMigrations(Answer):
    """Migrations that the database still has to get, by name."""

    pending: list[str] = Field(examples=[["010_phone_links"]])


class Alarm(Answer):
    """Something that an operator has to see to; docs/operations.md says how."""

    name: upkeep.AlarmName
    figure: int = Field(
        description="Meta's error code, the percent of the allowance, how many, or seconds.",
        examples=[131042],
    )
    since: _Moment

    @classmethod
    def of(cls, alarm: upkeep.Alarm) -> "Alarm":
        return cls(name=alarm.name, figure=alarm.figure, since=alarm.since)


class Readiness(Answer):
    """What was looked at. A database that cannot be reached is all that is said about it."""

    status: Literal["ok", "degraded", "unavailable"]
    database: Literal["ok", "unreachable"]
    migrations: Literal["ok"] | PendingMigrations = "ok"
    queue_age_seconds: float = Field(
        default=0, ge=0, description="How long the next in line waits already.", examples=[0.2]
    )
    alarms: list[Alarm] = Field(default=[], description="Those that stand, the oldest first.")


class Document(Answer):
    """An OpenAPI document."""

    model_config = ConfigDict(extra="allow")

    openapi: str = Field(examples=["3.1.1"])
    info: dict[str, Any] = Field(examples=[{"title": "Ava"}])
    paths: dict[str, Any] = Field(examples=[{}])


# --- problems -------------------------------------------------------------------------------


class FieldError(Answer):
    """What is wrong with one field."""

    field: str = Field(
        description="Its name; a dot leads into an object.", examples=["physical_description"]
    )
    message: str = Field(examples=["String should have at most 1000 characters"])


class Problem(Answer):
    """Why a call was refused (RFC 9457, `application/problem+json`)."""

    type: Literal["about:blank"]
    title: str = Field(description="The name of the status.", examples=["Unprocessable Entity"])
    status: int = Field(ge=400, le=599, examples=[422])
    detail: str = Field(default="", description="For people.", examples=["Some fields are wrong."])
    errors: list[FieldError] = Field(default=[], description="With 422: each field that is wrong.")

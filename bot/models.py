"""The values that Ava talks about. No I/O, nothing mutable.

A sentence on its way: an ``Update`` in a delivery, ``inbound.Inbound`` once it is read, an
``Arrival`` with its ``Line`` when it goes into the conversation, ``Said`` in the ``Turn`` that
answers it, and a ``Message`` in the history that people see. The answer is a ``Reply``, on
WhatsApp one or more of ``Send``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, TypedDict
from uuid import UUID

from bot.errors import Cure

PersonId = NewType("PersonId", UUID)  # auth.users.id
AvatarId = NewType("AvatarId", UUID)
MessageId = NewType("MessageId", UUID)
EventId = NewType("EventId", int)
SendId = NewType("SendId", UUID)  # travels to Meta as biz_opaque_callback_data and back in statuses

Phone = NewType("Phone", str)  # E.164 with "+", as people type it: "+31600000001"
Wamid = NewType(
    "Wamid", str
)  # Meta's id of a message; contains a phone number, so it is personal data

YOUNGEST_AVATAR, OLDEST_AVATAR = 20, 120  # years
LONGEST_NAME, LONGEST_DESCRIPTION = 60, 1000  # characters, of an avatar
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 72  # characters; 72 is what Supabase Auth takes


class Personality(StrEnum):
    """The six characters an avatar can have."""

    PLAYFUL = "playful"
    DOMINANT = "dominant"
    SHY = "shy"
    CARING = "caring"
    INTELLECTUAL = "intellectual"
    ADVENTUROUS = "adventurous"


class Channel(StrEnum):
    """Where something was said."""

    APP = "app"
    WHATSAPP = "whatsapp"


class Role(StrEnum):
    """Who said it."""

    USER = "user"
    ASSISTANT = "assistant"


class ReplyStatus(StrEnum):
    """How far a reply has come. It only moves forward; ``FAILED`` is the end of the road."""

    QUEUED = "queued"
    SENDING = "sending"  # the request has left, its outcome is not known yet
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A person who asks something through the JSON endpoints, with the token that proves it.

    session: the one that the token belongs to; None for a token from before there were any.
    """

    id: PersonId
    token: str = field(repr=False)
    session: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who signed up."""

    id: PersonId
    email: str = field(repr=False)  # lower case


class LinkPurpose(StrEnum):
    """What somebody who has a one-time link from an e-mail may do with it."""

    SIGN_IN = "sign_in"
    PASSWORD = "password"  # noqa: S105 - choose a new one
    SIGN_UP = "sign_up"


SIGNS_IN = (LinkPurpose.SIGN_IN, LinkPurpose.SIGN_UP)  # a sign-up confirms an e-mail, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Account):
    """An account as its person sees it."""

    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was deleted of a person, rows by table, and how many events outlive them."""

    deleted: Mapping[str, int]
    events_kept: int


class EventKind(StrEnum):
    """What can happen to an account."""

    SIGNED_UP = "signed_up"
    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"  # with a wrong password
    SIGNED_OUT = "signed_out"
    SESSION_REUSED = "session_reused"  # a refresh token came twice, so that its session ended
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an event, not a password
    PHONE_LINKED = "phone_linked"
    PHONE_UNLINKED = "phone_unlinked"
    PHONE_TAKEN_OVER = "phone_taken_over"  # somebody else proved that it is theirs
    AVATAR_CREATED = "avatar_created"
    AVATAR_CHANGED = "avatar_changed"
    AVATAR_DELETED = "avatar_deleted"
    EXPORTED = "exported"
    DELETION_REQUESTED = "deletion_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to an account. about: the avatar or session it happened to."""

    id: EventId
    at: datetime
    kind: EventKind
    about: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Avatar:
    """The character a person made; one per person, never younger than ``YOUNGEST_AVATAR``."""

    id: AvatarId
    name: str
    age: int  # years
    personality: Personality
    physical_description: str | None = None
    created_at: datetime


class AvatarChanges(TypedDict, total=False):
    """What of an avatar is to change; what is not there stays."""

    name: str
    age: int
    personality: Personality
    physical_description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line of the conversation, as history shows it."""

    id: MessageId
    channel: Channel
    role: Role
    content: str
    status: ReplyStatus | None  # None: the person said it
    created_at: datetime


# --- senders --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who wrote on WhatsApp. Either id may be missing; at least one is there.

    wa_id: digits, no plus. bsuid: Meta's business-scoped user id, ``NL.4091772``.
    """

    wa_id: str | None = None
    bsuid: str | None = None

    def __post_init__(self) -> None:
        if not (self.wa_id or self.bsuid):
            raise ValueError("a sender without any id")

    @property
    def key(self) -> str:
        """The name the queue knows them by: ``wa:31600000001``, or ``bsuid:…`` without a phone."""
        return f"wa:{self.wa_id}" if self.wa_id else f"bsuid:{self.bsuid}"

    @classmethod
    def of_key(cls, key: str) -> "Sender":
        """Return the sender that *key* names."""
        kind, _, value = key.partition(":")
        return cls(wa_id=value) if kind == "wa" else cls(bsuid=value)


# --- what arrives ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """Meta's word on something we sent; matched by ``send_id``, or else by ``wamid``."""

    wamid: Wamid
    send_id: SendId | None
    status: ReplyStatus
    error_code: int | None = None
    error_details: str | None = None
    cure: Cure | None = None  # what helps after error_code


class UpdateKind(StrEnum):
    """What an inbox row holds."""

    MESSAGE = "message"
    STATUS = "status"
    OTHER = "other"  # kept; none but a rename is acted on


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """Meta's word that somebody has another business-scoped id."""

    previous: str
    current: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One item of a delivery, ready for the inbox.

    key: the same for every copy of the item, however often and in whatever company it comes.
    payload: the item as ASCII JSON text, from which ``wire.inbound`` reads the whole message.
    is_said: False for a message that nothing comes of, as an emoji put on another one.
    """

    key: str
    kind: UpdateKind
    payload: str = field(repr=False)
    sender: Sender | None = None  # a message that wants attention; None for everything else
    text: str | None = field(default=None, repr=False)  # what a text message says
    sent_at: datetime | None = None
    is_said: bool = True
    report: StatusReport | None = None  # for a status
    rename: Rename | None = None


# --- the conversation -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was said, before it is stored.

    text: what history shows. readable: whether the model may see it as the person's words; a photo
    without a caption is shown as "[image]" and is not. attachment: what came along that Ava cannot
    look at, as Meta names it.
    """

    text: str
    readable: bool = True
    attachment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A WhatsApp message that goes into the conversation."""

    wamid: Wamid
    line: Line
    quoted: Wamid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One line of the conversation as a turn sees it. quoted: the words it answers to."""

    id: MessageId
    role: Role
    line: Line
    quoted: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Everything a person said on one channel that is not answered yet, oldest first.

    history: the lines before it on both channels, oldest first, without notices. waited: for how
    long the first of it is unanswered.
    """

    person: PersonId
    channel: Channel
    avatar: Avatar | None
    history: tuple[Said, ...]
    unanswered: tuple[Said, ...]
    latest_wamid: Wamid | None = None  # of the newest unanswered WhatsApp message
    waited: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What Ava says. parts: the same as WhatsApp messages, marks turned and split where needed.

    silences: True answers STOP, False START.
    """

    text: str
    parts: tuple[str, ...]
    silences: bool | None = None


class SendKind(StrEnum):
    """What a WhatsApp message of ours is."""

    TEXT = "text"
    TEMPLATE = "template"  # approved by Meta beforehand; the only kind that opens a closed window


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One WhatsApp message that is ours to send; a long reply is several, in order.

    text: of a template, its name and language as ``name:language``.
    """

    id: SendId
    to: Sender
    text: str
    status: ReplyStatus
    kind: SendKind = SendKind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """How things stand with somebody on WhatsApp.

    is_open: within 24 hours of their last message, when Meta lets us answer. is_unreachable: Meta
    said that nothing reaches them. is_silenced: they said STOP. stopped_for: when somebody may try
    whether our number sends again; None: it does.
    """

    stopped_for: timedelta | None = None
    is_open: bool = True
    is_unreachable: bool = False
    is_silenced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to be the only worker on one conversation, until it runs out; and what is known.

    key: ``Sender.key``, or ``app:<person>`` (then nothing else is known). bsuid: by which the
    person is known. arrivals: the payloads of their messages that are not handled, in order.
    unsent: what is queued or sending to them, in order. has_more: there are other messages behind
    these, to be claimed next.
    """

    key: str
    id: UUID
    attempts: int  # this one included
    person: PersonId | None = None
    bsuid: str | None = None
    arrivals: tuple[str, ...] = ()
    has_more: bool = False
    unsent: tuple[Send, ...] = ()
    chat: Chat = Chat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a worker may do next.

    joined: leases it holds, for which more has come. next_due: None when nothing waits.
    """

    leases: tuple[Lease, ...]
    joined: frozenset[UUID]
    next_due: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in line for what our number sends. is_stopped: there is no line."""

    wait: timedelta
    is_stopped: bool = False


class Dropped(StrEnum):
    """Why a draft is not stored."""

    ANSWERED = "answered"  # somebody else did, or the number is no longer theirs
    JOINED = "joined"  # something came that belongs to the same turn


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCode:
    """What a person sends from a phone to prove that it is theirs."""

    phone: Phone
    code: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The linked number, and the one that waits for its code."""

    whatsapp_phone: Phone | None
    pending: "PendingPhone | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPhone:
    """A number that has not proved itself yet."""

    phone: Phone
    expires_at: datetime

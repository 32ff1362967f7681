"""What a person can send on WhatsApp, in our words: a closed union, so no kind is forgotten."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.models import Sender, Wamid


class MediaKind(StrEnum):
    """The files WhatsApp carries."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    STICKER = "sticker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Plain words."""

    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A file, by Meta's id. ``voice`` tells a voice note from an attached audio file."""

    kind: MediaKind
    media_id: str
    mime_type: str | None = None  # "audio/ogg", parameters cut off
    caption: str | None = None
    filename: str | None = None
    voice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place; without name and address it is where the person is now."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCards:
    """Shared contacts, by the names on them. ``requested``: the answer to our own request."""

    names: tuple[str, ...]
    requested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """An emoji put on a message; None takes it away."""

    to: Wamid
    emoji: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A tap on a button, a list row or a template's quick reply; ``title`` is what it said."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormAnswer:
    """A completed WhatsApp flow; ``response`` is its answer as JSON text."""

    name: str | None
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPermission:
    """Whether the person lets the business call them."""

    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A basket from a catalogue, with the line the person added."""

    text: str | None
    product_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChanged:
    """WhatsApp's own notice about who the person is.

    new: the ids they have from now on, as far as told; None: it is about something else.
    """

    kind: str  # "user_changed_number", "user_changed_user_id", "customer_identity_changed" …
    new: Sender | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The person opened the chat for the first time and has said nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """The person changed what a message says; ``body`` is None where it was not a text."""

    original: Wamid
    body: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """The person deleted a message for everyone."""

    original: Wamid


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something Meta cannot pass on ("unsupported"), or a type we do not know."""

    kind: str


Content = (
    Text
    | Media
    | Location
    | ContactCards
    | Reaction
    | Choice
    | FormAnswer
    | CallPermission
    | Order
    | IdentityChanged
    | Welcome
    | Edited
    | Revoked
    | Unreadable
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A WhatsApp message: who, when, what, and what it answers."""

    id: Wamid
    sender: Sender
    sent_at: datetime | None  # Meta's clock, whole seconds; None: not a usable timestamp
    content: Content
    profile_name: str | None = None  # the person's own words: never trusted
    quoted: Wamid | None = None
    forwarded: bool = False
    from_ad: str | None = None  # headline of the ad the chat began with

"""The things WhatsApp knows about: people, messages, files. No I/O."""

from dataclasses import dataclass
from enum import StrEnum

from bot.simulator.config import Json
from bot.simulator.wording import quoted_by, text_of


class Direction(StrEnum):
    """Who sent a message."""

    TO_BUSINESS = "in"
    TO_PERSON = "out"


class Status(StrEnum):
    """How far a message came, for both directions: the ticks."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a phone. wa_id: digits; None hides the number behind the BSUID."""

    name: str
    wa_id: str | None
    bsuid: str

    @property
    def chat(self) -> str:
        """The key of this person's one chat with the business."""
        return self.wa_id or self.bsuid


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message in a chat. body: as it was on the wire. at: Unix seconds."""

    wamid: str
    chat: str
    direction: Direction
    body: Json
    status: Status
    at: float
    error: int | None = None

    @property
    def type(self) -> str:
        return str(self.body.get("type", "text"))

    @property
    def text(self) -> str:
        return text_of(self.body)

    @property
    def quoted(self) -> str | None:
        return quoted_by(self.body)

    @property
    def callback_data(self) -> str | None:
        """The bot's own id of the message, echoed in its statuses."""
        return self.body.get("biz_opaque_callback_data")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An uploaded or received file."""

    id: str
    mime_type: str
    data: bytes
    filename: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingUpdate:
    """A change the bot has not acknowledged. about: the wamid of a person's message, or None."""

    id: int
    change: Json
    is_status: bool
    about: str | None

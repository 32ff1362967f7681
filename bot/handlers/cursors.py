"""Where a page of a list ended: text to be handed back, of whatever the list is sorted by."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from bot.errors import Fault, Invalid
from bot.models import Event, EventId, Message, MessageId

T = TypeVar("T")

_HIGHEST = 2**63 - 1  # of what a bigint holds


def page(
    found: Sequence[T], limit: int, cursor_of: Callable[[T], str]
) -> tuple[list[T], str | None]:
    """Return what to show of *found*, of which one more than *limit* was asked for, and its end."""
    shown = list(found[:limit])
    return shown, cursor_of(shown[-1]) if len(found) > limit else None


def of_message(message: Message) -> str:
    return _cursor(f"{message.created_at.isoformat()}/{message.id}")


def message_position(cursor: str) -> tuple[datetime, MessageId]:
    """Raise Invalid for what is no cursor of the messages."""
    with _refused():
        created_at, _, message = _text(cursor).partition("/")
        moment = datetime.fromisoformat(created_at).astimezone(UTC)
        return moment, MessageId(UUID(message))


def of_event(event: Event) -> str:
    return _cursor(str(event.id))


def event_position(cursor: str) -> EventId:
    """Raise Invalid for what is no cursor of the events."""
    with _refused():
        text = _text(cursor)
        if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST):
            raise ValueError
        return EventId(int(text))


def _cursor(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode()


def _text(cursor: str) -> str:
    return urlsafe_b64decode(cursor.encode()).decode()


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except (ValueError, OverflowError):
        raise Invalid([Fault("before", "This is not a cursor of this list.")]) from None

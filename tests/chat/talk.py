"""Short ways to write down a conversation."""

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from bot.models import (
    Avatar,
    AvatarId,
    Channel,
    Line,
    MessageId,
    Personality,
    PersonId,
    Role,
    Said,
    Turn,
)

PERSON = PersonId(UUID(int=1))
MIA = Avatar(
    id=AvatarId(UUID(int=2)),
    name="Mia",
    age=27,
    personality=Personality.PLAYFUL,
    physical_description="long red hair, green eyes and a crooked smile",
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
)


def user(text: str, *, quoted: str | None = None) -> Said:
    """Something the person wrote."""
    return _said(Role.USER, Line(text=text), quoted)


def unseen(attachment: str, *, caption: str | None = None) -> Said:
    """Something the person sent that Ava cannot look at."""
    line = Line(text=caption or f"[{attachment}]", readable=bool(caption), attachment=attachment)
    return _said(Role.USER, line, None)


def ava(text: str) -> Said:
    """Something the avatar answered."""
    return _said(Role.ASSISTANT, Line(text=text), None)


def turn(
    *unanswered: Said | str,
    history: tuple[Said, ...] = (),
    avatar: Avatar | None = MIA,
    channel: Channel = Channel.WHATSAPP,
) -> Turn:
    """Return a turn; plain strings are what the person wrote."""
    said = tuple(user(line) if isinstance(line, str) else line for line in unanswered)
    return Turn(person=PERSON, channel=channel, avatar=avatar, history=history, unanswered=said)


def _said(role: Role, line: Line, quoted: str | None) -> Said:
    message = MessageId(uuid5(NAMESPACE_URL, f"{role}:{line.text}"))
    return Said(id=message, role=role, line=line, quoted=quoted)

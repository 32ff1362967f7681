"""A mailbox in memory, for development and tests."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from bot.mail.ports import Mail, refuse_injection

_CAPACITY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mail and when it came."""

    mail: Mail
    at: datetime


class Mailbox:
    """A Mailer that keeps what it is given; the oldest mails make room for new ones."""

    def __init__(self, *, capacity: int = _CAPACITY) -> None:
        self._received: deque[Received] = deque(maxlen=capacity)

    async def send(self, mail: Mail) -> None:
        refuse_injection(mail)
        if self.find(mail.id) is None:
            self._received.appendleft(Received(mail=mail, at=datetime.now(UTC)))

    @property
    def received(self) -> Sequence[Received]:
        """What is kept, newest first."""
        return tuple(self._received)

    def find(self, mail_id: UUID) -> Mail | None:
        return next((one.mail for one in self._received if one.mail.id == mail_id), None)

"""One lease that is attended to, and how it went."""

import asyncio
from dataclasses import dataclass, field

from bot.models import Channel, Lease, Sender
from bot.timings import Timings


@dataclass(slots=True, kw_only=True)
class Visit:
    """more: set when more has come for it. outcome: a word for the closing line."""

    lease: Lease
    more: asyncio.Event
    timings: Timings = field(default_factory=Timings)
    outcome: str = "nothing"
    messages: int = 0  # that it is about

    @property
    def to(self) -> Sender | None:
        """Where the answer goes on WhatsApp; None: it stays in the app."""
        return None if self.channel is Channel.APP else Sender.of_key(self.lease.key)

    @property
    def channel(self) -> Channel:
        return Channel.APP if self.lease.key.startswith("app:") else Channel.WHATSAPP

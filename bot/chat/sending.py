"""What is in the outbox, on its way to WhatsApp: in order, and not twice for want of an answer."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import structlog

from bot.errors import GraphUnavailable, OutcomeUnknown, SendRejected, StoreUnavailable
from bot.models import ReplyStatus, Send, Sender, SendId, Wamid
from bot.store.ports import Outbox

log = structlog.get_logger()

_NOTE_AGAIN = 1.0  # seconds
# A status that comes just while a lease is given back wakes nobody, so look now and then.
_LOOKS = 24  # within the grace


class Messenger(Protocol):
    """WhatsApp, as far as a turn needs it. Errors: see ``bot.whatsapp.graph``."""

    async def send_text(self, to: Sender, text: str, *, send_id: SendId) -> Wamid: ...

    async def show_typing(self, message: Wamid) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Takes what is stored to WhatsApp. grace: ``Pace.outcome``."""

    outbox: Outbox
    messenger: Messenger
    grace: timedelta
    _started: float = field(default_factory=time.monotonic)

    async def send(self, sends: Sequence[Send]) -> None:
        """Send in order; raise at the first that cannot be sent now, so that the order holds."""
        for send in sends:
            if send.status is ReplyStatus.SENDING:
                await self._give_up_waiting(send)
            if await self.outbox.begin(send.id):
                await self._send_one(send)

    async def _give_up_waiting(self, send: Send) -> None:
        """A request left and nobody knows what came of it: wait for a status before repeating.

        Only the time counts in which a status could have reached us.
        """
        here = timedelta(seconds=time.monotonic() - self._started)
        waited = min(await self.outbox.doubted_for(send.id), here)
        if waited < self.grace:
            raise OutcomeUnknown(again_in=min(self.grace - waited, self.grace / _LOOKS))
        log.warning("send.repeated")
        await self.outbox.requeue(send.id)

    async def _send_one(self, send: Send) -> None:
        try:
            wamid = await self.messenger.send_text(send.to, send.text, send_id=send.id)
        except GraphUnavailable:
            await self.outbox.requeue(send.id)
            raise
        except SendRejected as exc:
            await self.outbox.failed(send.id, exc.code)
            log.warning("send.failed", code=exc.code)
        except OutcomeUnknown as exc:
            await self.outbox.doubted_for(send.id)
            raise OutcomeUnknown(again_in=self.grace / _LOOKS) from exc
        else:
            await self._note_sent(send.id, wamid)

    async def _note_sent(self, send: SendId, wamid: Wamid) -> None:
        """Keep at it while the store is away: the one thing worse than a late reply is a second."""
        while True:
            try:
                return await self.outbox.sent(send, wamid)
            except StoreUnavailable:
                await asyncio.sleep(_NOTE_AGAIN)

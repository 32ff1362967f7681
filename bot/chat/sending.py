"""What is in the outbox, on its way to WhatsApp: in order, not too fast, not twice blindly."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import structlog

from bot.errors import (
    Cure,
    GraphUnavailable,
    OutcomeUnknown,
    Postponed,
    SendingStopped,
    SendRefused,
    StoreUnavailable,
)
from bot.metrics import Metrics
from bot.models import Chat, ReplyStatus, Send, Sender, SendId, SendKind, Wamid
from bot.store.ports import Outbox

log = structlog.get_logger()

_NOTE_AGAIN = 1.0  # seconds
# A status that comes just while a lease is given back wakes nobody, so look now and then.
_LOOKS = 24  # within the grace
_PATIENCE = timedelta(seconds=1)  # a wait that a worker sits out
_REOPENED_AGAIN = timedelta(days=3)


class Messenger(Protocol):
    """WhatsApp, as far as a turn needs it. Errors: see ``bot.whatsapp.graph``."""

    async def send(self, send: Send) -> Wamid: ...

    async def show_typing(self, message: Wamid) -> None: ...


class Unreachable(Exception):
    """Nothing reaches this person until they write."""


class WindowClosed(Exception):
    """Nothing but a template may be sent to this person until they write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """The business number that sends. template: ``name:language``, None: there is none."""

    id: str
    messages_per_second: float
    template: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Takes what is stored to WhatsApp. grace: ``Pace.outcome``."""

    outbox: Outbox
    messenger: Messenger
    number: Number
    grace: timedelta
    metrics: Metrics
    _started: float = field(default_factory=time.monotonic)

    async def clearance(self, to: Sender) -> Postponed | None:
        """Return None once a message may leave for them; or, where that is far, what to raise."""
        place = await self.outbox.pace(
            self.number.id,
            to,
            per_second=self.number.messages_per_second,
            patience=_PATIENCE,
        )
        if place.is_stopped:
            return SendingStopped(again_in=place.wait)
        if place.wait > _PATIENCE:
            return Postponed("pace", again_in=place.wait)
        if place.wait:
            await asyncio.sleep(place.wait.total_seconds())
        return None

    async def send(
        self, sends: Sequence[Send], *, begun: bool = False, more: asyncio.Event | None = None
    ) -> None:
        """Send in order; raise at the first that cannot be sent now, so that the order holds.

        begun: the first is cleared and *sending* already. more: once it is set what follows waits
        for whoever looks at what has come; it may be STOP.
        """
        try:
            for number, send in enumerate(sends):
                if number and more is not None and more.is_set():
                    return
                if begun or await self._begin(send):
                    await self._send_one(send)
                begun = False
        except Unreachable:
            log.info("sends.held", reason="unreachable")
        except WindowClosed:
            log.info("sends.held", reason="window")
            await self.reopen(sends[0].to)

    async def send_what_waits(self, sends: Sequence[Send], chat: Chat, more: asyncio.Event) -> None:
        """Send what an earlier attempt left, as far as the chat stands open."""
        if not sends or chat.is_unreachable:
            return
        if chat.is_open:
            await self.send(sends, more=more)
        elif not chat.is_silenced:
            await self.send([send for send in sends if send.kind is SendKind.TEMPLATE])
            await self.reopen(sends[0].to)

    async def reopen(self, to: Sender) -> None:
        """Ask them to write, where a template for that is configured: it opens the window."""
        if self.number.template is None:
            return
        sends = await self.outbox.queue(
            f"reopen:{to.key}",
            to,
            self.number.template,
            kind=SendKind.TEMPLATE,
            again_after=_REOPENED_AGAIN,
        )
        await self.send(sends)

    # --- one ---------------------------------------------------------------------------------

    async def _begin(self, send: Send) -> bool:
        if send.status is ReplyStatus.SENDING:
            await self._await_outcome(send)
        if postponed := await self.clearance(send.to):
            raise postponed
        return await self.outbox.begin(send.id)

    async def _await_outcome(self, send: Send) -> None:
        """A request left and nobody knows what came of it: wait for a status before repeating.

        Only the time counts in which a status could have reached us. Given up after three repeats.
        """
        doubted = await self.outbox.doubt(send.id)
        if doubted is None:
            return
        here = timedelta(seconds=time.monotonic() - self._started)
        waited = min(doubted, here)
        if waited < self.grace:
            raise OutcomeUnknown(again_in=min(self.grace - waited, self.grace / _LOOKS))
        outcome = "repeated" if await self.outbox.repeat(send.id) else "given up"
        log.warning("send.doubted", outcome=outcome)
        self.metrics.sent(outcome, None)

    async def _send_one(self, send: Send) -> None:
        try:
            wamid = await self.messenger.send(send)
        except GraphUnavailable as exc:
            again_in = await self._refused(send, None)
            raise Postponed(str(exc), again_in=again_in) from exc
        except SendRefused as exc:
            again_in = await self._refused(send, exc)
            if exc.cure is Cure.OPERATOR and again_in is not None:
                raise SendingStopped(str(exc), again_in=again_in) from exc
            if again_in is not None:
                raise Postponed(str(exc), again_in=again_in) from exc
            if exc.cure is Cure.UNREACHABLE:
                raise Unreachable from exc
            if exc.cure is Cure.WINDOW_CLOSED:
                raise WindowClosed from exc
        except OutcomeUnknown as exc:
            self.metrics.sent("unknown", None)
            await self.outbox.doubt(send.id)
            raise OutcomeUnknown(again_in=self.grace / _LOOKS) from exc
        else:
            if not await self._note_sent(send.id, wamid):
                raise Postponed("failed meanwhile", again_in=timedelta(0))

    async def _refused(self, send: Send, refusal: SendRefused | None) -> timedelta | None:
        code = refusal.code if refusal else None
        log.warning("send.refused", code=code, cure=refusal.cure if refusal else "not reached")
        self.metrics.sent("refused", code)
        return await self.outbox.refused(send.id, refusal, self.number.id)

    async def _note_sent(self, send: SendId, wamid: Wamid) -> bool:
        """Keep at it while the store is away: the one thing worse than a late reply is a second."""
        self.metrics.sent("sent", None)
        while True:
            try:
                return await self.outbox.sent(send, wamid, self.number.id)
            except StoreUnavailable:
                await asyncio.sleep(_NOTE_AGAIN)

"""A message's way from the inbox to the answer; read it from ``attend`` down."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import structlog

from bot.chat import gates
from bot.chat.acquaintance import Acquaintance
from bot.chat.composing import Composer, Joined, reply_of
from bot.chat.gates import Verdict
from bot.chat.gates.consent import Wish
from bot.chat.hearing import Hearing
from bot.chat.sending import Sending
from bot.chat.strangers import Strangers
from bot.chat.visit import Visit
from bot.errors import AnsweredElsewhere, Postponed, SendingStopped, Unavailable
from bot.metrics import Metrics
from bot.models import Channel, Dropped, Lease, PersonId, Send, Sender, Turn
from bot.store.ports import Turns
from bot.whatsapp import wire

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Answers whoever waits."""

    acquaintance: Acquaintance
    strangers: Strangers
    hearing: Hearing
    turns: Turns
    composer: Composer
    sending: Sending
    metrics: Metrics

    async def attend(self, lease: Lease, more: asyncio.Event) -> None:
        """Answer everything that *lease* is about, unless there is *more* of it to come.

        May be repeated at any point without a second effect. Raises ``Unavailable`` when it
        should be.
        """
        visit = Visit(lease=lease, more=more)
        with self._closing(visit):
            if (sender := visit.to) is None:
                await self._attend_in_the_app(visit)
            else:
                await self._attend_to(sender, visit)

    async def _attend_in_the_app(self, visit: Visit) -> None:
        person = PersonId(UUID(visit.lease.key.removeprefix("app:")))
        with visit.timings.step("open"):
            turn = await self.turns.open(person, Channel.APP)
        await self._answer(turn, await self._judge(turn, visit), visit)

    async def _attend_to(self, sender: Sender, visit: Visit) -> None:
        lease = visit.lease
        arrived = [wire.inbound(payload) for payload in lease.arrivals]
        with visit.timings.step("meet"):
            met = await self.acquaintance.meet(sender, lease, arrived)
        if met.person is None:
            visit.outcome = "stranger"
            await self._send_what_waits(await self.strangers.meet(sender, met, lease), visit)
            return
        with visit.timings.step("open"):
            turn = await self.hearing.receive(met.person, met.said)
        if lease.has_more:
            raise Joined
        verdict = await self._judge(turn, visit)
        if verdict.is_urgent:
            await self._answer(turn, verdict, visit)
            await self._send_what_waits(met.unsent, visit)
        else:
            await self._send_what_waits(met.unsent, visit)
            await self._answer(turn, verdict, visit)

    async def _send_what_waits(self, unsent: Sequence[Send], visit: Visit) -> None:
        with visit.timings.step("unsent"):
            await self.sending.send_what_waits(unsent, visit.lease.chat, visit.more)

    async def _judge(self, turn: Turn, visit: Visit) -> Verdict:
        visit.messages = len(turn.unanswered)
        if not turn.unanswered:
            return Verdict()
        with visit.timings.step("gates"):  # in a thread: a long text would keep others waiting
            return await asyncio.to_thread(
                gates.judge, turn, is_silenced=visit.lease.chat.is_silenced
            )

    async def _answer(self, turn: Turn, verdict: Verdict, visit: Visit) -> None:
        if not turn.unanswered:
            return
        if verdict.is_silent:
            visit.outcome = "silenced"
            await self.turns.settle(turn)
        elif not visit.lease.chat.is_open or visit.lease.chat.is_unreachable:
            await self._hold(visit)
        else:
            await self._speak(turn, verdict, visit)

    async def _hold(self, visit: Visit) -> None:
        """Nothing may be sent until they write; then all of it is answered at once."""
        visit.outcome = "held"
        if visit.to and not visit.lease.chat.is_unreachable:
            await self.sending.reopen(visit.to)

    async def _speak(self, turn: Turn, verdict: Verdict, visit: Visit) -> None:
        text, joins = verdict.text, False
        if text is None:
            if stopped_for := visit.lease.chat.stopped_for:  # nobody pays for what cannot be sent
                raise SendingStopped(again_in=stopped_for)
            text, joins = await self.composer.compose(turn, visit), self.composer.joins(turn)
        postponed = await self._clearance(visit)
        with visit.timings.step("store"):
            stored = await self.turns.answer(
                turn,
                replace(reply_of(text), silences=_silences(verdict)),
                visit.to,
                joins=joins,
                begin=postponed is None,
            )
        if stored is Dropped.JOINED:
            raise Joined
        if stored is Dropped.ANSWERED:
            raise AnsweredElsewhere(again_in=timedelta(0))
        visit.outcome = "answered"
        if postponed is not None:
            raise postponed
        with visit.timings.step("send"):
            await self.sending.send(stored, begun=True, more=visit.more)

    async def _clearance(self, visit: Visit) -> Postponed | None:
        if visit.to is None:
            return None
        with visit.timings.step("pace"):
            return await self.sending.clearance(visit.to)

    @contextmanager
    def _closing(self, visit: Visit) -> Iterator[None]:
        """Count the visit and write the one line about it, whatever its end."""
        reason = None
        try:
            yield
        except Joined:
            visit.outcome = "joined"
        except Unavailable as exc:
            reason = type(exc).__name__
            visit.outcome = "postponed" if visit.outcome != "answered" else "answered, not sent"
            raise
        except asyncio.CancelledError:
            visit.outcome = "given back"
            raise
        except Exception as exc:
            reason, visit.outcome = type(exc).__name__, "failed"
            raise
        finally:
            milliseconds = visit.timings.milliseconds()
            self.metrics.turned(visit.outcome, visit.channel, milliseconds)
            log.info(
                "turn.closed",
                outcome=visit.outcome,
                reason=reason,
                channel=visit.channel,
                messages=visit.messages,
                attempts=visit.lease.attempts,
                milliseconds=milliseconds,
            )


def _silences(verdict: Verdict) -> bool | None:
    return None if verdict.wish is None else verdict.wish is Wish.STOP

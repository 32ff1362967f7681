"""The avatar's own words: the model is asked while "typing…" shows, unless more is said."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.chat import gates, wording
from bot.chat.model import LanguageModel
from bot.chat.sending import Messenger, Sending
from bot.chat.visit import Visit
from bot.errors import GraphUnavailable, ModelUnavailable, OutcomeUnknown, SendRefused
from bot.models import Reply, Turn
from bot.store.ports import Turns
from bot.whatsapp import text as whatsapp_text

log = structlog.get_logger()

_LATE = timedelta(minutes=10)  # an answer that comes later says so


class Joined(Exception):
    """More was said before anything was answered: all of it is one turn, and this draft is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Has the model answer. joining: ``Pace.joining``."""

    model: LanguageModel
    messenger: Messenger
    turns: Turns
    sending: Sending
    joining: timedelta

    async def compose(self, turn: Turn, visit: Visit) -> str:
        """Return the answer; raise Joined, or ModelUnavailable once the person knows of it."""
        typing = asyncio.create_task(self._show_typing(turn), name="show typing")
        try:
            with visit.timings.step("model"):
                answer = await self._thought(turn, visit.more)
        except ModelUnavailable:
            await self._apologise(turn, visit)
            raise
        finally:
            await typing  # behind the reply it would stay on their screen
        return "\n\n".join(filter(None, (_belated(turn), answer, gates.aside(turn))))

    def joins(self, turn: Turn) -> bool:
        """Tell whether more may still join the turn; whoever writes on and on is answered too."""
        return turn.waited < self.joining

    async def _thought(self, turn: Turn, more: asyncio.Event) -> str:
        if not self.joins(turn):
            return await self.model.reply(turn)
        thinking = asyncio.create_task(self.model.reply(turn), name="think")
        hearing = asyncio.create_task(more.wait(), name="hear")
        try:
            await asyncio.wait({thinking, hearing}, return_when=asyncio.FIRST_COMPLETED)
            if thinking.done():
                return thinking.result()
            raise Joined
        finally:
            thinking.cancel()
            hearing.cancel()
            await asyncio.gather(thinking, hearing, return_exceptions=True)

    async def _show_typing(self, turn: Turn) -> None:
        if turn.latest_wamid is None:
            return
        try:
            await self.messenger.show_typing(turn.latest_wamid)
        except (GraphUnavailable, OutcomeUnknown, SendRefused) as exc:
            log.info("typing.failed", reason=type(exc).__name__)

    async def _apologise(self, turn: Turn, visit: Visit) -> None:
        """Say once that the answer will be late; nobody is left in silence."""
        text = wording.late(turn.avatar, language=gates.language_of_turn(turn))
        await self.sending.send(await self.turns.notice(turn, reply_of(text), visit.to))


def reply_of(text: str) -> Reply:
    """Return what is stored and sent for *text*."""
    parts = whatsapp_text.split(whatsapp_text.for_whatsapp(text))
    return Reply(text=text, parts=tuple(parts))


def _belated(turn: Turn) -> str | None:
    return wording.belated(gates.language_of_turn(turn)) if turn.waited > _LATE else None

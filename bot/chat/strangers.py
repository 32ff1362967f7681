"""Who writes on WhatsApp and has no account: told how to get in, at most once a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot.chat import wording
from bot.chat.acquaintance import Met
from bot.chat.gates import consent, crisis
from bot.chat.gates.consent import Wish
from bot.chat.hearing import Hearing
from bot.chat.languages import language_of
from bot.chat.lines import line_of
from bot.inbound import Inbound, Welcome
from bot.models import Lease, Send, Sender
from bot.store.ports import Outbox

log = structlog.get_logger()

_AGAIN = timedelta(days=1)
_HELPED_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangers:
    """What they say is not kept as a chat. sign_up_url: None: nobody has said where it is."""

    hearing: Hearing
    outbox: Outbox
    sign_up_url: str | None

    async def meet(self, sender: Sender, met: Met, lease: Lease) -> Sequence[Send]:
        """Store what there is to say to them, and return all that is to be sent."""
        sends = await self._answer(sender, met.said, is_silenced=lease.chat.is_silenced)
        await self.hearing.put_aside(met.said)
        log.info("stranger.met", told=bool(sends))
        return await self.outbox.unsent(sender) if sends else met.unsent

    async def _answer(
        self, sender: Sender, messages: Sequence[Inbound], *, is_silenced: bool
    ) -> Sequence[Send]:
        texts = [line.text for message in messages if (line := line_of(message.content))]
        language, wish = language_of("\n".join(texts)), consent.wish(texts)
        invitation = wording.invitation(self.sign_up_url, language=language)
        if in_crisis := crisis.language_of_crisis(texts):
            text = crisis.answer(in_crisis, again=False)
            return await self._tell("help", sender, text, again_after=_HELPED_AGAIN)
        if wish is Wish.STOP and not is_silenced:
            await self.outbox.silence(sender, silenced=True)
            return await self._tell("silenced", sender, wording.silenced(language))
        if wish is Wish.START and is_silenced:
            await self.outbox.silence(sender, silenced=False)
            return await self._tell("started", sender, invitation)
        if is_silenced or not (texts or _any_welcome(messages)):
            return []
        return await self._tell("invitation", sender, invitation)

    async def _tell(
        self, what: str, sender: Sender, text: str, *, again_after: timedelta = _AGAIN
    ) -> Sequence[Send]:
        return await self.outbox.queue(
            f"{what}:{sender.key}", sender, text, again_after=again_after
        )


def _any_welcome(messages: Sequence[Inbound]) -> bool:
    return any(isinstance(message.content, Welcome) for message in messages)

"""What was said on WhatsApp, on its way into the conversation."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.chat.lines import line_of
from bot.inbound import Inbound
from bot.models import Arrival, Channel, PersonId, Turn
from bot.store.ports import Inbox, Turns


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Stores what belongs into a conversation, and puts the rest aside."""

    inbox: Inbox
    turns: Turns

    async def receive(self, person: PersonId, messages: Sequence[Inbound]) -> Turn:
        """Store what *person* said, and return all that is not answered."""
        lines = [(message, line_of(message.content)) for message in messages]
        await self.put_aside([message for message, line in lines if line is None])
        return await self.turns.open(
            person,
            Channel.WHATSAPP,
            [Arrival(wamid=m.id, line=line, quoted=m.quoted) for m, line in lines if line],
        )

    async def put_aside(self, messages: Sequence[Inbound]) -> None:
        if messages:
            await self.inbox.put_aside([message.id for message in messages])

"""Who a WhatsApp sender is: codes that link a number, and numbers that change hands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot import link_codes
from bot.chat import wording
from bot.chat.hearing import Hearing
from bot.inbound import IdentityChanged, Inbound, Text
from bot.models import Lease, PersonId, Send, Sender
from bot.store.ports import Outbox, People

log = structlog.get_logger()

_REFUSED_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """Whose sender it is, what they said since it is theirs, and what is still to be sent."""

    person: PersonId | None
    said: Sequence[Inbound]
    unsent: Sequence[Send]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """Knows people by what WhatsApp proves. sign_up_url: where avatars are made, if known."""

    people: People
    hearing: Hearing
    outbox: Outbox
    sign_up_url: str | None

    async def meet(self, sender: Sender, lease: Lease, arrived: Sequence[Inbound]) -> Met:
        """Look into what *arrived* for what it says about who this is.

        What came before a code or a change belongs to whoever had the number until then.
        """
        person, known, said = lease.person, lease.bsuid, list[Inbound]()
        is_news = False
        for message in arrived:
            if tells_who := _tells_who(message):
                await self._keep(person, said)
                said = []
                is_news |= await self._learn(message, sender, lease)
            if tells_who or _is_another(message.sender, known):
                owner = await self.people.recognise(message.sender, sent_at=message.sent_at)
                if owner != person:
                    await self._keep(person, said)
                    said, is_news = [], True
                person, known = owner, message.sender.bsuid or known
            if _is_talk(message):
                said.append(message)
        unsent = await self.outbox.unsent(sender) if is_news else lease.unsent
        return Met(person=person, said=said, unsent=unsent)

    # --- what WhatsApp proves ----------------------------------------------------------------

    async def _keep(self, person: PersonId | None, said: Sequence[Inbound]) -> None:
        if person is None:
            await self.hearing.put_aside(said)
        elif said:
            await self.hearing.receive(person, said)

    async def _learn(self, message: Inbound, sender: Sender, lease: Lease) -> bool:
        """Do what the message says; return whether it is done with, and there may be an answer."""
        if code := _link_code(message):
            if not await self._redeem(code, message, sender, lease) and _is_talk(message):
                return False  # "Ava 3 years ago …" only looks like a code
        elif isinstance(message.content, IdentityChanged) and message.content.new:
            await self.people.moved(message.sender, message.content.new, message.sent_at)
        if not _is_talk(message):
            await self.hearing.put_aside([message])
        return True

    async def _redeem(self, code: str, message: Inbound, sender: Sender, lease: Lease) -> bool:
        person = await self.people.redeem(code, message.sender, message.id)
        if person is None:
            if not _is_talk(message):
                key, text = f"code refused:{sender.key}", wording.code_refused()
                await self.outbox.queue(key, sender, text, again_after=_REFUSED_AGAIN)
            return False
        if lease.chat.is_silenced:  # whoever sends a code wants to talk
            await self.outbox.silence(sender, silenced=False)
        turn = await self.hearing.receive(person, [])  # for the avatar's name
        text = wording.linked(turn.avatar, self.sign_up_url)
        await self.outbox.queue(f"linked:{message.id}", sender, text)
        log.info("person.linked", person=str(person))
        return True


def _link_code(message: Inbound) -> str | None:
    content = message.content
    return link_codes.code_in(content.body) if isinstance(content, Text) else None


def _tells_who(message: Inbound) -> bool:
    return bool(_link_code(message)) or isinstance(message.content, IdentityChanged)


def _is_another(sender: Sender, known: str | None) -> bool:
    """Tell whether the sender comes with another id than the number is known by."""
    return sender.bsuid is not None and sender.bsuid != known


def _is_talk(message: Inbound) -> bool:
    """Tell whether it belongs into a conversation; with a code, if it says more than that."""
    content = message.content
    if isinstance(content, Text) and link_codes.code_in(content.body):
        return link_codes.says_more(content.body)
    return not isinstance(content, IdentityChanged)

"""Who a WhatsApp sender is: codes that link a number, numbers that change, and strangers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from bot import link_codes
from bot.chat import wording
from bot.chat.gates import consent
from bot.chat.gates.consent import Wish
from bot.chat.hearing import Hearing
from bot.chat.languages import Language, language_of
from bot.chat.lines import line_of
from bot.chat.sending import Sending
from bot.inbound import IdentityChanged, Inbound, Text, Welcome
from bot.models import Lease, PersonId, Send, Sender
from bot.store.ports import Outbox, People

log = structlog.get_logger()

_INVITED_AGAIN = timedelta(days=1)
_REFUSED_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """Whose sender it is, what they said since it is theirs, and what is still to be sent."""

    person: PersonId | None
    said: Sequence[Inbound]
    unsent: Sequence[Send]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """Knows people by what WhatsApp proves, and tells strangers how to get in.

    sign_up_url: where strangers are sent; None: nobody has said.
    """

    people: People
    hearing: Hearing
    outbox: Outbox
    sending: Sending
    sign_up_url: str | None

    async def meet(self, sender: Sender, lease: Lease, arrived: Sequence[Inbound]) -> Met:
        """Look into what *arrived* for what it says about who this is.

        What came before a code or a change belongs to whoever had the number until then.
        """
        person, known, said = lease.person, lease.bsuid, list[Inbound]()
        for message in arrived:
            if tells_who := _tells_who(message):
                await self._keep(person, said)
                said = []
                await self._learn(message, sender, lease)
            if tells_who or _is_another(message.sender, known):
                owner = await self.people.recognise(message.sender, sent_at=message.sent_at)
                if owner != person:
                    await self._keep(person, said)
                    said = []
                person, known = owner, message.sender.bsuid or known
            if not tells_who:
                said.append(message)
        is_news = person != lease.person or any(map(_tells_who, arrived))
        unsent = await self.outbox.unsent(sender) if is_news else lease.unsent
        return Met(person=person, said=said, unsent=unsent)

    async def invite(self, sender: Sender, lease: Lease, messages: Sequence[Inbound]) -> None:
        """Tell a stranger how to get in; what they said is not kept as a chat."""
        texts = [line.text for message in messages if (line := line_of(message.content))]
        sends: Sequence[Send] = ()
        wish, is_silenced = consent.wish(texts), lease.chat.is_silenced
        if wish is Wish.STOP and not is_silenced:
            sends = await self._silence(sender, language_of("\n".join(texts)))
        elif wish is Wish.START and is_silenced:
            await self.outbox.silence(sender, silenced=False)
            text = wording.invitation(self.sign_up_url, language=language_of("\n".join(texts)))
            sends = await self.outbox.queue(
                f"started:{sender.key}", sender, text, again_after=_INVITED_AGAIN
            )
        elif is_silenced:
            pass
        elif texts or _any_welcome(messages):
            text = wording.invitation(self.sign_up_url, language=language_of("\n".join(texts)))
            key = f"invitation:{sender.key}"
            sends = await self.outbox.queue(key, sender, text, again_after=_INVITED_AGAIN)
        await self.hearing.put_aside(messages)
        await self.sending.send(sends)
        log.info("stranger.met", invited=bool(sends))

    # --- what WhatsApp proves ----------------------------------------------------------------

    async def _keep(self, person: PersonId | None, said: Sequence[Inbound]) -> None:
        if person is None:
            await self.hearing.put_aside(said)
        elif said:
            await self.hearing.receive(person, said)

    async def _learn(self, message: Inbound, sender: Sender, lease: Lease) -> None:
        """Do what the message says; what there is to answer is stored, and sent by the caller."""
        if code := _link_code(message):
            await self._redeem(code, message, sender, lease)
        elif isinstance(message.content, IdentityChanged) and message.content.new:
            await self.people.moved(message.sender, message.content.new, message.sent_at)
        await self.hearing.put_aside([message])

    async def _redeem(self, code: str, message: Inbound, sender: Sender, lease: Lease) -> None:
        person = await self.people.redeem(code, message.sender, message.id)
        if person is None:
            key, text = f"code refused:{sender.key}", wording.code_refused()
            await self.outbox.queue(key, sender, text, again_after=_REFUSED_AGAIN)
            return
        if lease.chat.is_silenced:  # whoever sends a code wants to talk
            await self.outbox.silence(sender, silenced=False)
        turn = await self.hearing.receive(person, [])  # for the avatar's name
        text = wording.linked(turn.avatar, self.sign_up_url)
        await self.outbox.queue(f"linked:{message.id}", sender, text)
        log.info("person.linked", person=str(person))

    async def _silence(self, sender: Sender, language: Language) -> Sequence[Send]:
        await self.outbox.silence(sender, silenced=True)
        key, text = f"silenced:{sender.key}", wording.silenced(language)
        return await self.outbox.queue(key, sender, text, again_after=_INVITED_AGAIN)


def _link_code(message: Inbound) -> str | None:
    content = message.content
    return link_codes.code_in(content.body) if isinstance(content, Text) else None


def _tells_who(message: Inbound) -> bool:
    return bool(_link_code(message)) or isinstance(message.content, IdentityChanged)


def _is_another(sender: Sender, known: str | None) -> bool:
    """Tell whether the sender comes with another id than the number is known by."""
    return sender.bsuid is not None and sender.bsuid != known


def _any_welcome(messages: Sequence[Inbound]) -> bool:
    return any(isinstance(message.content, Welcome) for message in messages)

"""A message's way from the inbox to the answer; read it from ``attend`` down."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from bot import link_codes
from bot.chat import gates, wording
from bot.chat.lines import line_of
from bot.chat.model import LanguageModel
from bot.chat.sending import Messenger, Sending
from bot.errors import (
    AnsweredElsewhere,
    GraphUnavailable,
    ModelUnavailable,
    OutcomeUnknown,
    SendRejected,
)
from bot.inbound import Inbound, Text, Welcome
from bot.models import (
    Arrival,
    Channel,
    PersonId,
    Reply,
    Send,
    Sender,
    Turn,
    Wamid,
)
from bot.store.ports import Inbox, Outbox, People, Turns
from bot.whatsapp import text as whatsapp_text
from bot.whatsapp import wire

log = structlog.get_logger()

_INVITED_AGAIN = timedelta(days=1)
_REFUSED_AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Answers whoever waits.

    sign_up_url: where strangers are sent; None: nobody has said.
    """

    inbox: Inbox
    people: People
    turns: Turns
    outbox: Outbox
    model: LanguageModel
    messenger: Messenger
    sending: Sending
    sign_up_url: str | None

    async def attend(self, key: str) -> None:
        """Answer everything that *key* waits for: a sender's, or ``app:<person>``.

        May be repeated at any point without a second effect. Raises ``Unavailable`` when it
        should be.
        """
        kind, _, name = key.partition(":")
        if kind == "app":
            person = PersonId(UUID(name))
            turn = await self.turns.open(person, Channel.APP)
            await self._answer(turn, to=None)
        else:
            await self._attend_to(Sender.of_key(key))

    async def _attend_to(self, sender: Sender) -> None:
        arrived = [wire.inbound(payload) for payload in await self.inbox.arrivals(sender)]
        messages = await self._see_to_link_codes(sender, arrived)
        await self.sending.send(await self.outbox.unsent(sender))
        person = await self.people.find(sender)
        if person is None:
            await self._invite(sender, messages)
        else:
            turn = await self._receive(person, messages)
            await self._answer(turn, to=sender)

    # --- who is it ---------------------------------------------------------------------------

    async def _see_to_link_codes(
        self, sender: Sender, messages: Sequence[Inbound]
    ) -> list[Inbound]:
        """Redeem the codes among *messages*, and return what came behind the last one.

        What came before a code belongs to whoever had the number until then.
        """
        behind: list[Inbound] = []
        for message in messages:
            if code := _link_code(message):
                await self._keep(sender, behind)
                await self._redeem(code, message, sender)
                behind = []
            else:
                behind.append(message)
        return behind

    async def _keep(self, sender: Sender, messages: Sequence[Inbound]) -> None:
        if messages:
            person = await self.people.find(sender)
            await (self._receive(person, messages) if person else self._put_aside(messages))

    async def _redeem(self, code: str, message: Inbound, sender: Sender) -> None:
        person = await self.people.redeem(code, message.sender, message.id)
        if person is None:
            await self._refuse_link_code(sender, message.id)
        else:
            await self._confirm_link(person, sender, message.id)

    async def _refuse_link_code(self, sender: Sender, wamid: Wamid) -> None:
        key = f"code refused:{sender.key}"
        text = wording.code_refused()
        sends = await self.outbox.queue(key, sender, text, again_after=_REFUSED_AGAIN)
        await self.inbox.put_aside([wamid])
        await self.sending.send(sends)

    async def _confirm_link(self, person: PersonId, sender: Sender, wamid: Wamid) -> None:
        turn = await self.turns.open(person, Channel.WHATSAPP)  # for the avatar's name
        text = wording.linked(turn.avatar, self.sign_up_url)
        sends = await self.outbox.queue(f"linked:{wamid}", sender, text)
        await self.inbox.put_aside([wamid])
        log.info("person.linked", person=str(person))
        await self.sending.send(sends)

    async def _invite(self, sender: Sender, messages: Sequence[Inbound]) -> None:
        """Tell a stranger how to get in; what they said is not kept as a chat."""
        sends: Sequence[Send] = ()
        if any(_is_said(message) for message in messages):
            key, text = f"invitation:{sender.key}", wording.invitation(self.sign_up_url)
            sends = await self.outbox.queue(key, sender, text, again_after=_INVITED_AGAIN)
        await self._put_aside(messages)
        await self.sending.send(sends)
        log.info("stranger.met", invited=bool(sends))

    # --- what was said -----------------------------------------------------------------------

    async def _receive(self, person: PersonId, messages: Sequence[Inbound]) -> Turn:
        """Store what belongs into the conversation, and return all that is not answered."""
        lines = [(message, line_of(message.content)) for message in messages]
        await self._put_aside([message for message, line in lines if line is None])
        bsuids = [m.sender.bsuid for m in messages if m.sender.wa_id and m.sender.bsuid]
        return await self.turns.open(
            person,
            Channel.WHATSAPP,
            [Arrival(wamid=m.id, line=line, quoted=m.quoted) for m, line in lines if line],
            bsuid=bsuids[-1] if bsuids else None,
        )

    async def _put_aside(self, messages: Sequence[Inbound]) -> None:
        if messages:
            await self.inbox.put_aside([message.id for message in messages])

    # --- what to say -------------------------------------------------------------------------

    async def _answer(self, turn: Turn, *, to: Sender | None) -> None:
        if not turn.unanswered:
            return
        # In a thread: patterns in seven languages over a long text would keep others waiting.
        text = await asyncio.to_thread(gates.answer, turn) or await self._compose(turn, to)
        sends = await self.turns.answer(turn, _reply(text), to)
        if sends is None:
            raise AnsweredElsewhere(again_in=timedelta(0))
        await self.sending.send(sends)
        log.info("turn.answered", channel=turn.channel, messages=len(turn.unanswered))

    async def _compose(self, turn: Turn, to: Sender | None) -> str:
        typing = asyncio.create_task(self._show_typing(turn), name="show typing")
        try:
            reply = await self.model.reply(turn)
        except ModelUnavailable:
            await self._apologise(turn, to)
            raise
        finally:
            await typing  # behind the reply it would stay on their screen
        aside = gates.aside(turn)
        return f"{reply}\n\n{aside}" if aside else reply

    async def _show_typing(self, turn: Turn) -> None:
        if turn.latest_wamid is None:
            return
        try:
            await self.messenger.show_typing(turn.latest_wamid)
        except (GraphUnavailable, OutcomeUnknown, SendRejected) as exc:
            log.info("typing.failed", reason=type(exc).__name__)

    async def _apologise(self, turn: Turn, to: Sender | None) -> None:
        """Say once that the answer will be late; nobody is left in silence."""
        notice = _reply(wording.late(turn.avatar))
        await self.sending.send(await self.turns.notice(turn, notice, to))


def _link_code(message: Inbound) -> str | None:
    content = message.content
    return link_codes.code_in(content.body) if isinstance(content, Text) else None


def _is_said(message: Inbound) -> bool:
    return bool(line_of(message.content)) or isinstance(message.content, Welcome)


def _reply(text: str) -> Reply:
    parts = whatsapp_text.split(whatsapp_text.for_whatsapp(text))
    return Reply(text=text, parts=tuple(parts))

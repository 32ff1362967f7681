"""What Ava asks of a store; every method is one question or one atomic change.

All of them raise ``StoreUnavailable`` when the database does not answer and ``StoreRejected`` when
it refuses a statement that the code believed to be right.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.models import (
    Arrival,
    Avatar,
    AvatarChanges,
    Caller,
    Channel,
    Lease,
    Message,
    MessageId,
    Personality,
    PersonId,
    Phone,
    Preferences,
    Reply,
    Send,
    Sender,
    SendId,
    Turn,
    Update,
    Wamid,
)


class Inbox(Protocol):
    """The updates that were stored before their delivery was acknowledged."""

    async def take(self, updates: Sequence[tuple[Update, timedelta]]) -> int:
        """Store the new ones, mark their senders and move what is reported on, all or nothing.

        Each comes with the time to wait for the rest of a burst: a later message moves what is
        due. Return how many were new. One statement, one round trip.
        """

    async def arrivals(self, sender: Sender) -> Sequence[str]:
        """Return the payloads of the messages from *sender* that are not handled, in order.

        ``Turns.open`` and ``put_aside`` mark them handled.
        """

    async def put_aside(self, wamids: Sequence[Wamid]) -> None:
        """Mark messages handled that do not go into a conversation."""


class Attention(Protocol):
    """The whole queue: one row per sender, or person, who is waiting for something."""

    async def claim(self, *, worker: str, limit: int, lease: timedelta) -> Sequence[Lease]:
        """Lease at most *limit* due rows that nobody holds."""

    async def beat(self, leases: Sequence[UUID], *, lease: timedelta) -> set[UUID]:
        """Extend *leases*; return those that are still held."""

    async def finish(self, held: Lease) -> None:
        """Give a lease back; what came in the meantime becomes due again."""

    async def fail(
        self, held: Lease, *, error: str, again_in: timedelta, most_failures: int | None
    ) -> None:
        """Give a lease back to be tried *again_in*.

        With *most_failures* this one counts, and at that many in a row the row is dead.
        """

    async def next_due(self) -> timedelta | None:
        """Return the time until a row is due; None when the queue is empty."""

    async def wake_others(self) -> None:
        """Tell the other processes that something may be due."""

    def woken(self) -> AsyncIterator[None]:
        """Yield whenever another process calls; may miss calls, so poll as well."""


class People(Protocol):
    """The bot's own way to a person, as service role."""

    async def find(self, sender: Sender) -> PersonId | None:
        """Return whose number (through the partial index) or business-scoped id this is."""

    async def redeem(self, code: str, sender: Sender, wamid: Wamid) -> PersonId | None:
        """Link *sender*'s number to the person who asked for *code*, taking it from anybody else.

        None: no live code of that number; a wrong guess counts against all of its codes. May be
        repeated for the message *wamid* that brought the code.
        """


class Turns(Protocol):
    """The conversation, as the bot sees it."""

    async def open(
        self,
        person: PersonId,
        channel: Channel,
        arrivals: Sequence[Arrival] = (),
        *,
        bsuid: str | None = None,
    ) -> Turn:
        """Store what arrived, once, and return everything unanswered, in one transaction.

        *bsuid*: the business-scoped id that came with the person's proven number, to be remembered.
        """

    async def answer(self, turn: Turn, reply: Reply, to: Sender | None) -> Sequence[Send] | None:
        """Store the reply as *queued* and what it answers as answered, all or nothing.

        None: something in *turn* has been answered already, or the number is no longer theirs, so
        this draft must be dropped.
        Without *to* (channel app) nothing is sent and the reply is *sent* at once.
        """

    async def notice(self, turn: Turn, reply: Reply, to: Sender | None) -> Sequence[Send]:
        """Store a notice about *turn*, at most one; none again returns []. It answers nothing."""


class Outbox(Protocol):
    """What is to be sent through WhatsApp."""

    async def queue(
        self, key: str, to: Sender, text: str, *, again_after: timedelta | None = None
    ) -> Sequence[Send]:
        """Store a message outside any conversation, once for each *key*; [] when it is there.

        With *again_after*, once in that time.
        """

    async def unsent(self, to: Sender) -> Sequence[Send]:
        """Return what is *queued* or *sending* to them, in order."""

    async def begin(self, send: SendId) -> bool:
        """From *queued* to *sending*; False: somebody else did it."""

    async def sent(self, send: SendId, wamid: Wamid) -> None:
        """Meta accepted it as *wamid*."""

    async def doubted_for(self, send: SendId) -> timedelta:
        """Keep that nobody knows what became of it, and return for how long that has been so."""

    async def requeue(self, send: SendId) -> None:
        """From *sending* back to *queued*: it certainly was not sent."""

    async def failed(self, send: SendId, code: int) -> None:
        """It will never be sent; *code* is Meta's."""


class Avatars(Protocol):
    """A person's own avatar, under row-level security."""

    async def create(
        self,
        caller: Caller,
        *,
        name: str,
        age: int,
        personality: Personality,
        physical_description: str | None,
    ) -> Avatar:
        """Raise Conflict when there is one already, Invalid when the database refuses it."""

    async def mine(self, caller: Caller) -> Avatar:
        """Raise Missing when there is none yet."""

    async def change(self, caller: Caller, changes: AvatarChanges) -> Avatar:
        """Raise Missing or Invalid."""

    async def delete(self, caller: Caller) -> None:
        """Raise Missing when there is none."""


class PhoneLinks(Protocol):
    """A person's own WhatsApp number, under row-level security."""

    async def preferences(self, caller: Caller) -> Preferences: ...

    async def request(self, caller: Caller, phone: Phone, code: str) -> datetime:
        """Keep *code* for *phone* instead of any earlier one; return when it expires."""

    async def unlink(self, caller: Caller) -> None:
        """Forget the number and any pending one."""


class History(Protocol):
    """A person's own side of the conversation, under row-level security."""

    async def page(
        self, caller: Caller, *, limit: int, before: tuple[datetime, MessageId] | None
    ) -> Sequence[Message]:
        """Return at most *limit* messages, newest first, older than *before*."""

    async def say(
        self, caller: Caller, text: str, *, once_as: MessageId | None = None
    ) -> MessageId:
        """Store what they said in the app and mark them for attention, in one transaction.

        With *once_as* it happens once, however often it is asked. Raise Conflict when they have
        no avatar yet.
        """


class Health(Protocol):
    """How the store is."""

    async def pending_migrations(self) -> Sequence[str]: ...

    async def oldest_waiting(self) -> timedelta:
        """Return for how long the longest waiting row has been due."""


class Passwords(Protocol):
    """Ava's own accounts, as service role."""

    async def create(self, email: str, password_hash: str) -> PersonId:
        """Raise Conflict when somebody has this e-mail (lower case) already."""

    async def find(self, email: str) -> tuple[PersonId, str] | None:
        """Return who has this e-mail (lower case), with the hash of their password."""

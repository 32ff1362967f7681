"""What Ava asks of a store; every method is one question or one atomic change.

All of them raise ``StoreUnavailable`` when the database does not answer and ``StoreRejected`` when
it refuses a statement that the code believed to be right.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from bot.errors import SendRefused
from bot.limits import Limit
from bot.models import (
    Account,
    Arrival,
    Avatar,
    AvatarChanges,
    Caller,
    Channel,
    Claimed,
    Dropped,
    Erasure,
    Event,
    EventId,
    EventKind,
    Lease,
    LinkCode,
    LinkPurpose,
    Message,
    MessageId,
    Personality,
    PersonId,
    Phone,
    Place,
    Preferences,
    Profile,
    Reply,
    Send,
    Sender,
    SendId,
    SendKind,
    Turn,
    Update,
    Wamid,
)
from bot.upkeep import Alarm, AlarmChange, DeadLetter, QueueFigures


class Inbox(Protocol):
    """The updates that were stored before their delivery was acknowledged."""

    async def take(self, updates: Sequence[tuple[Update, timedelta]]) -> int:
        """Store the new ones, mark their senders and apply what is reported, all or nothing.

        Each comes with the time to wait for the rest of a burst: a later message moves what is
        due. Return how many were new. One statement, one round trip.
        """

    async def put_aside(self, wamids: Sequence[Wamid]) -> None:
        """Mark messages handled that do not go into a conversation."""


class Attention(Protocol):
    """The whole queue: one row per sender, or person, who is waiting for something."""

    async def claim(
        self,
        *,
        worker: str,
        limit: int,
        lease: timedelta,
        done: Sequence[Lease] = (),
        held: Sequence[Lease] = (),
    ) -> Claimed:
        """Lease at most *limit* due rows that nobody holds, with all that is known about them.

        Those *done* are given back at the same time: what came in the meantime becomes due again.
        *held*: what the worker goes on with, to hear whether more has come.
        """

    async def beat(self, held: Sequence[Lease], *, lease: timedelta) -> set[UUID]:
        """Extend what is *held*, and return the leases that still are."""

    async def fail(
        self,
        held: Lease,
        *,
        error: str,
        again_in: timedelta,
        most_failures: int | None = None,
        until_cured: bool = False,
    ) -> None:
        """Give a lease back to be tried *again_in*; sooner if more comes.

        With *most_failures* this one counts, and at that many in a row the row is dead.
        *until_cured*: also sooner once our number sends again.
        """

    async def wake_others(self) -> None:
        """Tell the other processes that something may be due."""

    def woken(self) -> AsyncIterator[None]:
        """Yield whenever another process calls; may miss calls, so poll as well."""


class People(Protocol):
    """The bot's own way to a person, as service role."""

    async def recognise(
        self, sender: Sender, *, sent_at: datetime | None = None
    ) -> PersonId | None:
        """Return whose message this is, and keep what its ids teach.

        Another business-scoped id at a number means another owner: the number is taken from
        whoever had it, and the answer is None. *sent_at*: by Meta's clock; what was sent before
        the number was theirs takes it from nobody.
        """

    async def moved(self, former: Sender, new: Sender, sent_at: datetime | None) -> PersonId | None:
        """Meta said at *sent_at* that whoever was *former* is *new* by now; return who that is.

        What waits for them goes to the new number, which is taken from anybody else. May be
        repeated. None: nobody we know, or somebody has proved one of the numbers since.
        """

    async def redeem(self, code: str, sender: Sender, wamid: Wamid) -> PersonId | None:
        """Link *sender*'s number to the person who asked for *code*, taking it from anybody else.

        None: no live code of that number; a wrong guess counts against all of its codes. May be
        repeated for the message *wamid* that brought the code.
        """


class Turns(Protocol):
    """The conversation, as the bot sees it."""

    async def open(
        self, person: PersonId, channel: Channel, arrivals: Sequence[Arrival] = ()
    ) -> Turn:
        """Store what arrived, once, and return everything unanswered, in one transaction."""

    async def answer(
        self,
        turn: Turn,
        reply: Reply,
        to: Sender | None,
        *,
        joins: bool = False,
        begin: bool = False,
    ) -> Sequence[Send] | Dropped:
        """Store the reply as *queued* and what it answers as answered, all or nothing.

        joins: whether what came meanwhile belongs to this turn. begin: the first send is *sending*
        at once. Without *to* (channel app) nothing is sent and the reply is *sent* at once.
        """

    async def notice(self, turn: Turn, reply: Reply, to: Sender | None) -> Sequence[Send]:
        """Store a notice about *turn*, at most one; none again returns []. It answers nothing."""

    async def settle(self, turn: Turn) -> None:
        """Leave what was said unanswered, for good."""


class Outbox(Protocol):
    """What is to be sent through WhatsApp."""

    async def queue(
        self,
        key: str,
        to: Sender,
        text: str,
        *,
        kind: SendKind = SendKind.TEXT,
        again_after: timedelta | None = None,
    ) -> Sequence[Send]:
        """Store a message outside any conversation, once for each *key*; [] when it is there.

        With *again_after*, once in that time.
        """

    async def unsent(self, to: Sender) -> Sequence[Send]:
        """Return what is *queued* or *sending* to them, in order."""

    async def pace(
        self, number: str, to: Sender, *, per_second: float, patience: timedelta
    ) -> Place:
        """Return how long to wait before a message may leave: it does after up to *patience*.

        All processes share what *number* and its chat may send. A longer wait is to be sat out
        elsewhere; whoever comes back then has kept their place.
        """

    async def begin(self, send: SendId) -> bool:
        """From *queued* to *sending*; False: somebody else did it, or it must not leave."""

    async def sent(self, send: SendId, wamid: Wamid, number: str) -> bool:
        """Meta accepted it as *wamid*; statuses that came before are applied now.

        False: one of them said that it failed.
        """

    async def doubt(self, send: SendId) -> timedelta | None:
        """Keep that nobody knows what became of it, and return for how long that has been so.

        None: by now somebody knows.
        """

    async def repeat(self, send: SendId) -> bool:
        """From *sending* back to *queued*: no status came, so it never arrived.

        False: that was so three times before; now it is given up.
        """

    async def refused(
        self, send: SendId, refusal: SendRefused | None, number: str
    ) -> timedelta | None:
        """Do what its cure asks for; return when to try again, None: not by itself.

        *refusal* None: Meta was not reached.
        """

    async def silence(self, to: Sender, *, silenced: bool) -> None:
        """Keep that they said STOP, which cancels what is queued, or START."""


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

    async def request(self, caller: Caller, phone: Phone) -> LinkCode:
        """Make a code for *phone* instead of any earlier one, and tell it. Raise TooMany."""

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
        no avatar yet, and TooMany.
        """


class OwnAccount(Protocol):
    """Everything about a person at once. All raise NotSignedIn where the account is gone."""

    async def profile(self, caller: Caller) -> Profile: ...

    async def export(self, caller: Caller) -> Mapping[str, object]:
        """Return all that is kept about them as JSON, by table."""

    async def erase(self, caller: Caller) -> Erasure:
        """Delete all of it at once, but for what happened to it.

        The account itself goes too where Ava keeps it; otherwise ``Accounts.delete`` follows.
        """


class AuditLog(Protocol):
    """What happened to an account. Nobody changes it, and it outlives the account."""

    async def record(
        self, person: PersonId, kind: EventKind, *, about: UUID | None = None
    ) -> None: ...

    async def record_failed_sign_in(self, email: str) -> None:
        """Somebody gave a wrong password; for an e-mail that nobody has, nothing is kept."""

    async def page(self, caller: Caller, *, limit: int, before: EventId | None) -> Sequence[Event]:
        """Return at most *limit* of the caller's events, newest first, older than *before*."""


class RateLimits(Protocol):
    """How often things were asked for, counted for all processes together, as service role."""

    async def take(self, wanted: Mapping[str, Limit]) -> None:
        """Count once for each key, all or nothing. Raise TooMany where a limit is reached."""


class FirstAnswers(Protocol):
    """First answers to calls that may come again, for a day, as service role.

    key: whose call it is, and by which name they know it. fingerprint: all that was asked. holder:
    one run of it.
    """

    async def reserve(
        self, key: str, *, fingerprint: str, holder: UUID, person: PersonId | None
    ) -> str | UUID:
        """Return the first answer; or, where *holder* is to make it, the id of what it makes.

        The id is the same for whoever goes on with a call that began before. A run that was heard
        nothing of for a minute counts as dead. Raise StillRunning, Invalid where the key came with
        another fingerprint, and NotSignedIn where the account is gone.
        """

    async def keep(self, key: str, *, holder: UUID, answer: str) -> None:
        """Keep the answer, unless another run has taken over."""

    async def release(self, key: str, *, holder: UUID, begun: bool) -> None:
        """Let another run try: this one came to no answer, or has not even *begun*."""


class Health(Protocol):
    """How the store is."""

    async def pending_migrations(self) -> Sequence[str]: ...

    async def oldest_waiting(self) -> timedelta:
        """Return for how long the longest waiting row has been due."""

    async def figures(self) -> QueueFigures:
        """Return how much there is to do."""


class Alarms(Protocol):
    """What an operator has to see to."""

    async def review(self, number: str, allowance: int) -> Sequence[AlarmChange]:
        """Raise and cure; return what this process is to tell, which then reports with ``told``.

        *number* is the one that Ava sends from, *allowance* how many messages a month it may.
        """

    async def told(self, change: AlarmChange, by: Collection[str], *, is_done: bool) -> None:
        """Note who knows of *change*; a later review gives it out again unless it *is_done*."""

    async def standing(self) -> Sequence[Alarm]:
        """Return what is not cured, the oldest first."""


class Passwords(Protocol):
    """The passwords of Ava's own accounts, as service role. Whoever gets one is signed in."""

    async def create(
        self, email: str, password_hash: str, refresh_token: str
    ) -> tuple[PersonId, UUID]:
        """Return a new account and its session.

        Raise Conflict when somebody has this e-mail (lower case) already.
        """

    async def find(self, email: str) -> tuple[PersonId, str] | None:
        """Return who has this e-mail (lower case), with the hash of their password."""

    async def change(self, person: PersonId, password_hash: str, refresh_token: str) -> UUID:
        """End every session and return a new one. Raise NotSignedIn when the account is gone."""

    async def forget(self, person: PersonId) -> None:
        """Forget the account, and with it whatever belongs to it."""


class Sessions(Protocol):
    """The sessions of Ava's own accounts, as service role; each ends after 60 days without use."""

    async def open(
        self, person: PersonId, refresh_token: str, *, password_hash: str | None = None
    ) -> UUID | None:
        """Return a new session; None: *password_hash* is not what is kept any more.

        Raise NotSignedIn when the account is gone.
        """

    async def refresh(self, refresh_token: str, successor: str) -> tuple[PersonId, UUID] | None:
        """Exchange a token, once; None when it is unknown or its session has ended.

        Within 10 seconds after its first use it may be exchanged again, by a client that did not
        hear the answer. Later it ends the session: raise TokenReused.
        """

    async def end(self, person: PersonId, session: UUID | None, scope: str) -> None:
        """End *session* (``this``), all of the person's but that one (``others``), or ``all``."""


class OneTimeLinks(Protocol):
    """Links in e-mails, each good for 15 minutes and one use, as service role."""

    async def ask(
        self, email: str, purpose: LinkPurpose, token: str, *, password_hash: str | None = None
    ) -> bool:
        """Return whether somebody has this e-mail (lower case), after the same time either way.

        If so the link is theirs instead of the one before; to sign in where a sign-up was asked
        for. If not, it is nothing, except for a sign-up, which comes with a *password_hash* and
        leaves the ones before as they are.
        """

    async def purpose(self, token: str) -> LinkPurpose | None:
        """Return what a link is good for, and leave it as it is."""

    async def use(self, token: str, purposes: Sequence[LinkPurpose]) -> Account | None:
        """Return whose link it is, to one caller only; a sign-up becomes an account.

        Other sign-ups with that e-mail become nothing. None: it is dead, or good for something
        else.
        """

    async def give_back(self, token: str) -> None:
        """Let a link work again after ``use``, since nothing came of it."""

    async def drop(self, person: PersonId) -> None:
        """Let none of this person's links work any more."""


class DeadLetters(Protocol):
    """What was given up, for an operator. letter: an id."""

    async def standing(self) -> Sequence[DeadLetter]:
        """Return all of them, the oldest first."""

    async def find(self, letter: str) -> DeadLetter | None: ...

    async def replay(self, letter: str) -> int | None:
        """Try it again from the start; return how many messages, or 1 for a turn.

        0: they said STOP, so it stays dead. None: there is no such letter.
        """

    async def drop(self, letter: str) -> bool:
        """Give it up for good; False: there is no such letter.

        Of a turn, what they wrote is put aside; what of it is in the conversation already is
        answered with whatever they write next.
        """


class Retention(Protocol):
    """What is not needed any more."""

    async def forget(
        self,
        *,
        updates: timedelta,
        sends: timedelta,
        chats: timedelta,
        silenced: timedelta,
        most: int,
    ) -> int:
        """Delete at most *most* of each kind that are older; return how many rows that were.

        Never a message that nobody looked at, a send that waits or is a dead letter, or a chat with
        somebody who has an account; *silenced*: with those who said STOP. 0 also while another
        process is at it.
        """

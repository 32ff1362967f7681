"""One crash from beginning to end, and what may not be wrong after it."""

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from asyncpg import Connection, Record

from bot.simulator.values import Direction
from tests.ava import Ava
from tests.faults.dynos import PATIENT, SOON, Dyno
from tests.faults.points import Crash, Doubt, Story

_WITHIN = 10.0  # seconds; only what fails takes that long
_LOOKS = 0.01  # seconds

_MAKE = """
    with person as (
      insert into auth.users (email) values ($1 || '@example.com') returning id
    ), number as (
      insert into user_preferences (user_id, whatsapp_phone, linked_at)
      select id, '+' || $1, clock_timestamp() - interval '1 minute' from person
    )
    insert into avatars (user_id, name, age, personality)
    select id, 'Mia', 27, 'playful' from person
"""
_MESSAGES = """
    select m.id, m.role::text, m.wamid, m.answered_by, m.notice_for
    from messages m join user_preferences p using (user_id)
    where p.whatsapp_phone = '+' || $1 order by m.created_at, m.id
"""
_OUTBOX = """
    select id::text, message_id, status::text, dead_at from outbox
    where recipient = 'wa:' || $1 order by seq
"""
_AT_REST = """
    select not exists (select from attention where key = 'wa:' || $1)
       and not exists (select from inbox where sender = 'wa:' || $1 and handled_at is null)
       and not exists (select from outbox where recipient = 'wa:' || $1 and wamid is null)
"""
_IN_DOUBT = """
    select exists (select from outbox where recipient = 'wa:' || $1 and doubted_at is not null)
"""

Rows = Sequence[Record]


@dataclass(slots=True, kw_only=True)
class Stage:
    """Meta and the model, a database and one life of Ava after the other.

    another: gives the next life, by how long it waits for what became of a send.
    """

    ava: Ava
    owner: Connection
    another: Callable[[timedelta], Dyno]
    dyno: Dyno
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(31650000001))

    async def play(self, crash: Crash) -> list[str]:
        """Let the process die, start another one, and return what is wrong then."""
        wa_id, words = await self._opening(crash.story)
        await self.dyno.kill_at(crash.point)
        # Statuses come while it lives only where it is they that kill it.
        self.ava.simulator.faults.hold_statuses = crash.point.step != "statuses"
        said = [await self.ava.simulator.say(wa_id, words)]
        async with asyncio.timeout(_WITHIN):
            await self.dyno.died()

        await self.dyno.close()
        await self.owner.execute("update attention set leased_until = clock_timestamp()")
        await self.start_another(SOON if crash.doubt is Doubt.NEVER_LEFT else PATIENT)
        if crash.doubt is Doubt.TAKEN:
            await self._until(_IN_DOUBT, wa_id)
        self.ava.simulator.faults.hold_statuses = False
        if crash.point.step == "take_delivery":  # Meta promises no order to what it has to repeat
            await self.ava.simulator.until_quiet(_WITHIN)
        said.append(await self.ava.simulator.say(wa_id, "And?"))
        return await self.after(wa_id, said[1:] if crash.story is Story.CODE else said)

    async def start_another(self, outcome: timedelta = PATIENT) -> None:
        """Begin the next life, which waits that long for what became of a send."""
        self.dyno = self.another(outcome)
        await self.dyno.start()

    async def after(self, wa_id: str, said: Sequence[str]) -> list[str]:
        """Return what is wrong once nothing happens any more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_WITHIN):
                await self.ava.simulator.until_quiet(_WITHIN)
                await self._until(_AT_REST, wa_id)
                await self.ava.simulator.until_quiet(_WITHIN)
        return await self._wrong(wa_id, said)

    async def _until(self, happened: str, wa_id: str) -> None:
        async with asyncio.timeout(_WITHIN):
            while not await self.owner.fetchval(happened, wa_id):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(_LOOKS)

    async def newcomer(self) -> str:
        """Return the number of somebody with an avatar."""
        wa_id = str(next(self._numbers))
        await self.owner.execute(_MAKE, wa_id)
        return wa_id

    async def _opening(self, story: Story) -> tuple[str, str]:
        """Return who will write, and what."""
        if story is not Story.CODE:
            return await self.newcomer(), story
        wa_id = str(next(self._numbers))
        person = await self.ava.sign_up(f"{wa_id}@example.com")
        await person.make_avatar()
        how = {"json": {"phone": f"+{wa_id}"}}
        status, answer = await person.ask("PUT", "/preferences/whatsapp", **how)
        assert status == 202, answer
        return wa_id, str(answer["code"])

    async def _wrong(self, wa_id: str, said: Sequence[str]) -> list[str]:
        messages = await self.owner.fetch(_MESSAGES, wa_id)
        outbox = await self.owner.fetch(_OUTBOX, wa_id)
        is_at_rest = await self.owner.fetchval(_AT_REST, wa_id)
        taken = [
            message.callback_data
            for message in self.ava.simulator.messages(wa_id)
            if message.direction is Direction.TO_PERSON
        ]
        found = [*_said(messages, said), *_answered(messages), *_sent(outbox, messages, taken)]
        return found if is_at_rest else [*found, "something still waits"]


def _said(messages: Rows, said: Sequence[str]) -> Iterator[str]:
    stored = [row["wamid"] for row in messages if row["role"] == "user"]
    if stored != list(said):
        yield f"{len(said)} messages were stored as {[[*said].index(wamid) for wamid in stored]}"


def _answered(messages: Rows) -> Iterator[str]:
    """Each message by one reply, and each reply answers something, in the same order."""
    answers = [row["answered_by"] for row in messages if row["role"] == "user"]
    replies = [row["id"] for row in messages if row["role"] == "assistant"]
    if [answer for answer, _ in itertools.groupby(answers)] != replies:
        yield f"{len(replies)} replies to {len(answers)} messages do not fit"


def _sent(outbox: Rows, messages: Rows, taken: Sequence[str | None]) -> Iterator[str]:
    """Everything was taken by Meta once, in the order of the replies."""
    if [row["id"] for row in outbox] != taken:
        yield f"{len(outbox)} sends, {len(taken)} taken, {len(set(taken))} different ones"
    replies = [row["id"] for row in messages if row["role"] == "assistant"]
    sent = [row["message_id"] for row in outbox if row["message_id"]]
    if [reply for reply, _ in itertools.groupby(sent)] != replies:
        yield "what is sent is not what was replied, or not in that order"
    for row in outbox:
        if row["status"] not in ("sent", "delivered", "read") or row["dead_at"]:
            yield f"a send is {row['status']}, dead since {row['dead_at']}"

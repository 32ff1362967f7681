"""What the tests of the outbox, of its pace and of refusals have in common."""

from datetime import timedelta
from uuid import uuid4

from bot.errors import Cure, SendRefused
from bot.models import (
    Caller,
    ReplyStatus,
    Send,
    Sender,
    SendId,
    Update,
    UpdateKind,
)
from tests.store.contract.stores import NUMBER, Store

NOW, SECOND, MINUTE, DAY = (timedelta(seconds=seconds) for seconds in (0, 1, 60, 86_400))
LATER = "update outbox set queued_at = queued_at - $1::interval where recipient = $2"
PASS = """
    update whatsapp_numbers set
      paced_until = paced_until - $1::interval, slowed_at = slowed_at - $1::interval,
      paused_until = paused_until - $1::interval, probe_at = probe_at - $1::interval
    where phone_number_id = $2
"""
SLOWLY = 0.1  # messages a second; Ava stays below, at one in 11 seconds
ANY_CODE = 131000


def other_news() -> Update:
    """Something that reaches us from Meta, and is about nobody."""
    return Update(key=f"other:{uuid4().hex}", kind=UpdateKind.OTHER, payload="{}")


async def queued(store: Store, to: Sender | None = None) -> Send:
    """A message to a stranger."""
    (send,) = await store.outbox.queue(uuid4().hex, to or store.sender(), "Welcome.")
    return send


async def begun(store: Store) -> Send:
    """A message that is being sent to a stranger."""
    send = await queued(store)
    assert await store.outbox.begin(send.id)
    return send


async def status_of(store: Store, send: SendId) -> str:
    return str(await store.owner.fetchval("select status from outbox where id = $1", send))


async def is_dead(store: Store, send: SendId) -> bool:
    dead = "select dead_at is not null from outbox where id = $1"
    return bool(await store.owner.fetchval(dead, send))


async def reply_status(store: Store, caller: Caller) -> ReplyStatus | None:
    newest, *_ = await store.history.page(caller, limit=10, before=None)
    return newest.status


async def paced(
    store: Store,
    number: str,
    to: Sender | None = None,
    *,
    per_second: float = 1000,
    patience: timedelta = NOW,
) -> float:
    """Return the seconds until a message may leave."""
    place = await store.outbox.pace(
        number, to or store.sender(), per_second=per_second, patience=patience
    )
    return place.wait / SECOND


async def gap(store: Store, number: str) -> float:
    """Return the seconds between two messages, once the number is neither busy nor paused."""
    free = "update whatsapp_numbers set paced_until = 'epoch', paused_until = null"
    await store.owner.execute(f"{free} where phone_number_id = $1", number)
    assert await paced(store, number, per_second=SLOWLY) == 0
    return await paced(store, number, per_second=SLOWLY)


async def refused(
    store: Store, to: Sender, cure: Cure, *, number: str = NUMBER, code: int | None = ANY_CODE
) -> float | None:
    """Refuse what is to be sent to them first; return the seconds until the next try."""
    first, *_ = await store.outbox.unsent(to)
    refusal = None if code is None else SendRefused(code, cure)
    again_in = await store.outbox.refused(first.id, refusal, number)
    return None if again_in is None else again_in / SECOND

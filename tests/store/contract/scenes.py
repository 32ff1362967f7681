"""What people do before a test begins."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bot.errors import Cure
from bot.models import (
    Arrival,
    Avatar,
    Caller,
    Channel,
    Dropped,
    Lease,
    Line,
    Personality,
    Phone,
    Reply,
    ReplyStatus,
    Send,
    Sender,
    StatusReport,
    Turn,
    Update,
    UpdateKind,
    Wamid,
)
from tests.store.contract.stores import Store

HELLO = Reply(text="Hello.", parts=("Hello.",))


def wamid() -> Wamid:
    """An id that no other message has."""
    return Wamid(f"wamid.{uuid4().hex}")


def phone_of(sender: Sender) -> Phone:
    return Phone(f"+{sender.wa_id}")


def arrival(text: str, *, quoted: Wamid | None = None) -> Arrival:
    return Arrival(wamid=wamid(), line=Line(text=text), quoted=quoted)


def message(
    sender: Sender, *, payload: str = "{}", ago: float = 0, key: str | None = None
) -> Update:
    """A message as a delivery brings it. ago: seconds."""
    return Update(
        key=key or f"message:{wamid()}",
        kind=UpdateKind.MESSAGE,
        payload=payload,
        sender=sender,
        sent_at=datetime.now(UTC) - timedelta(seconds=ago),
    )


def report(
    status: ReplyStatus,
    *,
    of: Send | None = None,
    as_: Wamid | None = None,
    code: int | None = None,
    cure: Cure | None = None,
) -> Update:
    """A status as a delivery brings it."""
    sent = as_ or wamid()
    said = StatusReport(
        wamid=sent,
        send_id=of.id if of else None,
        status=status,
        error_code=code,
        error_details=f"({code}) as Meta puts it" if code else None,
        cure=cure,
    )
    key = f"status:{sent}:{status}:1"
    return Update(key=key, kind=UpdateKind.STATUS, payload="{}", report=said)


async def take(store: Store, *updates: Update, wait: float = 0) -> int:
    return await store.inbox.take([(update, timedelta(seconds=wait)) for update in updates])


async def make_avatar(store: Store, caller: Caller, *, name: str = "Mia") -> Avatar:
    return await store.avatars.create(
        caller, name=name, age=27, personality=Personality.SHY, physical_description=None
    )


async def code_for(store: Store, caller: Caller, sender: Sender) -> str:
    return (await store.phone_links.request(caller, phone_of(sender))).code


async def link(store: Store, caller: Caller, sender: Sender) -> None:
    code = await code_for(store, caller, sender)
    assert await store.people.redeem(code, sender, wamid()) == caller.id


async def acquainted(store: Store) -> tuple[Caller, Sender]:
    """Somebody with an avatar and a linked number."""
    caller, sender = await store.person(), store.sender()
    await make_avatar(store, caller)
    await link(store, caller, sender)
    return caller, sender


async def heard(store: Store, caller: Caller, *texts: str) -> Turn:
    """Open a turn about what they wrote on WhatsApp."""
    return await store.turns.open(caller.id, Channel.WHATSAPP, [arrival(text) for text in texts])


async def answered(
    store: Store, caller: Caller, sender: Sender, reply: Reply = HELLO
) -> list[Send]:
    """Store a reply to something they wrote; nothing is sent yet."""
    sends = await store.turns.answer(await heard(store, caller, "Hi."), reply, sender)
    assert not isinstance(sends, Dropped)
    return list(sends)


async def attended(store: Store, sender: Sender) -> Lease:
    """Claim them, whether they wrote or not; nobody else waits any more."""
    mark = "select mark_attention(array[$1], array[interval '0'], interval '0')"
    await store.owner.execute("delete from attention")
    await store.owner.execute(mark, sender.key)
    claimed = await store.attention.claim(worker="w", limit=1, lease=timedelta(minutes=1))
    (lease,) = claimed.leases
    return lease

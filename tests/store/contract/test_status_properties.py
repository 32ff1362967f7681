"""How far a reply has come, whatever order Meta's reports come in, against a model of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Cure
from bot.models import Reply, ReplyStatus, Send, SendId, StatusReport, Update, UpdateKind, Wamid
from tests.store.contract.scenes import acquainted, answered, take
from tests.store.contract.stores import NUMBER, Store
from tests.whatsapp.generated import patiently

pytestmark = pytest.mark.asyncio(loop_scope="package")

UNREACHABLE = 131026  # nothing is tried again by itself
REPORTED = st.sampled_from(["sent", "delivered", "read", "failed"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A report. part: of the reply. by_wamid: it lacks our own id, where we know Meta's."""

    part: int
    status: str
    by_wamid: bool


def furthest(was: str, told: Sequence[str]) -> str:
    """What becomes of a part that one delivery tells these things about: the model."""
    ranks = ["queued", "sending", "sent", "failed", "delivered", "read"]
    if was == "failed":
        return was
    return max([was, *told], key=ranks.index)


def of_all(parts: Sequence[str]) -> str:
    """The status of a reply: the model."""
    ranks = ["queued", "sending", "sent", "delivered", "read"]
    return "failed" if "failed" in parts else min(parts, key=ranks.index)


def report(status: str, wamid: Wamid, send: SendId | None) -> Update:
    failed = status == "failed"
    said = StatusReport(
        wamid=wamid,
        send_id=send,
        status=ReplyStatus(status),
        error_code=UNREACHABLE if failed else None,
        cure=Cure.UNREACHABLE if failed else None,
    )
    key = f"status:{wamid}:{status}:1"
    return Update(key=key, kind=UpdateKind.STATUS, payload="{}", report=said)


TELLINGS = st.builds(Told, part=st.integers(0, 2), status=REPORTED, by_wamid=st.booleans())
DELIVERIES = st.lists(st.lists(TELLINGS, min_size=1, max_size=4), min_size=1, max_size=5)
# A part is sent once the one before it is, so several cannot be queued or sending.
STARTS = st.sampled_from([["queued"], ["sending"], ["sent"], ["sent", "sent"], ["sent"] * 3])


@settings(patiently, max_examples=30)
@given(starts=STARTS, deliveries=DELIVERIES)
async def test_reports_in_any_order_and_company_end_where_the_model_does(
    store_on_postgres: Store, starts: list[str], deliveries: list[list[Told]]
) -> None:
    store, expected = store_on_postgres, list(starts)
    sends = await begun(store, starts)
    wamids = [wamid_of(send) for send in sends]

    for delivery in deliveries:
        told = [one for one in delivery if one.part < len(starts)]
        ids = [
            None if one.by_wamid and starts[one.part] == "sent" else sends[one.part].id
            for one in told
        ]
        reports = zip(told, ids, strict=True)
        await take(store, *(report(one.status, wamids[one.part], id_) for one, id_ in reports))
        for part, was in enumerate(expected):
            expected[part] = furthest(was, [one.status for one in told if one.part == part])

        assert await statuses(store, sends) == (expected, of_all(expected))


@settings(patiently, max_examples=12)
@given(early=st.lists(REPORTED, min_size=1, max_size=3), late=st.lists(REPORTED, max_size=2))
async def test_reports_from_before_our_own_answer_count_once_it_is_there(
    store_on_postgres: Store, early: list[str], late: list[str]
) -> None:
    store = store_on_postgres
    (send,) = await begun(store, ["sending"])
    for status in early:
        await take(store, report(status, wamid_of(send), None))
    before = await statuses(store, [send])

    await store.outbox.sent(send.id, wamid_of(send), NUMBER)

    expected = furthest("sent", early)
    assert before == (["sending"], "sending")
    assert await statuses(store, [send]) == ([expected], expected)
    for status in late:
        await take(store, report(status, wamid_of(send), None))
        expected = furthest(expected, [status])
    assert await statuses(store, [send]) == ([expected], expected)


def wamid_of(send: Send) -> Wamid:
    return Wamid(f"wamid.{send.id}")


async def begun(store: Store, starts: Sequence[str]) -> list[Send]:
    """Bring the parts of a reply to where a test starts."""
    texts = tuple(f"Part {number}." for number in range(len(starts)))
    ada, sender = await acquainted(store)
    sends = await answered(store, ada, sender, Reply(text=" ".join(texts), parts=texts))
    known = [
        wamid_of(send) if start == "sent" else None
        for send, start in zip(sends, starts, strict=True)
    ]
    rows = zip((send.id for send in sends), starts, known, strict=True)
    move = "update outbox set status = $2, wamid = $3 where id = $1"
    await store.owner.executemany(move, rows)
    await store.owner.execute(
        "update messages set status = $2 where id = (select message_id from outbox where id = $1)",
        sends[0].id,
        starts[0],
    )
    return sends


async def statuses(store: Store, sends: Sequence[Send]) -> tuple[list[str], str]:
    rows = await store.owner.fetch(
        "select o.status::text as part, m.status::text as reply"
        " from outbox o join messages m on m.id = o.message_id"
        " where o.id = any ($1) order by o.seq",
        [send.id for send in sends],
    )
    return [row["part"] for row in rows], rows[0]["reply"]

"""What became of every message: what was acknowledged, stored, answered and taken, side by side."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchmarks.crowd import Message
from benchmarks.echo import MESSAGE
from benchmarks.meta import Accepted

if TYPE_CHECKING:  # asyncpg's classes take no parameters when the program runs
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]
    Rows = Sequence[Mapping[str, Any]]

_MESSAGES = (
    "select id::text, user_id::text, role::text, wamid, content, answered_by::text, status::text,"
    " notice_for is not null as is_notice from messages order by user_id, created_at, id"
)
_OUTBOX = "select id::text, message_id::text, status::text, wamid, to_jsonb(o) as o from outbox o"
_WAITING = (
    "select (select count(*) from attention)"
    " + (select count(*) from outbox where status in ('queued', 'sending'))"
)
_TOLD_BEFORE = 1.0  # seconds; a report on its way when the send is repeated does not count
_NOTED_AFTER = 3.0  # seconds in which an answer may not have been stored yet


async def waiting(admin: "Connection") -> int:
    """Return how many people and sends wait."""
    count: int = await admin.fetchval(_WAITING)
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """acknowledged: what was delivered and answered with 200; accepted: what Meta took, in order.

    ends: when each process was killed; away: when the database was.
    """

    acknowledged: Sequence[Message]
    accepted: Sequence[Accepted]
    ends: Mapping[str, Sequence[float]]
    away: Sequence[tuple[float, float]]
    messages: "Rows"
    outbox: "Rows"
    attention: "Rows"
    unhandled: int

    # --- nothing lost ------------------------------------------------------------------------

    def lost(self) -> Iterator[str]:
        """Acknowledged, and not stored, not answered, or the answer was never taken."""
        stored, taken = self._stored(), self._taken_messages()
        for message in self.acknowledged:
            row = stored.get(message.wamid)
            if row is None:
                yield f"{message.name}: not stored"
            elif row["answered_by"] is None:
                yield f"{message.name}: not answered"
            elif row["answered_by"] not in taken:
                yield f"{message.name}: its answer {row['answered_by']} was not taken"

    def left_over(self) -> Iterator[str]:
        """Still in the inbox or in the queue, or on its way."""
        if self.unhandled:
            yield f"{self.unhandled} messages in the inbox"
        yield from (f"waits: {row['a']}" for row in self.attention)
        yield from (
            f"send {row['id']} is {row['status']}"
            for row in self.outbox
            if row["status"] in ("queued", "sending")
        )

    def dead_letters(self) -> Iterator[str]:
        yield from (f"turn: {row['a']}" for row in self.attention if '"dead": true' in row["a"])
        yield from (
            f"send: {row['o']}"
            for row in self.outbox
            if row["status"] == "failed" or '"dead_at": "' in row["o"]
        )

    # --- nothing twice -----------------------------------------------------------------------

    def answered_twice(self) -> Iterator[str]:
        """Named by two different replies that were taken, or in two rows."""
        sends: dict[str, set[str]] = defaultdict(set)
        for accepted in self.accepted:
            for name in MESSAGE.findall(accepted.text):
                sends[name].add(accepted.send_id)
        yield from (f"{name}: by sends {ids}" for name, ids in sends.items() if len(ids) > 1)
        texts = Counter(row["content"] for row in self.messages if _is_reply(row))
        yield from (f"{count} replies: {text}" for text, count in texts.items() if count > 1)

    def repeats(self) -> "tuple[Counter[str], list[str]]":
        """Return how many sends were taken again, by reason, and those without any."""
        reasons: Counter[str] = Counter()
        unexplained = []
        before: dict[str, list[Accepted]] = defaultdict(list)
        for accepted in self.accepted:
            for earlier in before[accepted.send_id]:
                if reason := self._excuse(earlier, accepted):
                    reasons[reason] += 1
                else:
                    unexplained.append(_pair(earlier, accepted))
            before[accepted.send_id].append(accepted)
        return reasons, unexplained

    def _excuse(self, first: Accepted, again: Accepted) -> str | None:
        """Why it could not be known that the *first* was taken."""
        if first.told_at is not None and first.told_at < again.at - _TOLD_BEFORE:
            return None
        if first.fault:
            return str(first.fault)
        until = first.at + _NOTED_AFTER
        away = [ended for began, ended in self.away if began - _NOTED_AFTER < first.at < ended]
        if away:  # what cannot be stored is not known after a kill
            until = away[0] + _NOTED_AFTER
        if any(first.at <= killed <= until for killed in self.ends[first.by]):
            return "process killed before it had stored the answer"
        return "database killed before the answer was on its disk" if away else None

    # --- in order ----------------------------------------------------------------------------

    def out_of_order(self) -> Iterator[str]:
        """Stored in another order than written, or taken in another than stored."""
        by_wamid = {message.wamid: message for message in self.acknowledged}
        for person, rows in self._by_person().items():
            said = [by_wamid[row["wamid"]] for row in rows if row["wamid"] in by_wamid]
            for one, next_one in pairwise(said):
                if one.number > next_one.number:
                    yield f"stored of {person}: {one.name} before {next_one.name}"
        for person, names in self._taken_names().items():
            for name, next_name in pairwise(names):
                if name > next_name:
                    yield f"taken for {person}: {name} before {next_name}"

    def misunderstood(self) -> Iterator[str]:
        """Replies that name other messages than the ones they are stored as the answer to."""
        answers: dict[str, list[str]] = defaultdict(list)
        for row in self.messages:
            if row["role"] == "user" and row["answered_by"]:
                answers[row["answered_by"]] += MESSAGE.findall(row["content"])
        for row in filter(_is_reply, self.messages):
            named = MESSAGE.findall(row["content"])
            if sorted(named) != sorted(answers[row["id"]]):
                yield f"reply {row['id']} names {named} and answers {answers[row['id']]}"

    def unread(self) -> Iterator[str]:
        """Sends whose last report was acknowledged, and could be matched, and did not count."""
        ends = {a.send_id: a for a in self.accepted if "read" in a.reported}
        for row in self.outbox:
            if (accepted := ends.get(row["id"])) is None or row["status"] == "read":
                continue
            if accepted.named or accepted.wamid == row["wamid"]:
                yield f"send {row['id']} is {row['status']}: {accepted}"

    # --- the rows ----------------------------------------------------------------------------

    def _stored(self) -> dict[str, Mapping[str, Any]]:
        return {row["wamid"]: row for row in self.messages if row["wamid"]}

    def _by_person(self) -> "dict[str, list[Mapping[str, Any]]]":
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in self.messages:
            found[row["user_id"]].append(row)
        return found

    def _taken_messages(self) -> set[str]:
        taken = {accepted.send_id for accepted in self.accepted}
        return {row["message_id"] for row in self.outbox if row["id"] in taken}

    def _taken_names(self) -> dict[str, list[str]]:
        """Return for each person what the replies name, in the order in which each came first."""
        found: dict[str, list[str]] = defaultdict(list)
        seen: set[str] = set()
        for accepted in self.accepted:
            if accepted.send_id not in seen:
                seen.add(accepted.send_id)
                found[accepted.to] += MESSAGE.findall(accepted.text)
        return found


async def rows(admin: "Connection") -> "dict[str, Any]":
    """Return what the database says, as the fields of a Ledger."""
    return {
        "messages": await admin.fetch(_MESSAGES),
        "outbox": await admin.fetch(_OUTBOX),
        "attention": await admin.fetch("select to_jsonb(a) as a from attention a"),
        "unhandled": await admin.fetchval(
            "select count(*) from inbox where kind = 'message' and handled_at is null"
        ),
    }


def _is_reply(row: Mapping[str, Any]) -> bool:
    return row["role"] == "assistant" and not row["is_notice"]


def _pair(first: Accepted, again: Accepted) -> str:
    told = "never" if first.told_at is None else f"after {first.told_at - first.at:.1f} s"
    return (
        f"send {first.send_id}: by {first.by}, again after {again.at - first.at:.1f} s by"
        f" {again.by}; reported by id {told}, {first.fault or 'answered'}: {first.text[:80]!r}"
    )

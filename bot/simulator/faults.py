"""Everything that can be made to go wrong, for tests and for the drawer on the page."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Moment = Literal["before", "after"]
Kind = Literal["send", "read"]  # what the bot asked the Graph API for


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The Graph API answers with an error. raw: an answer that is not even JSON (a gateway's)."""

    code: int
    http_status: int | None = None  # None: what Meta uses for this code
    raw: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """The connection breaks, before the message was accepted or after it."""

    moment: Moment


@dataclass(slots=True)
class _Bucket:
    """Meta's limit per pair: bursts of 45, and one more every six seconds."""

    left: float = 45.0
    at: float = field(default_factory=time.monotonic)

    def take(self) -> bool:
        now = time.monotonic()
        self.left = min(45.0, self.left + (now - self.at) / 6)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Faults:
    """Plain attributes take effect at once; ``clear`` puts the good weather back."""

    duplicate: int  # extra copies of every delivery
    shuffle: bool  # updates that come within ``linger_seconds`` leave in another order
    batch: int  # how many updates one delivery may carry
    linger_seconds: float  # how long an update waits for company when batching or shuffling
    delay_seconds: float  # before the first attempt of a delivery
    answer_delay_seconds: float  # before the Graph API answers a send
    skip_delivered: bool  # an open chat reports "read" at once, as Meta may do
    window_hours: float | None  # refuse free-form text (131047) so long after the last message
    pair_rate: bool  # refuse (131056) beyond 45 in a burst, one every six seconds
    allow_list: frozenset[str] | None  # digits; refuse everybody else (131030)

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed: Callable[[], None] = lambda: None
        self.clear()
        self._changed = changed

    def clear(self) -> None:
        """No fault at all; held statuses leave."""
        self.duplicate, self.batch = 0, 1
        self.shuffle = self.skip_delivered = self.pair_rate = False
        self.linger_seconds = 0.1
        self.delay_seconds = self.answer_delay_seconds = 0.0
        self.window_hours, self.allow_list = None, None
        self._planned: dict[Kind, deque[Refusal | Drop]] = {"send": deque(), "read": deque()}
        self._failures: deque[int] = deque()
        self._pairs: dict[str, _Bucket] = {}
        self.hold_statuses = False

    @property
    def hold_statuses(self) -> bool:
        """While true no status leaves; what was held leaves as soon as it is false again."""
        return self._hold_statuses

    @hold_statuses.setter
    def hold_statuses(self, hold: bool) -> None:
        self._hold_statuses = hold
        self._changed()

    def answer(  # every word is a word of the story a test tells
        self,
        code: int,
        *,
        http_status: int | None = None,
        times: int = 1,
        raw: bytes | None = None,
        kind: Kind = "send",
    ) -> None:
        """Refuse the next *times* sends (or read receipts) with Meta's error *code*."""
        refusal = Refusal(code=code, http_status=http_status, raw=raw)
        self._planned[kind].extend([refusal] * times)

    def drop(self, moment: Moment, *, times: int = 1, kind: Kind = "send") -> None:
        """Break the connection of the next *times* sends, before or after accepting them."""
        self._planned[kind].extend([Drop(moment=moment)] * times)

    def fail(self, code: int, *, times: int = 1) -> None:
        """Accept the next *times* sends and report them as failed with *code* afterwards."""
        self._failures.extend([code] * times)

    def next_answer(self, kind: Kind) -> Refusal | Drop | None:
        if not self._planned[kind]:
            return None
        self._changed()
        return self._planned[kind].popleft()

    def next_failure(self) -> int | None:
        return self._failures.popleft() if self._failures else None

    def within_pair_rate(self, chat: str) -> bool:
        return not self.pair_rate or self._pairs.setdefault(chat, _Bucket()).take()

    @property
    def planned(self) -> int:
        """How many answers and failures are still to come."""
        return sum(map(len, self._planned.values())) + len(self._failures)

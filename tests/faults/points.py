"""Where a process is killed: right before or right after each step of a message's way."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self, cast

Moment = Literal["before", "after"]


class Story(StrEnum):
    """What is written first; then the process dies, and "And?" is written to the next one."""

    LETTER = "This is a sentence. " * 205  # the echo of it needs two parts
    HELLO = "Hello."
    CODE = "the code that links the number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """nth: of the times that the step is taken."""

    moment: Moment
    step: str
    nth: int = 1

    def __str__(self) -> str:
        return f"{self.moment}:{self.step}:{self.nth}"

    @classmethod
    def of(cls, word: str) -> Self:
        moment, step, nth = word.split(":")
        return cls(moment=cast("Moment", moment), step=step, nth=int(nth))


class Doubt(StrEnum):
    """What nobody knows who finds a send that is *sending*."""

    NEVER_LEFT = "no status will ever come: the send is repeated"
    TAKEN = "Meta has it, and a status will say so: it is not repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """doubt: what became of a send, as far as the process leaves that open."""

    point: Point
    story: Story
    doubt: Doubt | None

    def __str__(self) -> str:
        return f"{self.point} {self.story.name.lower()}"


# In the order in which they are taken. A step is a function of the store, but for these:
# "claim_due": the claim that leases; "give_back": the one that gives the lease back; "statuses": a
# delivery of them; "show_typing", "model" and "send" are what is asked of Meta and of the model.
STEPS: Sequence[tuple[Story, str, int]] = (
    (Story.HELLO, "take_delivery", 1),
    (Story.HELLO, "claim_due", 1),
    (Story.HELLO, "recognise", 1),
    (Story.HELLO, "open_turn", 1),
    (Story.HELLO, "show_typing", 1),
    (Story.HELLO, "model", 1),
    (Story.HELLO, "pace_sends", 1),
    (Story.HELLO, "store_reply", 1),
    (Story.HELLO, "send", 1),
    (Story.HELLO, "sent_send", 1),
    (Story.LETTER, "pace_sends", 2),
    (Story.LETTER, "begin_send", 1),
    (Story.LETTER, "send", 2),
    (Story.LETTER, "sent_send", 2),
    (Story.HELLO, "give_back", 1),
    (Story.HELLO, "statuses", 1),
    (Story.CODE, "redeem_link_code", 1),
    (Story.CODE, "queue_sends", 1),
    (Story.CODE, "put_aside", 1),
    (Story.CODE, "begin_send", 1),
    (Story.CODE, "send", 1),
    (Story.CODE, "sent_send", 1),
)
_DOUBTS = {
    "after:store_reply": Doubt.NEVER_LEFT,
    "after:begin_send": Doubt.NEVER_LEFT,
    "before:send": Doubt.NEVER_LEFT,
    "after:send": Doubt.TAKEN,
    "before:sent_send": Doubt.TAKEN,
}


def crashes() -> Sequence[Crash]:
    """Return the whole matrix."""
    moments: Sequence[Moment] = ("before", "after")
    points = [
        (Point(moment=moment, step=step, nth=nth), story)
        for story, step, nth in STEPS
        for moment in moments
    ]
    return [
        Crash(point=point, story=story, doubt=_DOUBTS.get(f"{point.moment}:{point.step}"))
        for point, story in points
    ]

"""People who write in bursts, and the deliveries in which Meta brings it: planned by a seed."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

_BURSTS = ((1, 55), (2, 25), (3, 12), (4, 8))  # messages in a row, and how often of a hundred
_LONGEST_PAUSE = 2.5  # seconds within a burst
_SIZES = ((1, 1, 50), (2, 10, 35), (11, 50, 15))  # updates in a delivery, and how often
_TWICE = 0.05  # of the messages come again later; as many deliveries come twice at once
_LATEST_COPY = 15.0  # seconds
_REMARKS = (
    "It rained all morning.",
    "I made soup for dinner.",
    "The train was late again.",
    "My sister came by with her dog.",
    "I finished that book at last.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """at: seconds after the start. Numbers rise with time."""

    number: int
    person: int
    at: float

    @property
    def name(self) -> str:
        return f"m{self.number:05d}"

    @property
    def wamid(self) -> str:
        return f"wamid.chaos{self.number:05d}"

    @property
    def text(self) -> str:
        """Unique, a finished sentence, and nothing that is answered without a model."""
        return f"{self.name} p{self.person:04d} {_REMARKS[self.number % len(_REMARKS)]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one delivery brings. twice: at the same instant to both addresses; copy: again."""

    at: float
    messages: Sequence[Message]
    twice: bool = False
    copy: bool = False


def plan(chance: random.Random, *, people: int, count: int, seconds: float) -> list[Message]:
    """Return *count* messages within about *seconds*."""
    times: list[tuple[float, int]] = []
    while len(times) < count:
        at, person = chance.uniform(0, seconds), chance.randrange(people)
        for _ in range(_weighted(chance, _BURSTS)):
            times.append((at, person))
            at += chance.uniform(0.1, _LONGEST_PAUSE)
    return [
        Message(number=number, person=person, at=at)
        for number, (at, person) in enumerate(sorted(times[:count]))
    ]


def batches(chance: random.Random, messages: Sequence[Message]) -> list[Batch]:
    """Return the deliveries, the repeated ones among them, in the order of their times."""
    found, start = [], 0
    while start < len(messages):
        together = messages[start : start + _size(chance)]
        start += len(together)
        found.append(
            Batch(
                at=together[-1].at,
                messages=_shuffled(chance, together),
                twice=chance.random() < _TWICE,
            )
        )
    return sorted([*found, *_copies(chance, messages)], key=lambda batch: batch.at)


def _copies(chance: random.Random, messages: Sequence[Message]) -> list[Batch]:
    copied = [message for message in messages if chance.random() < _TWICE]
    found = []
    while copied:
        together, copied = copied[: (size := chance.randint(1, 10))], copied[size:]
        at = together[-1].at + chance.uniform(0, _LATEST_COPY)
        found.append(Batch(at=at, messages=_shuffled(chance, together), copy=True))
    return found


def _shuffled(chance: random.Random, messages: Sequence[Message]) -> list[Message]:
    """Return them in any order, but each person's in theirs."""
    theirs: dict[int, list[Message]] = defaultdict(list)
    for message in messages:
        theirs[message.person].append(message)
    order = [message.person for message in messages]
    chance.shuffle(order)
    return [theirs[person].pop(0) for person in order]


def _size(chance: random.Random) -> int:
    number = _weighted(chance, [(n, often) for n, (_, _, often) in enumerate(_SIZES)])
    smallest, largest, _ = _SIZES[number]
    return chance.randint(smallest, largest)


def _weighted(chance: random.Random, choices: Sequence[tuple[int, int]]) -> int:
    values, weights = zip(*choices, strict=True)
    chosen: int = chance.choices(values, weights)[0]
    return chosen

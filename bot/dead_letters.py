"""``python run.py dead``: what was given up, to see, to try again or to drop."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from bot.store.ports import DeadLetters
from bot.upkeep import DeadLetter
from bot.whatsapp.errors import meaning

USAGE = "usage: python run.py dead [list|show ID|replay ID|replay all|drop ID]"

_TURN = "turn"
_DETAILS = "outbox.error_details has Meta's words, which may quote what was sent"
_WINDOW = timedelta(hours=24)  # in which Meta lets us answer

_Answer = TypeVar("_Answer")


class Refused(Exception):
    """Nothing was done; the text says why."""


class Verb(StrEnum):
    """What can be done about a dead letter, or with all of them."""

    LIST = "list"
    SHOW = "show"
    REPLAY = "replay"
    REPLAY_ALL = "replay all"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Order:
    """What an operator wants. letter: an id; empty where it is about all of them."""

    verb: Verb
    letter: str = ""


def order_of(arguments: Sequence[str]) -> Order:
    """Return what the words of a command line ask for, or raise Refused."""
    match list(arguments):
        case [] | [Verb.LIST]:
            return Order(Verb.LIST)
        case [Verb.REPLAY, "all"]:
            return Order(Verb.REPLAY_ALL)
        case [Verb.SHOW | Verb.REPLAY | Verb.DROP as verb, letter]:
            return Order(Verb(verb), letter)
        case _:
            raise Refused(USAGE)


async def carry_out(order: Order, letters: DeadLetters) -> str:
    """Do it, and return what there is to say; raise Refused where there is no such letter."""
    match order.verb:
        case Verb.LIST:
            return _listed(await letters.standing())
        case Verb.SHOW:
            return _shown(_found(order, await letters.find(order.letter)))
        case Verb.REPLAY:
            return _replayed(_found(order, await letters.replay(order.letter)))
        case Verb.REPLAY_ALL:
            return await _replay_all(letters)
        case Verb.DROP:
            _found(order, await letters.drop(order.letter) or None)
            return f"{order.letter} is given up for good."


async def _replay_all(letters: DeadLetters) -> str:
    replayed = [await letters.replay(letter.id) for letter in await letters.standing()]
    silenced = replayed.count(0)
    told = f"Tried again: {len(replayed) - silenced - replayed.count(None)}."
    return f"{told} Left, since they said STOP: {silenced}." if silenced else told


def _found(order: Order, answer: _Answer | None) -> _Answer:
    if answer is None:
        raise Refused(f"There is no dead letter {order.letter}: `python run.py dead` lists them.")
    return answer


# --- what is printed ------------------------------------------------------------------------


def _listed(letters: Sequence[DeadLetter]) -> str:
    if not letters:
        return "There are no dead letters."
    rows = [
        ("ID", "WAITS SINCE (UTC)", "TRIES", "ERROR"),
        *((one.id, _time(one.since), str(one.tries), _error(one)) for one in letters),
    ]
    return "\n".join(f"{row[0]:17}  {row[1]:17}  {row[2]:>5}  {row[3]}" for row in rows)


def _shown(letter: DeadLetter) -> str:
    return "\n".join([letter.id, *(f"  {name:12} {value}" for name, value in _facts(letter))])


def _facts(letter: DeadLetter) -> Iterator[tuple[str, str]]:
    """Yield what helps to decide: never what was said, nor to whom."""
    is_turn = letter.what == _TURN
    yield "what", f"{letter.what} ({letter.channel}{_addressed(letter)})"
    yield "waits since", f"{_time(letter.since)} UTC"
    if letter.dead_at:
        yield "given up", f"{_time(letter.dead_at)} UTC"
    yield "tries", str(letter.tries)
    yield "error", _error(letter)
    if letter.code is not None:
        yield "details", _DETAILS
    yield "messages", f"{letter.messages} {'unanswered' if is_turn else 'to be sent'}"
    if letter.heard_at:
        is_open = datetime.now(UTC) - letter.heard_at < _WINDOW
        until = "not over" if is_open else "over: Meta takes templates only"
        yield "heard of", f"{_time(letter.heard_at)} UTC; their 24 hours are {until}"
    if letter.is_silenced:
        yield "silenced", "they said STOP: a replay sends nothing"


def _addressed(letter: DeadLetter) -> str:
    return f", number ends in {letter.digits}" if letter.digits else ""


def _replayed(count: int) -> str:
    if count == 0:
        raise Refused("They have said STOP, so nothing is sent: drop it, or wait for their START.")
    return "It is tried again, within seconds."


def _error(letter: DeadLetter) -> str:
    if letter.code is None:
        return letter.error or "unknown"
    return f"{letter.code}: {meaning(letter.code)}"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"

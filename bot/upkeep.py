"""What operators look at, and what they have to see to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.models import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """How much there is to do, for all processes together."""

    waiting: int  # conversations, as far as 10,000
    oldest_waiting: timedelta  # of those who are due for the first time, or the second
    longest_waiting: timedelta  # whatever was tried for them already
    unsent: int  # replies, as far as 10,000
    dead_letters: int
    parked: int  # statuses of something that is not known yet


class AlarmName(StrEnum):
    """What an operator must see to; Ava goes on as far as it can."""

    SENDING_STOPPED = "sending_stopped"
    SERVICE_MESSAGE_ALLOWANCE = "service_message_allowance"
    DEAD_LETTERS = "dead_letters"
    QUEUE_WAITING = "queue_waiting"
    MODEL_DOWN = "model_down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One that stands since then.

    figure: Meta's error code, the percent of the allowance, how many letters, the seconds, or
    how many wait (as far as 1,000).
    """

    name: AlarmName
    figure: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmChange:
    """It was raised or cured, which is this process's to tell. told: who knows it already."""

    alarm: Alarm
    is_cured: bool
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A turn or a send that was given up. Nothing in it says who it is about, its id neither.

    what: ``turn``, or what was to be sent: ``reply``, ``invitation`` … since: when the first of
    what waits came, or was to be sent. error: a class of ours. code: Meta's. digits: the number's
    last two. messages: what they wrote that nobody answered; of a send, those that a
    replay sends. heard_at: by Meta's clock.
    """

    id: str
    what: str
    channel: Channel
    since: datetime
    dead_at: datetime | None
    tries: int
    error: str | None
    code: int | None
    digits: str | None
    messages: int
    heard_at: datetime | None
    is_silenced: bool

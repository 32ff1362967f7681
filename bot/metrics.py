"""What this process has done so far, as Prometheus reads it."""

import functools
from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from bot.upkeep import QueueFigures
from bot.whatsapp.errors import is_known

# Seconds: from checking a signature to the slowest model.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """One for each process, on a registry of its own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._deliveries = Counter(
            "ava_deliveries", "Deliveries that were stored.", registry=registry
        )
        updates = Counter("ava_updates", "Updates in them, by kind.", ["kind"], registry=registry)
        self._turns = Counter(
            "ava_turns", "Turns, by how they ended.", ["outcome", "channel"], registry=registry
        )
        steps = Histogram(
            "ava_step_seconds",
            "How long a step of a delivery or a turn took.",
            ["work", "step"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._sends = Counter(
            "ava_sends",
            "Attempts to send, by how they ended and Meta's error code; failed: after it was sent.",
            ["outcome", "code"],
            registry=registry,
        )
        self._tokens = Counter(
            "ava_model_tokens", "What the language model charged for.", ["kind"], registry=registry
        )
        self._updates = functools.cache(updates.labels)  # a tenth of the time
        self._step = functools.cache(steps.labels)

    def delivered(self, updates: Mapping[str, int], milliseconds: Mapping[str, float]) -> None:
        """Count a delivery; *updates*: how many, by kind. milliseconds: by step."""
        self._deliveries.inc()
        for kind, count in updates.items():
            self._updates(kind).inc(count)
        self._timed("delivery", milliseconds)

    def turned(self, outcome: str, channel: str, milliseconds: Mapping[str, float]) -> None:
        self._turns.labels(outcome, channel).inc()
        self._timed("turn", milliseconds)

    def sent(self, outcome: str, code: int | None) -> None:
        """Count an attempt, or what Meta says of it later. Unknown codes count as one."""
        self._sends.labels(outcome, _label(code)).inc()

    def spent(self, prompt: int, completion: int) -> None:
        """Count tokens of the language model."""
        self._tokens.labels("prompt").inc(prompt)
        self._tokens.labels("completion").inc(completion)

    def exposition(self, queue: QueueFigures | None = None) -> bytes:
        """Return everything as text, with the queue as far as the store could say."""
        return generate_latest(self._registry) + generate_latest(_of_the_store(queue))

    def _timed(self, work: str, milliseconds: Mapping[str, float]) -> None:
        for step, spent in milliseconds.items():
            self._step(work, step).observe(spent / 1000)


def _label(code: int | None) -> str:
    if code is None:
        return ""
    return str(code) if is_known(code) else "other"


def _of_the_store(queue: QueueFigures | None) -> CollectorRegistry:
    """Return what all processes share; nothing stale is shown while the store is away."""
    registry = CollectorRegistry()
    reachable = Gauge("ava_store_reachable", "1: the store answered.", registry=registry)
    reachable.set(queue is not None)
    if queue is not None:
        for name, about, value in _shown(queue):
            Gauge(name, about, registry=registry).set(value)
    return registry


def _shown(queue: QueueFigures) -> tuple[tuple[str, str, float], ...]:
    oldest, longest = queue.oldest_waiting.total_seconds(), queue.longest_waiting.total_seconds()
    return (
        ("ava_queue_depth", "Conversations that wait for something.", queue.waiting),
        ("ava_queue_oldest_seconds", "How long the next in line waits already.", oldest),
        ("ava_queue_longest_seconds", "How long anybody waits, also for another try.", longest),
        ("ava_outbox_unsent", "Replies that are still to be sent.", queue.unsent),
        ("ava_dead_letters", "What was given up and waits for an operator.", queue.dead_letters),
        ("ava_parked_statuses", "Statuses of something that is not known yet.", queue.parked),
    )

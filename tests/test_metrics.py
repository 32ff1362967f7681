"""What Prometheus reads of a process."""

from datetime import timedelta

from bot.metrics import Metrics
from bot.upkeep import QueueFigures


def shown(metrics: Metrics, queue: QueueFigures | None = None) -> set[str]:
    return set(metrics.exposition(queue).decode().splitlines())


def test_what_happens_is_counted() -> None:
    metrics = Metrics()

    metrics.delivered({"message": 2, "status": 1}, {"read": 0.1, "store": 2.0})
    metrics.delivered({"message": 1}, {"read": 0.1})
    metrics.turned("answered", "whatsapp", {"model": 900.0})
    metrics.sent("sent", None)
    metrics.sent("refused", 131056)
    metrics.spent(700, 42)

    assert {
        "ava_deliveries_total 2.0",
        'ava_updates_total{kind="message"} 3.0',
        'ava_updates_total{kind="status"} 1.0',
        'ava_step_seconds_count{step="read",work="delivery"} 2.0',
        'ava_step_seconds_count{step="model",work="turn"} 1.0',
        'ava_turns_total{channel="whatsapp",outcome="answered"} 1.0',
        'ava_sends_total{code="",outcome="sent"} 1.0',
        'ava_sends_total{code="131056",outcome="refused"} 1.0',
        'ava_model_tokens_total{kind="prompt"} 700.0',
        'ava_model_tokens_total{kind="completion"} 42.0',
    } <= shown(metrics)


def test_codes_that_nobody_knows_are_one_series() -> None:
    metrics = Metrics()

    for code in (200, 131026, 999_999, 888_888):
        metrics.sent("failed", code)

    counted = {line for line in shown(metrics) if line.startswith("ava_sends_total")}
    assert counted == {
        'ava_sends_total{code="200",outcome="failed"} 1.0',
        'ava_sends_total{code="131026",outcome="failed"} 1.0',
        'ava_sends_total{code="other",outcome="failed"} 2.0',
    }


def test_two_of_them_share_nothing() -> None:
    one, other = Metrics(), Metrics()

    one.delivered({}, {})

    assert "ava_deliveries_total 0.0" in shown(other)


def test_the_queue_is_shown_as_far_as_it_is_known() -> None:
    metrics = Metrics()
    queue = QueueFigures(
        waiting=3,
        oldest_waiting=timedelta(seconds=1.5),
        longest_waiting=timedelta(minutes=2),
        unsent=2,
        dead_letters=1,
        parked=4,
    )

    assert {
        "ava_store_reachable 1.0",
        "ava_queue_depth 3.0",
        "ava_queue_oldest_seconds 1.5",
        "ava_queue_longest_seconds 120.0",
        "ava_outbox_unsent 2.0",
        "ava_dead_letters 1.0",
        "ava_parked_statuses 4.0",
    } <= shown(metrics, queue)
    without = shown(metrics)
    assert "ava_store_reachable 0.0" in without
    assert not [line for line in without if line.startswith("ava_queue")]

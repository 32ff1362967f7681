"""Figures from measurements, and how they are shown."""

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Sequence

from bot.store.embedded import EmbeddedPostgres


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that *percent* of *values* do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def milliseconds(values: Sequence[float], *, digits: int = 1) -> str:
    """Return p50 / p99 of *values* (seconds)."""
    p50, p99 = percentile(values, 50) * 1000, percentile(values, 99) * 1000
    return f"{p50:.{digits}f} / {p99:.{digits}f}"


def median(values: Sequence[float]) -> float:
    """Return the median; the box may be busy in some of the rounds."""
    return statistics.median(values)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def machine(server: EmbeddedPostgres) -> None:
    """Print where this is measured."""
    version = subprocess.run(
        [server.program("postgres"), "--version"], capture_output=True, text=True, check=True
    )
    print(
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}),"
        f" Python {platform.python_version()}, {version.stdout.strip()};"
        f" a million additions take {_speed() * 1000:.0f} ms\n"
    )


def verdict(target: str, *, met: bool) -> None:
    """Print whether a target is met."""
    print(f"{'met' if met else 'MISSED'}: {target}\n")


def _speed() -> float:
    """Return the seconds of work that never changes: how busy or slow the machine is right now."""
    began, total = time.perf_counter(), 0
    for number in range(1_000_000):
        total += number
    return time.perf_counter() - began

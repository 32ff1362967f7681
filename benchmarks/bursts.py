"""Three times as many deliveries for ten seconds: how long one waits, and when all is as before.

Deliveries come when they are due, not when Ava has time for them (an open loop): a wait counts from
then. First a burst that one process just about carries, then one that is too much for it.

python -m benchmarks.bursts
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

from benchmarks import deliveries, figures, people, surroundings
from benchmarks.load import Timetable, send, send_on_time

_SENDERS = 50_000
_PROBE = 6_000  # deliveries, to see how many one process acknowledges
_SHARES = 0.25, 0.5  # of that, before and after the burst
_BURST = 3  # times as many
_BEFORE, _DURING = 5.0, 10.0  # seconds
_LOOKS = 0.02  # seconds between two looks at the backlog
# Meta's own: half of the deliveries within 250 ms, less than one in a hundred above a second.
_TYPICAL, _LATE = 0.250, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Burst:
    """rate: deliveries a second before and after; after: seconds that it was looked at."""

    rate: float
    after: float
    timetable: Timetable

    @property
    def during(self) -> list[float]:
        return self.timetable.waits(_BEFORE, _BEFORE + _DURING)

    @property
    def drained(self) -> float:
        """Seconds after the burst until no more was unanswered than is usual before it."""
        usual = max(self.timetable.backlog(step * _LOOKS) for step in range(int(_BEFORE / _LOOKS)))
        moment = end = _BEFORE + _DURING
        while self.timetable.backlog(moment) > usual:
            moment += _LOOKS
        return moment - end


async def measure(shares: Sequence[float] = _SHARES) -> None:
    """Print the waits before, during and after a burst at each of *shares*."""
    port, nobody = surroundings.free_ports(2)
    with surroundings.durable_postgres() as server, surroundings.scratch() as logs:
        figures.machine(server)
        url = await surroundings.migrated_database(server, "ava")
        environment = surroundings.production(url, port, worker=False, graph_port=nobody)
        async with (
            surroundings.connected(server.dsn("ava")) as admin,
            surroundings.program(
                surroundings.AVA, port=port, log=logs / "ava.log", environment=environment
            ),
        ):
            await people.link(admin, count=_SENDERS)
            most = await _most(port)
            bursts = {share: await _burst(port, share * most, share) for share in shares}
            stored = await admin.fetchval("select count(*) from inbox")
    sent = 2 * _PROBE + sum(len(burst.timetable.answered) for burst in bursts.values())
    print(f"One process acknowledges {most:,.0f} deliveries a second, 32 at a time.\n")
    for share, burst in bursts.items():
        _show(share, burst)
    figures.verdict(f"{sent:,} acknowledged, {stored:,} stored", met=sent == stored)


async def _most(port: int) -> float:
    rates = [
        (await send(deliveries.single_texts(_PROBE, senders=_SENDERS), port=port)).rate
        for _ in range(2)  # the first is a warm-up
    ]
    return rates[1]


async def _burst(port: int, rate: float, share: float) -> _Burst:
    """Leave enough time afterwards for what one process has to catch up with, and as much again."""
    overload = max(0.0, _BURST * share - 1) * _DURING / (1 - share)
    after = 5.0 + 2 * overload
    times = _times(rate, after)
    requests = deliveries.single_texts(len(times), senders=_SENDERS)
    timetable = await send_on_time(list(zip(times, requests, strict=True)), port=port)
    return _Burst(rate=rate, after=after, timetable=timetable)


def _times(rate: float, after: float) -> list[float]:
    """Return when each delivery is due, in seconds."""
    parts = (
        (0.0, _BEFORE, rate),
        (_BEFORE, _DURING, _BURST * rate),
        (_BEFORE + _DURING, after, rate),
    )
    return [
        start + number / often
        for start, seconds, often in parts
        for number in range(int(seconds * often))
    ]


def _show(share: float, burst: _Burst) -> None:
    end = _BEFORE + _DURING
    timetable = burst.timetable
    rows = [
        ("before", f"{burst.rate:,.0f}", figures.milliseconds(timetable.waits(1.0, _BEFORE))),
        ("burst", f"{_BURST * burst.rate:,.0f}", figures.milliseconds(burst.during)),
        (
            f"{burst.after:.0f} s after",
            f"{burst.rate:,.0f}",
            figures.milliseconds(timetable.waits(end, end + burst.after)),
        ),
    ]
    figures.table((f"{share:.0%} of that", "deliveries/s", "p50 / p99 ms"), rows)
    print(
        f"The backlog, {timetable.backlog(end):,} at the end of the burst, was gone after"
        f" {burst.drained:.1f} s; the generator was busy {timetable.own_share:.0%} of the time."
    )
    if share * _BURST < 1:
        _judge(burst.during)
    print()


def _judge(waits: Sequence[float]) -> None:
    p50, p99 = (figures.percentile(waits, percent) for percent in (50, 99))
    figures.verdict(
        f"p50 {p50 * 1000:.0f} ms and p99 {p99 * 1000:.0f} ms in the burst; at most 250 ms and 1 s",
        met=p50 <= _TYPICAL and p99 <= _LATE,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shares", type=float, nargs="+", default=_SHARES, help="of what one process acknowledges"
    )
    uvloop.run(measure(parser.parse_args().shares))

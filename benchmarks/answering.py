"""From a delivery to the call that sends the answer: what Ava itself adds to the model's time.

python -m benchmarks.answering
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

from benchmarks import deliveries, figures, people, surroundings
from benchmarks.graph import Graph
from benchmarks.load import send

_PEOPLE = 50
_WARM_UP = 30  # messages
_TARGET = 0.015  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """When things happened, in seconds after the delivery was sent."""

    acknowledged: float
    typing: float
    sent: float


async def measure(count: int) -> None:
    """Print the times of *count* messages, one at a time."""
    port, graph_port = surroundings.free_ports(2)
    with surroundings.durable_postgres() as server, surroundings.scratch() as logs:
        figures.machine(server)
        url = await surroundings.migrated_database(server, "ava")
        async with (
            surroundings.connected(server.dsn("ava")) as admin,
            Graph().listening(graph_port) as graph,
        ):
            await people.link(admin, count=_PEOPLE)
            await people.give_avatars(admin, count=_PEOPLE)
            environment = surroundings.production(url, port, worker=True, graph_port=graph_port)
            async with surroundings.program(
                *("-m", "benchmarks.ava_at_once"),
                port=port,
                log=logs / "ava.log",
                environment=environment,
            ):
                await _answers(graph, port, _WARM_UP)
                answers = await _answers(graph, port, count)
    _show(answers)


async def _answers(graph: Graph, port: int, count: int) -> list[_Answer]:
    found = []
    for number in range(count):
        delivery = deliveries.of_texts([deliveries.text(number % _PEOPLE)])
        graph.said.clear()
        began = time.perf_counter()
        load = await send([delivery], port=port, connections=1)
        async with asyncio.timeout(10):
            await graph.said.wait()
        found.append(
            _Answer(
                acknowledged=load.waits[0],
                typing=graph.typing_at - began,
                sent=graph.text_at - began,
            )
        )
        await asyncio.sleep(0.02)  # Ava comes to rest
    return found


def _show(answers: Sequence[_Answer]) -> None:
    sent = [answer.sent for answer in answers]
    rows = [
        ("acknowledged", figures.milliseconds([answer.acknowledged for answer in answers])),
        ("read and typing shown", figures.milliseconds([answer.typing for answer in answers])),
        ("answer sent", figures.milliseconds(sent)),
    ]
    figures.table(("after the delivery", "p50 / p99 ms"), rows)
    took = figures.percentile(sent, 50)
    figures.verdict(
        f"{took * 1000:.1f} ms from delivery to answer; at most 15 ms", met=took <= _TARGET
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="messages")
    uvloop.run(measure(parser.parse_args().count))

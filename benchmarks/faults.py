"""A process is killed right before and right after each step of a message's way; another goes on.

python -m benchmarks.faults

Real processes and SIGKILL. Each message has to be stored, answered and sent once, and in order.
Exits with 1 when anything is missed.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import uvloop

from benchmarks import figures, surroundings
from bot.store.embedded import EmbeddedPostgres
from tests.ava import ava_in
from tests.databases import Databases
from tests.faults.dynos import PATIENT, RealDyno
from tests.faults.points import STEPS, Crash, crashes
from tests.faults.stage import Stage
from tests.homes import Home


async def measure() -> bool:
    """Print the whole matrix; return whether all of it is as it has to be."""
    with surroundings.durable_postgres() as server:
        figures.machine(server)
        async with _stage(server) as stage:
            found = [(crash, await _findings(stage, crash)) for crash in crashes()]
    wrong = [(crash, findings) for crash, findings in found if findings]
    _show(found)
    for crash, findings in wrong:
        print(f"    {crash}: {'; '.join(findings)}")
    killed = f"killed {len(found)} times, {len(wrong)} of them with a consequence; at most 0"
    figures.verdict(killed, met=not wrong)
    return not wrong


async def _findings(stage: Stage, crash: Crash) -> Sequence[str]:
    try:
        return await stage.play(crash)
    except TimeoutError:
        return ["the step was never taken"]


@asynccontextmanager
async def _stage(server: EmbeddedPostgres) -> AsyncIterator[Stage]:
    databases = await asyncio.to_thread(Databases, server)  # it has a loop of its own
    home = Home(databases=databases, owner_url=await surroundings.migrated_database(server, "ava"))
    async with ava_in(home) as ava, surroundings.connected(home.owner_url) as owner:
        await ava.stop()
        stage = Stage(
            ava=ava,
            owner=owner,
            another=lambda outcome: RealDyno(ava.environment(), outcome),
            dyno=RealDyno(ava.environment(), PATIENT),
        )
        await stage.dyno.start()
        yield stage
        await stage.dyno.close()
    await asyncio.to_thread(databases.close)


def _show(found: Sequence[tuple[Crash, Sequence[str]]]) -> None:
    verdicts = ["MISSED" if findings else "met" for _, findings in found]
    rows = [
        (f"{step}, {nth}. time" if nth > 1 else step, story.name.lower(), before, after)
        for (story, step, nth), before, after in zip(
            STEPS, verdicts[::2], verdicts[1::2], strict=True
        )
    ]
    figures.table(("step", "what is written", "killed before", "killed after"), rows)
    print()


if __name__ == "__main__":
    sys.exit(not uvloop.run(measure()))

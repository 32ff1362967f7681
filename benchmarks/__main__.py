"""Every measurement, one after the other.

python -m benchmarks [--pywa PYTHON]
"""

import argparse

import uvloop

from benchmarks import (
    acknowledgement,
    answering,
    bursts,
    chaos,
    drain,
    faults,
    growth,
    homes,
    lookup,
    signing_in,
    soak,
    start,
    statements,
    thousand,
    workers,
)


async def measure(pywa: str | None) -> None:
    """Print them all."""
    await acknowledgement.measure(pywa=pywa, rounds=7, size=5_000)
    await bursts.measure()
    await thousand.measure()
    await answering.measure(500)
    await statements.measure(200)
    await workers.measure(2_000)
    await lookup.measure()
    await growth.measure(100_000, 1_000_000)
    await start.measure(10_000)
    await homes.measure(1_000)
    await signing_in.measure(400)
    await drain.measure()
    await faults.measure()
    await soak.measure(minutes=2, rate=10)
    await chaos.measure(chaos.Sizes(messages=500))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pywa", metavar="PYTHON", help="a Python that has pywa and fastapi")
    uvloop.run(measure(parser.parse_args().pywa))

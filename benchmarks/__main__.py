"""Every measurement, one after the other.

python -m benchmarks [--pywa PYTHON]
"""

import argparse

import uvloop

from benchmarks import (
    acknowledgement,
    answering,
    homes,
    lookup,
    signing_in,
    start,
    thousand,
)


async def measure(pywa: str | None) -> None:
    """Print them all."""
    await acknowledgement.measure(pywa=pywa, rounds=7, size=5_000)
    await thousand.measure()
    await answering.measure(500)
    await lookup.measure()
    await start.measure(10_000)
    await homes.measure(1_000)
    await signing_in.measure(400)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pywa", metavar="PYTHON", help="a Python that has pywa and fastapi")
    uvloop.run(measure(parser.parse_args().pywa))

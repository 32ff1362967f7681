"""A process dies right before and right after each step, another one goes on, and it does not show.

Here the processes share one with the tests; with real ones it is ``python -m benchmarks.faults``.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from tests.faults.dynos import PATIENT, RealDyno
from tests.faults.points import Crash, Doubt, crashes
from tests.faults.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")

AFTER_META_TOOK_IT = next(crash for crash in crashes() if crash.doubt is Doubt.TAKEN)


@pytest.mark.parametrize("crash", crashes(), ids=str)
async def test_everything_is_stored_answered_and_sent_once_and_in_order(
    stage: Stage, crash: Crash
) -> None:
    assert await stage.play(crash) == []


@pytest_asyncio.fixture(loop_scope="package")
async def real_stage(stage: Stage) -> AsyncIterator[Stage]:
    await stage.dyno.close()
    environment = stage.ava.environment()
    real = replace(
        stage,
        another=lambda outcome: RealDyno(environment, outcome),
        dyno=RealDyno(environment, PATIENT),
    )
    await real.dyno.start()
    yield real
    await real.dyno.close()
    await stage.start_another()


async def test_a_process_of_its_own_that_is_killed_is_no_different(real_stage: Stage) -> None:
    assert await real_stage.play(AFTER_META_TOOK_IT) == []

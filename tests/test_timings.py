"""How long steps took."""

import pytest

from bot.timings import Timings


def test_a_step_that_comes_again_is_added_up_in_its_place() -> None:
    timings = Timings()

    for step in ("read", "store", "read"):
        with timings.step(step):
            pass

    milliseconds = timings.milliseconds()
    assert list(milliseconds) == ["read", "store"]
    assert all(0 <= spent < 1000 for spent in milliseconds.values())


def test_a_step_counts_whatever_its_end() -> None:
    timings = Timings()

    with pytest.raises(ValueError, match="broken"), timings.step("parse"):
        raise ValueError("broken")

    assert "parse" in timings.milliseconds()


def test_laps_count_from_one_to_the_next() -> None:
    timings = Timings()

    timings.lap("read")
    timings.lap("store")

    assert list(timings.milliseconds()) == ["read", "store"]

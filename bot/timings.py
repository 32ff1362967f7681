"""How long each step of something took."""

from time import perf_counter_ns


class Timings:
    """Adds up milliseconds by step."""

    __slots__ = ("_lap", "_nanoseconds")

    def __init__(self) -> None:
        self._nanoseconds: dict[str, int] = {}
        self._lap = perf_counter_ns()

    def lap(self, name: str) -> None:
        """Count what went by since the last lap, or the beginning; a fraction of what a step costs.

        For steps that follow each other, and end only well.
        """
        now = perf_counter_ns()
        self._nanoseconds[name] = self._nanoseconds.get(name, 0) + now - self._lap
        self._lap = now

    def step(self, name: str) -> "_Step":
        """Time what happens inside, whatever its end. A step may come again."""
        return _Step(self._nanoseconds, name)

    def milliseconds(self) -> dict[str, float]:
        """Return them by step, in the order in which the steps first ended."""
        return {step: round(spent / 1e6, 3) for step, spent in self._nanoseconds.items()}


class _Step:
    __slots__ = ("_began", "_name", "_nanoseconds")

    def __init__(self, nanoseconds: dict[str, int], name: str) -> None:
        self._nanoseconds = nanoseconds
        self._name = name

    def __enter__(self) -> None:
        self._began = perf_counter_ns()

    def __exit__(self, *_: object) -> None:
        spent = perf_counter_ns() - self._began
        self._nanoseconds[self._name] = self._nanoseconds.get(self._name, 0) + spent

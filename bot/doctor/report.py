"""What was found, as text for a terminal or a pipe."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bot.doctor.findings import Level, Subject

_MARKS = {Level.OK: "✓", Level.WARNING: "!", Level.FAILED: "✗"}
_PLAIN_MARKS = {Level.OK: "+", Level.WARNING: "!", Level.FAILED: "x"}


def text(subjects: Sequence[Subject], *, encoding: str | None) -> str:
    """Return one line for each finding, below its subject, and the verdict in the last line."""
    marks = _MARKS if _can_say("".join(_MARKS.values()), encoding) else _PLAIN_MARKS
    lines = [
        line
        for subject in subjects
        for line in (
            subject.title,
            *(f"  {marks[finding.level]} {finding.text}" for finding in subject.findings),
            "",
        )
    ]
    return "\n".join([*lines, _verdict(subjects)])


def exit_code(subjects: Sequence[Subject]) -> int:
    return 1 if Level.FAILED in _levels(subjects) else 0


def _verdict(subjects: Sequence[Subject]) -> str:
    counted = Counter(_levels(subjects))
    warnings = f"{counted[Level.WARNING]} to look at" if counted[Level.WARNING] else ""
    if counted[Level.FAILED]:
        return f"Not well: {counted[Level.FAILED]} failed" + (warnings and f", {warnings}") + "."
    return f"Well, with {warnings}." if warnings else "All is well."


def _levels(subjects: Sequence[Subject]) -> Iterator[Level]:
    return (finding.level for subject in subjects for finding in subject.findings)


def _can_say(characters: str, encoding: str | None) -> bool:
    try:
        characters.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True

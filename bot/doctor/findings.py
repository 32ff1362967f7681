"""What an examination finds."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """How bad it is; WARNING: Ava works, though perhaps not as meant."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence for the operator; unless all is well it says what to do."""

    level: Level
    text: str


Findings = AsyncIterator[Finding]


class Halted(Exception):
    """Nothing more can be found about a subject; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything found about one thing."""

    title: str
    findings: Sequence[Finding]


def ok(text: str) -> Finding:
    return Finding(Level.OK, text)


def warning(text: str) -> Finding:
    return Finding(Level.WARNING, text)


def failed(text: str) -> Finding:
    return Finding(Level.FAILED, text)

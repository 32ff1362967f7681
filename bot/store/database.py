"""The one way to data: functions of the migrations, called for the bot or for a person.

Two transports do it, ``postgres`` and ``supabase``, so that every rule is written once, in SQL.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from bot.errors import (
    Conflict,
    Fault,
    Invalid,
    NotSignedIn,
    StoreRejected,
    StoreUnavailable,
)
from bot.models import Caller


class Database(Protocol):
    """Calls a function by the names of its parameters, without their ``p_``.

    Arguments: None, bool, int, float, str, UUID, datetime, timedelta, lists of those, and what JSON
    can say where a parameter is jsonb. Answers: what JSON makes of the result, on either way; a set
    is a list. Both raise StoreUnavailable, StoreRejected and, for a rule in the schema, RuleBroken.
    """

    async def as_bot(self, function: str, /, **arguments: object) -> Any:  # noqa: ANN401 - any JSON
        """Call it as ``service_role``."""

    async def as_person(self, caller: Caller, function: str, /, **arguments: object) -> Any:  # noqa: ANN401
        """Call it under row-level security as the one who asks. Raise NotSignedIn, Forbidden."""

    def woken(self) -> AsyncIterator[None]:
        """Yield whenever another process calls; may miss calls, so poll as well."""

    @property
    def name(self) -> str:
        """By which this process knows its own calls to the others."""


class RolledBack(StoreUnavailable):
    """The database gave this call up in favour of another one; once more, and it may pass."""


class Denied(StoreRejected):
    """The role may not do this: a GRANT is missing, or a policy stands against it."""


class SchemaBehind(StoreRejected):
    """The database lacks something that the code asks for: a migration is missing."""


class RuleBroken(StoreRejected):
    """A constraint stands against it. rule: its name, as far as the database told."""

    def __init__(self, sqlstate: str, rule: str) -> None:
        super().__init__(f"{sqlstate} {rule}")
        self.sqlstate = sqlstate
        self.rule = rule


async def twice_if_rolled_back(ask: Callable[[], Awaitable[object]]) -> object:
    """Return what *ask* returns, which must be one transaction."""
    try:
        return await ask()
    except RolledBack:
        return await ask()


@contextmanager
def constraints(taken: str) -> Iterator[None]:
    """Say which rule of the database was broken; *taken* is what a duplicate means here."""
    try:
        yield
    except RuleBroken as broken:
        match broken.sqlstate:
            case "23505":
                raise Conflict(taken) from broken
            case "23514":
                field = broken.rule.removeprefix("avatars_").removeprefix("oldest_")
                field = field.removesuffix("_check")
                raise Invalid([Fault(field, "The database refuses this value.")]) from broken
            case "23503":  # a token may outlive its account; then nothing can belong to it
                raise NotSignedIn from broken
            case _:
                raise

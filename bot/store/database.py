"""The one way to data: functions of the migrations, called for the bot or for a person.

Two transports do it, ``postgres`` and ``supabase``, so that every rule is written once, in SQL.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Protocol

from bot.errors import (
    AvaError,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    NotSignedIn,
    StoreRejected,
    StoreTimeout,
    StoreUnavailable,
    TooMany,
)
from bot.models import Caller

_TOO_MANY = "PT429"  # a SQLSTATE that PostgREST answers as 429; its DETAIL: seconds to wait

_REFUSED = "The database refuses this value."


class Database(Protocol):
    """Calls a function by the names of its parameters, without their ``p_``.

    Arguments: None, bool, int, float, str, UUID, datetime, timedelta, lists of those, and what JSON
    can say where a parameter is jsonb. Answers: what JSON makes of the result, on either way; a set
    is a list. Both raise StoreUnavailable; what is refused depends on who asked.
    """

    async def as_bot(self, function: str, /, **arguments: object) -> Any:  # noqa: ANN401 - any JSON
        """Call it as ``service_role``. Raise StoreRejected and, for a rule, RuleBroken."""

    async def as_person(self, caller: Caller, function: str, /, **arguments: object) -> Any:  # noqa: ANN401
        """Call it under row-level security as the one who asks.

        Raise NotSignedIn, Forbidden, Invalid, Conflict, TooMany; StoreRejected where it is not
        their fault.
        """

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


class ValueRefused(StoreRejected):
    """A value is not what its type allows, or a function will not have it."""


class RuleBroken(StoreRejected):
    """A constraint stands against it. rule: its name, as far as the database told."""

    def __init__(self, sqlstate: str, rule: str) -> None:
        super().__init__(f"{sqlstate} {rule}")
        self.sqlstate = sqlstate
        self.rule = rule


# By how a SQLSTATE begins; the first that fits counts.
_MEANINGS: tuple[tuple[tuple[str, ...], type[StoreUnavailable | StoreRejected]], ...] = (
    (("40001", "40P01"), RolledBack),
    (("55P03", "57014"), StoreTimeout),
    (("08", "53", "57", "40", "25006"), StoreUnavailable),  # asking again may cure them
    (("42501",), Denied),
    (("22", "P0001"), ValueRefused),
    (("42P01", "42703", "42704", "42883"), SchemaBehind),  # table, column, type, function
)


def refusal(sqlstate: str, *, rule: str, detail: str) -> AvaError:
    """Return what a SQLSTATE means. rule: the name of the constraint, where there is one."""
    if sqlstate == _TOO_MANY:
        return TooMany(timedelta(seconds=float(detail or 0)))
    if sqlstate.startswith("23"):
        return RuleBroken(sqlstate, rule)
    meanings = (kind for begins, kind in _MEANINGS if sqlstate.startswith(begins))
    return next(meanings, StoreRejected)(sqlstate)


async def twice_if_rolled_back(ask: Callable[[], Awaitable[object]]) -> object:
    """Return what *ask* returns, which must be one transaction."""
    try:
        return await ask()
    except RolledBack:
        return await ask()


@contextmanager
def asked_by_a_person() -> Iterator[None]:
    """Say what a refusal means to whoever asked; what was broken stays the cause."""
    try:
        yield
    except Denied as exc:
        raise Forbidden("This is not yours to do.") from exc
    except ValueRefused as exc:
        raise Invalid([Fault("", _REFUSED)]) from exc
    except RuleBroken as broken:
        if broken.sqlstate in ("23503", "23505"):
            raise Conflict("This does not fit what there is by now.") from broken
        raise Invalid([Fault("", _REFUSED)]) from broken


@contextmanager
def constraints(
    *, taken: str | None = None, fields: Mapping[str, str] = MappingProxyType({})
) -> Iterator[None]:
    """Say what a broken rule means here, where that is known. fields: which one a rule is about.

    taken: what a duplicate means.
    """
    try:
        yield
    except (RuleBroken, Conflict, Invalid) as exc:
        match exc if isinstance(exc, RuleBroken) else exc.__cause__:
            case RuleBroken(sqlstate="23505") if taken:
                raise Conflict(taken) from exc
            case RuleBroken(sqlstate="23503"):  # a token may outlive its account
                raise NotSignedIn from exc
            case RuleBroken(rule=rule) if rule in fields:
                raise Invalid([Fault(fields[rule], _REFUSED)]) from exc
        raise

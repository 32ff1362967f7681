"""A database function as PostgREST calls it: found by its name and the names of the arguments."""

from collections.abc import Collection
from dataclasses import dataclass

import asyncpg

from tests.supabase.refusals import Refusal, not_imitated, rest_refusal
from tests.supabase.sql import quoted

FIND = """
    select proretset                                            as returns_set,
           prorettype = 'void'::regtype                         as void,
           typtype = 'c' or coalesce(proargmodes && '{t,b,o}'::"char"[], false) as composite,
           provolatile <> 'v'                                   as read_only,
           provariadic <> 0                                     as variadic,
           pronargdefaults                                      as optional,
           coalesce((
             select array_agg(name order by place)
             from unnest(proargnames, proargmodes) with ordinality as given (name, mode, place)
             where mode is null or mode in ('i', 'b')
           ), '{}')                                             as names,
           array(
             select format_type(argument, null)
             from unnest(proargtypes) with ordinality as given (argument, place) order by place
           )                                                    as types
    from pg_proc join pg_type on pg_type.oid = prorettype
    where pronamespace = 'public'::regnamespace and proname = $1 and prokind = 'f'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function, one of several with that name perhaps."""

    name: str
    types: dict[str, str]  # of the arguments, in order
    required: frozenset[str]
    returns_set: bool
    composite: bool
    void: bool
    read_only: bool

    def fits(self, given: Collection[str]) -> bool:
        return self.required <= set(given) <= set(self.types)

    def statement(self, given: Collection[str]) -> str:
        """Return a query for (body, count) which takes the arguments as one JSON object, if any."""
        value = "c" if self.composite else "c.v"
        body = f"json_agg({value})"
        body = f"coalesce({body}, '[]')" if self.returns_set else f"{body} -> 0"
        if self.void:
            body = "null"
        return f"select ({body})::text as body, count(*) from ({self._rows(given)}) as c"

    def _rows(self, given: Collection[str]) -> str:
        named = ", ".join(f"{quoted(name)} := a.{quoted(name)}" for name in given)
        call = f"public.{quoted(self.name)}({named}) as r" + ("" if self.composite else "(v)")
        if given:
            typed = ", ".join(f"{quoted(name)} {self.types[name]}" for name in given)
            call = f"json_to_record($1::json) as a({typed}), lateral {call}"
        return f"select r.* from {call}"


def function(name: str, row: asyncpg.Record) -> Function:
    names, required = row["names"], len(row["types"]) - row["optional"]
    if row["variadic"] or len(names) != len(row["types"]) or "" in names:
        raise not_imitated(f"a call of {name}, which has arguments without a name")
    return Function(
        name=name,
        types=dict(zip(names, row["types"], strict=True)),
        required=frozenset(names[:required]),
        returns_set=row["returns_set"],
        composite=row["composite"],
        void=row["void"],
        read_only=row["read_only"],
    )


def missing(name: str, given: Collection[str]) -> Refusal:
    names = ", ".join(given)
    signature = f"public.{name}({names})" if given else f"public.{name} without parameters"
    searched = f"with parameters {names} or with a" if given else "without parameters or with a"
    return rest_refusal(
        404,
        "PGRST202",
        f"Could not find the function {signature} in the schema cache",
        details=f"Searched for the function public.{name} {searched} single unnamed json/jsonb"
        " parameter, but no matches were found in the schema cache.",
    )


def ambiguous(found: Collection[Function]) -> Refusal:
    signatures = [
        f"public.{one.name}({', '.join(f'{name} => {kind}' for name, kind in one.types.items())})"
        for one in found
    ]
    return rest_refusal(
        300,
        "PGRST203",
        f"Could not choose the best candidate function between: {', '.join(signatures)}",
        hint="Try renaming the parameters or the function itself in the database"
        " so function overloading can be resolved",
    )

"""A table as PostgREST reads and writes it; as much of it as a person needs to go around Ava."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.supabase.refusals import not_imitated, rest_refusal
from tests.supabase.sql import literal, quoted

_COMPARISONS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_IS = ("null", "true", "false")
_ORDERS = ("asc", "desc")
_NO_FILTERS = {"select", "order", "limit", "offset", "columns"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Each method returns a statement whose rows are the answer."""

    name: str
    columns: frozenset[str]

    def select(self, query: Mapping[str, str]) -> str:
        clauses = f"{_where(query)}{_order(query)}{_page(query)}"
        return f"select {_chosen(query)} from {self._path}{clauses}"

    def insert(self, query: Mapping[str, str], names: Iterable[str]) -> str:
        columns = ", ".join(self._known(names))
        rows = f"json_populate_recordset(null::{self._path}, $1::json)"
        into = f"{self._path} ({columns}) select {columns} from {rows}"
        return f"insert into {into} returning {_chosen(query)}"

    def update(self, query: Mapping[str, str], names: Iterable[str]) -> str:
        columns = ", ".join(self._known(names))
        row = f"json_populate_record(null::{self._path}, $1::json)"
        change = f"({columns}) = (select {columns} from {row})"
        where = _demanded(_where(query), "UPDATE")
        return f"update {self._path} set {change}{where} returning {_chosen(query)}"

    def delete(self, query: Mapping[str, str]) -> str:
        where = _demanded(_where(query), "DELETE")
        return f"delete from {self._path}{where} returning {_chosen(query)}"

    @property
    def _path(self) -> str:
        return f"public.{quoted(self.name)}"

    def _known(self, names: Iterable[str]) -> Iterator[str]:
        for name in names:
            if name not in self.columns:
                raise rest_refusal(
                    400,
                    "PGRST204",
                    f"Could not find the '{name}' column of '{self.name}' in the schema cache",
                )
            yield quoted(name)


def _chosen(query: Mapping[str, str]) -> str:
    wanted = query.get("select", "*")
    if wanted == "":  # return=minimal: whoever may not read may still write
        return "1"
    if any(sign in wanted for sign in "():->!"):
        raise not_imitated(f"select={wanted}")
    return ", ".join("*" if name == "*" else quoted(name) for name in wanted.split(","))


def _where(query: Mapping[str, str]) -> str:
    conditions = [
        _condition(column, text) for column, text in query.items() if column not in _NO_FILTERS
    ]
    return f" where {' and '.join(conditions)}" if conditions else ""


def _condition(column: str, text: str) -> str:
    operator, _, value = text.partition(".")
    if operator in _COMPARISONS:
        return f"{quoted(column)} {_COMPARISONS[operator]} {literal(value)}"
    if operator == "is" and value in _IS:
        return f"{quoted(column)} is {value}"
    if operator == "in" and '"' not in value:
        values = ", ".join(literal(one) for one in value.strip("()").split(","))
        return f"{quoted(column)} in ({values})"
    raise not_imitated(f"the filter {column}={text}")


def _order(query: Mapping[str, str]) -> str:
    if "order" not in query:
        return ""
    parts = []
    for text in query["order"].split(","):
        column, _, direction = text.partition(".")
        if (direction or "asc") not in _ORDERS:
            raise not_imitated(f"order={text}")
        parts.append(f"{quoted(column)} {direction}")
    return f" order by {', '.join(parts)}"


def _page(query: Mapping[str, str]) -> str:
    return "".join(f" {word} {int(query[word])}" for word in ("limit", "offset") if word in query)


def _demanded(where: str, statement: str) -> str:
    if not where:  # hosted Supabase loads pg-safeupdate
        raise rest_refusal(400, "21000", f"{statement} requires a WHERE clause")
    return where

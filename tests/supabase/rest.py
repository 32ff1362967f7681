"""PostgREST: functions, and tables by simple filters."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
from aiohttp import web
from multidict import MultiDict

from tests.supabase import functions
from tests.supabase.functions import Function, function
from tests.supabase.gateway import Gateway, Identity
from tests.supabase.refusals import not_imitated, rest_refusal
from tests.supabase.tables import Table
from tests.supabase.transactions import Transactions

_COLUMNS = """
    select array_agg(attname::text) from pg_attribute
    where attrelid = to_regclass('public.' || quote_ident($1)) and attnum > 0 and not attisdropped
"""
_WHOLE = "select coalesce(json_agg(answer), '[]')::text as body, count(*) from answer"
_ONE_OBJECT = "application/vnd.pgrst.object"
_OF_A_RESULT = {"select", "order", "limit", "offset", "columns"}


class Rest:
    """Keeps what it learned about functions and tables, like PostgREST's schema cache."""

    def __init__(self, transactions: Transactions, gateway: Gateway) -> None:
        self._transactions = transactions
        self._gateway = gateway
        self._functions: dict[str, list[Function]] = {}
        self._tables: dict[str, Table] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/rest/v1/rpc/{name}", self._call),
            web.get("/rest/v1/rpc/{name}", self._call, allow_head=False),
            web.get("/rest/v1/{name}", self._select, allow_head=False),
            web.post("/rest/v1/{name}", self._insert),
            web.patch("/rest/v1/{name}", self._update),
            web.delete("/rest/v1/{name}", self._delete),
        ]

    def _checked(self, request: web.Request) -> Identity:
        """Return who asks; refuse what is asked in a way that nobody here needs."""
        for header in ("Accept-Profile", "Content-Profile"):
            if request.headers.get(header, "public") != "public":
                raise rest_refusal(
                    406,
                    "PGRST106",
                    f"Invalid schema: {request.headers[header]}",
                    hint="Only the following schemas are exposed: public",
                )
        for preference in ("count=", "resolution=", "tx="):
            if preference in request.headers.get("Prefer", ""):
                raise not_imitated(f"Prefer: {preference}")
        return self._gateway.identify(request)

    # --- functions ------------------------------------------------------------------------------

    async def _call(self, request: web.Request) -> web.Response:
        identity, posted = self._checked(request), request.method == "POST"
        if _OF_A_RESULT & request.query.keys():
            raise not_imitated("filters on the result of a function")
        given = await _body(request) if posted else dict(request.query)
        if not isinstance(given, dict):
            raise not_imitated("a call with anything but an object of arguments")
        chosen = await self._chosen(request.match_info["name"], given)
        arguments = [json.dumps(given)] if given else []
        reading = chosen.read_only or not posted
        async with self._transactions.acting_as(identity, request, read_only=reading) as connection:
            row = await connection.fetchrow(chosen.statement(given), *arguments)
            if chosen.void:
                return web.Response(status=204)
            return _answer(request, row, several=chosen.returns_set)

    async def _chosen(self, name: str, given: Mapping[str, Any]) -> Function:
        known = self._functions.get(name) or await self._learn(name)
        fitting = [candidate for candidate in known if candidate.fits(given)]
        if not fitting:
            self._functions.pop(name, None)  # a test may make it yet
            raise functions.missing(name, given)
        if len(fitting) > 1:
            raise functions.ambiguous(fitting)
        return fitting[0]

    async def _learn(self, name: str) -> list[Function]:
        async with self._transactions.connected() as connection:
            rows = await connection.fetch(functions.FIND, name)
        self._functions[name] = [function(name, row) for row in rows]
        return self._functions[name]

    # --- tables ---------------------------------------------------------------------------------

    async def _select(self, request: web.Request) -> web.Response:
        return await self._run(request, lambda table: table.select(request.query))

    async def _insert(self, request: web.Request) -> web.Response:
        body = await _body(request)
        rows = body if isinstance(body, list) else [body]
        given = request.query.get("columns")
        names = [name.strip('"') for name in given.split(",")] if given else list(rows[0])
        query = _returning(request)
        return await self._run(request, lambda table: table.insert(query, names), rows)

    async def _update(self, request: web.Request) -> web.Response:
        row, query = await _body(request), _returning(request)
        return await self._run(request, lambda table: table.update(query, row), row)

    async def _delete(self, request: web.Request) -> web.Response:
        query = _returning(request)
        return await self._run(request, lambda table: table.delete(query))

    async def _run(
        self, request: web.Request, statement: Callable[[Table], str], *bodies: object
    ) -> web.Response:
        identity, table = self._checked(request), await self._table(request.match_info["name"])
        whole = f"with answer as ({statement(table)}) {_WHOLE}"
        reading = request.method == "GET"
        async with self._transactions.acting_as(identity, request, read_only=reading) as connection:
            row = await connection.fetchrow(whole, *map(json.dumps, bodies))
            if reading or _wants_rows(request):
                return _answer(request, row, several=True)
            return web.Response(status=201 if request.method == "POST" else 204)

    async def _table(self, name: str) -> Table:
        if name not in self._tables:
            async with self._transactions.connected() as connection:
                columns = await connection.fetchval(_COLUMNS, name)
            if columns is None:
                raise rest_refusal(
                    404,
                    "PGRST205",
                    f"Could not find the table 'public.{name}' in the schema cache",
                )
            self._tables[name] = Table(name=name, columns=frozenset(columns))
        return self._tables[name]


async def _body(request: web.Request) -> Any:
    try:
        return json.loads(await request.read() or b"{}")
    except ValueError as exc:
        raise rest_refusal(400, "PGRST102", "Empty or invalid json") from exc


def _wants_rows(request: web.Request) -> bool:
    return "return=representation" in request.headers.get("Prefer", "")


def _returning(request: web.Request) -> MultiDict[str]:
    """Return the query as it counts for a statement that writes: most select nothing."""
    query = MultiDict(request.query)
    if not _wants_rows(request):
        query["select"] = ""
    return query


def _answer(request: web.Request, row: asyncpg.Record | None, *, several: bool) -> web.Response:
    assert row is not None  # it is an aggregate
    body, one = row["body"], _ONE_OBJECT in request.headers.get("Accept", "")
    if several and one:
        if row["count"] != 1:
            raise rest_refusal(
                406,
                "PGRST116",
                "Cannot coerce the result to a single JSON object",
                details=f"The result contains {row['count']} rows",
            )
        body = body[1:-1]
    status = 201 if request.method == "POST" and "/rpc/" not in request.path else 200
    return web.Response(text=body or "null", status=status, content_type="application/json")

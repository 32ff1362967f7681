"""Row-level security of every table, judged by a tester that others wrote (rls-policy-tester).

What it tries is made from the catalogue: each command, on each table, as its owner, as somebody
else and as a stranger. What people may do at all is in test_rights.py.

It is told what has to be, so it finds a policy that is wrong. rlsautotest expects what the policies
say and makes no row that fits our checks; rlsgrid tries no rights to single columns and passes over
a table without row-level security.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection

ADA, EVE, NEWCOMER = (str(UUID(int=number)) for number in (1, 2, 3))
"""Two people with a row in each table, and one with none."""

_ROWS = {
    "account_passwords": "(user_id, password_hash) values ('{person}', 'hash')",
    "account_sessions": "(user_id) values ('{person}')",
    "alarms": "(name, figure, since) values ('{person}', 1, now())",
    "attention": "(key, due_at) values ('app:{person}', now())",
    "audit_log": "",  # has rows of each avatar
    "avatars": "(user_id, name, age, personality) values ('{person}', 'Mia', 30, 'shy')",
    "idempotency_keys": "(key, fingerprint, first_run, user_id)"
    " values ('{person}', '', '{person}', '{person}')",
    "inbox": "(key, kind, sent_at, position, payload)"
    " values ('message:{person}', 'message', now(), 1, '')",
    "link_codes": "(user_id, phone, code_hash, expires_at)"
    " values ('{person}', '+31600000001', 'hash', now() + interval '15 minutes')",
    "messages": "(user_id, channel, role, content) values ('{person}', 'app', 'user', 'hello')",
    "one_time_links": "(token_hash, purpose, email, user_id, expires_at)"
    " values (repeat(md5('{person}'), 2), 'sign_in', '{person}@example.org', '{person}', now())",
    "outbox": "(key, recipient, body) values ('{person}', 'wa:31600000001', 'hello')",
    "rate_limits": "(key, spent_until) values ('{person}', now())",
    "refresh_tokens": "(token_hash, session_id)"
    " select repeat(md5('{person}'), 2), id from account_sessions where user_id = '{person}'",
    "schema_migrations": "",  # has its rows
    "service_messages": "(phone_number_id, month, accepted) values ('{person}', now(), 1)",
    "user_preferences": "(user_id) values ('{person}')",
    "whatsapp_chats": "(key) values ('bsuid:{person}')",
    "whatsapp_identities": "(bsuid, user_id) values ('{person}', '{person}')",
    "whatsapp_numbers": "(phone_number_id) values ('{person}')",
}
"""How somebody comes to a row. A new table needs a line here."""

_TABLES = """
    select c.relname as name, a.columns,
           'user_id' = any (a.columns) as owned, a.readable, a.insertable, a.updatable,
           has_table_privilege('authenticated', c.oid, 'delete') as deletable
    from pg_class c, lateral (
      select array_agg(attname::text) as columns,
        array_agg(attname::text) filter (
          where has_column_privilege('authenticated', c.oid, attnum, 'select')) as readable,
        array_agg(attname::text) filter (
          where has_column_privilege('authenticated', c.oid, attnum, 'insert')
            and attname not in ('id', 'user_id')) as insertable,
        array_agg(attname::text) filter (
          where has_column_privilege('authenticated', c.oid, attnum, 'update')) as updatable
      from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as a
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1
"""
_CALLABLES = """
    select 'view' as kind, relname::text as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'v'
    union
    select 'function', proname from pg_proc p where pronamespace = 'public'::regnamespace
    and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table and what any signed-in person may do with their rows in it."""

    name: str
    columns: list[str]
    owned: bool
    readable: list[str] | None
    insertable: list[str] | None
    updatable: list[str] | None
    deletable: bool


Check = dict[str, Any]


def _checks_of(table: Table) -> Iterator[Check]:
    name, column = table.name, table.columns[0]
    yield from _reading(table)
    yield from _inserting(table)
    yield from _updating(table)
    yield from _deleting(table)
    for command, statement in {
        "read": f"select from {name}",
        "insert": f"insert into {name} default values",
        "update": f"update {name} set {column} = default",
        "delete": f"delete from {name}",
    }.items():
        yield _closed("stranger", command, name, statement)


def _reading(table: Table) -> Iterator[Check]:
    name = table.name
    if not table.readable:
        yield _closed("eve", "read", name, f"select from {name}")
        return
    columns = ", ".join(table.readable)
    theirs = f"select {columns} from {name} where {_of(table, 'ada')}"
    yield _check("ada", f"reads her {name}", theirs, expect="allow")
    yield _check("eve", f"reads Ada's {name}", theirs, expect="deny")
    yield _check("nobody", f"reads {name}", f"select {columns} from {name}", expect="deny")
    yield _check("eve", f"reads all {name}", f"select {columns} from {name}", expect="rows", rows=1)


def _inserting(table: Table) -> Iterator[Check]:
    name = table.name
    if not table.insertable:
        yield _closed("eve", "insert", name, f"insert into {name} default values")
        return
    columns = ", ".join(table.insertable)
    own = f"select :newcomer, {columns} from {name} where {_of(table, 'eve')}"
    statement = f"insert into {name} (user_id, {columns}) {own}"
    yield _check("eve", f"inserts {name} for somebody", statement, expect="deny", mode="write")


def _updating(table: Table) -> Iterator[Check]:
    name = table.name
    if not table.updatable:
        statement = f"update {name} set {table.columns[0]} = default"
        yield _closed("eve", "update", name, statement)
        return
    for column in table.updatable:
        # Without a condition nothing of the row is read, so that only the policy of UPDATE decides.
        own = f"(select {column} from {name} where {_of(table, 'eve')})"
        every = f"update {name} set {column} = {own}"
        yield _check("eve", f"updates all {name}.{column}", every, expect="rows", rows=1)
        theirs = f"{every} where {_of(table, 'ada')}"
        yield _check("eve", f"updates Ada's {name}.{column}", theirs, expect="deny", mode="write")


def _deleting(table: Table) -> Iterator[Check]:
    name = table.name
    if not table.deletable:
        yield _closed("eve", "delete", name, f"delete from {name}")
        return
    theirs = f"delete from {name} where {_of(table, 'ada')}"
    yield _check("eve", f"deletes Ada's {name}", theirs, expect="deny", mode="write")
    yield _check("eve", f"deletes all {name}", f"delete from {name}", expect="rows", rows=1)


def _of(table: Table, person: str) -> str:
    assert table.owned, f"People may use {table.name}, which has no user_id: whose are its rows?"
    return f"user_id = :{person}"


def _closed(who: str, command: str, table: str, statement: str) -> Check:
    what = f"may not {command} {table}"
    return _check(who, what, statement, expect="error", error_match="permission denied for")


def _check(who: str, what: str, statement: str, **expected: Any) -> Check:
    return {"id": f"{who} {what}", "as": who, "sql": statement, **expected}


async def _definition(administrator: Connection) -> dict[str, Any]:
    tables = [Table(**row) for row in await administrator.fetch(_TABLES)]
    callables = [dict(row) for row in await administrator.fetch(_CALLABLES)]
    person = {"role": "authenticated"}
    return {
        "suite": "ava",
        "params": {"ada": ADA, "eve": EVE, "newcomer": NEWCOMER},
        "admin_identity": "administrator",
        "identities": {
            "ada": person | {"user_id": ":ada"},
            "eve": person | {"user_id": ":eve"},
            "nobody": person,  # signed in, and it is not said who that is
            "stranger": {"role": "anon", "claims": {"role": "anon"}},
            "administrator": {
                "role": await administrator.fetchval("select current_user"),
                "admin": True,
            },
        },
        "fixtures": {"tables": [{"table": table.name, "min_rows": 2} for table in tables]},
        "audit_objects": callables,
        "checks": [check for table in tables for check in _checks_of(table)],
    }


async def _people_with_rows(administrator: Connection) -> None:
    for person in (ADA, EVE, NEWCOMER):
        email = f"{person}@example.org"
        await administrator.execute(
            "insert into auth.users (id, email) values ($1, $2)", person, email
        )
    for table, row in _ROWS.items():
        for person in (ADA, EVE) if row else ():
            await administrator.execute(f"insert into {table} {row.format(person=person)}")


async def _findings(url: str, directory: Path) -> list[str]:
    """What the tester has to say against the database at *url*, whose role passes every policy."""
    administrator = await asyncpg.connect(url)
    await _people_with_rows(administrator)
    definition = directory / "definition.json"
    definition.write_text(json.dumps(await _definition(administrator)))
    await administrator.close()
    (suite,) = (await asyncio.to_thread(_judged, url, str(definition)))["suites"]
    return [*_failures(suite), *_open_policies(suite)]


def _judged(url: str, definition: str) -> Any:
    command = [sys.executable, "-m", "rls_kit.cli", "--json", "--dsn", url, "--file", definition]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert ran.returncode in (0, 1), ran.stderr
    return json.loads(ran.stdout)


def _failures(suite: dict[str, Any]) -> Iterator[str]:
    for result in (*suite["preflight"], *suite["checks"]):
        if result["status"] not in ("PASS", "WARN", "INFO"):
            yield f"{result['id']}: {result['message']}"


def _open_policies(suite: dict[str, Any]) -> Iterator[str]:
    """Also where no right to the table makes use of it yet."""
    for policy in suite["policies"]:
        if "PERMISSIVE_TRUE" in policy["flags"] and policy["roles"] != "service_role":
            yield f"{policy['policy']} on {policy['table']} lets {policy['roles']} pass"


@pytest.fixture(params=["database_url", "supabase_database"], ids=["plain", "supabase"])
def administrator_url(request: pytest.FixtureRequest) -> str:
    """Migrated databases, as somebody sees them whom no policy stops."""
    return re.sub("//[^@]*@", "//postgres@", request.getfixturevalue(request.param))


async def test_nobody_reaches_the_rows_of_somebody_else(
    administrator_url: str, tmp_path: Path
) -> None:
    assert await _findings(administrator_url, tmp_path) == []


@pytest.mark.parametrize("administrator_url", ["database_url"], indirect=True)
@pytest.mark.parametrize(
    ("mistake", "finding"),
    [
        ("drop policy avatars_select_own on avatars", "ada reads her avatars"),
        ("create policy x on messages for select using (true)", "eve reads Ada's messages"),
        ("create policy x on link_codes for select using (true)", "eve reads all link_codes"),
        ("create policy x on avatars for insert with check (true)", "eve inserts avatars for"),
        ("create policy x on avatars for update using (true)", "eve updates all avatars.name"),
        ("create policy x on avatars for delete using (true)", "eve deletes all avatars"),
        ("create policy x on inbox to authenticated using (true)", "x on public.inbox lets"),
        ("alter table messages disable row level security", "eve reads Ada's messages"),
        ("grant select on outbox to anon", "stranger may not read outbox"),
        ("create table notes (user_id uuid)", "preflight.notes.rls_enabled"),
        (
            "create view spies as select * from messages; grant select on spies to authenticated",
            "preflight.spies",
        ),
    ],
)
async def test_the_tester_finds_what_a_migration_did_wrong(
    administrator_url: str, tmp_path: Path, mistake: str, finding: str
) -> None:
    administrator = await asyncpg.connect(administrator_url)
    await administrator.execute(mistake)
    await administrator.close()

    findings = await _findings(administrator_url, tmp_path)

    assert any(found.startswith(finding) for found in findings), findings


@pytest.mark.parametrize("administrator_url", ["database_url"], indirect=True)
async def test_a_table_that_nobody_gave_rows_to_is_found(
    administrator_url: str, tmp_path: Path
) -> None:
    administrator = await asyncpg.connect(administrator_url)
    await administrator.execute(
        "create table notes (user_id uuid); alter table notes enable row level security;"
        "create policy x on notes to service_role using (true)"
    )
    await administrator.close()

    (finding,) = await _findings(administrator_url, tmp_path)

    assert finding.startswith("preflight.notes.row_count: notes holds 0 row(s)")

"""What the headers of the migrations say under Undo, done as they say it.

From 019 on: the files before it are released, and what they say cannot be changed any more.
"""

import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import asyncpg
import pytest
from asyncpg import Connection

from bot.store.migrate import MIGRATIONS, migrate

_FILES = sorted(MIGRATIONS.glob("[0-9]*.sql"))
_RELEASED = [path for path in _FILES if path.name < "019"]
_UNDONE = [path for path in _FILES if path not in _RELEASED]

# Of columns not their place: one that was dropped leaves a gap, and a new one comes last. Rights
# sorted: in which order they were given makes no difference.
_OBJECTS = """
    with ours as (select * from pg_class where relnamespace = 'public'::regnamespace),
    functions as (select * from pg_proc where pronamespace = 'public'::regnamespace),
    rights (oid, rights) as (
      select oid, string_agg(granted::text, ' ' order by granted::text) from (
        select oid, unnest(coalesce(proacl, acldefault('f', proowner))) as granted from functions
        union all
        select oid, unnest(coalesce(relacl, acldefault('r', relowner))) from ours) as all_rights
      group by oid)
    select 'function ' || p.oid::regprocedure as name,
           concat_ws(' ', pg_get_functiondef(p.oid), rights) as definition
    from functions p left join rights using (oid) where prokind in ('f', 'p')
    union all
    select 'table ' || relname,
           concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, reloptions,
                     rights)
    from ours left join rights using (oid) where relkind not in ('i', 'I')
    union all
    select format('column %s.%s', relname, attname),
           concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                     attacl, pg_get_expr(adbin, adrelid))
    from ours join pg_attribute a on a.attrelid = ours.oid
    left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    where relkind not in ('i', 'I') and attnum > 0 and not attisdropped
    union all
    select 'index ' || indexname, indexdef from pg_indexes where schemaname = 'public'
    union all
    select format('constraint %s of %s', conname, relname), pg_get_constraintdef(c.oid)
    from ours join pg_constraint c on c.conrelid = ours.oid
    union all
    select format('policy %s of %s', policyname, tablename),
           concat_ws(' ', permissive, roles, cmd, qual, 'check', with_check)
    from pg_policies where schemaname = 'public'
    union all
    select format('trigger %s of %s', tgname, relname), tgenabled::text || pg_get_triggerdef(t.oid)
    from ours join pg_trigger t on t.tgrelid = ours.oid where not tgisinternal
    union all
    select 'type ' || typname, (
      select string_agg(enumlabel, ' ' order by enumsortorder) from pg_enum where enumtypid = t.oid)
    from pg_type t where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
    union all
    select 'record of ' || name, '' from schema_migrations
"""


@pytest.fixture
async def owner(empty_database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(empty_database_url)
    yield connection
    await connection.close()


async def test_every_undo_leaves_what_was_there_before_and_can_be_undone_itself(
    owner: Connection, empty_database_url: str, tmp_path: Path
) -> None:
    for path in _RELEASED:
        shutil.copy(path, tmp_path)
    await migrate(empty_database_url, directory=tmp_path)
    before: dict[Path, Mapping[str, str]] = {}
    for path in _UNDONE:
        before[path] = await _objects(owner)
        await owner.execute(path.read_text())
    complete = await _objects(owner)

    for path in reversed(_UNDONE):
        await _undo(owner, path)
        wrong = "; ".join(_differences(before[path], await _objects(owner)))
        assert not wrong, f"after the Undo of {path.stem} {wrong}"
    assert await migrate(empty_database_url) == [path.stem for path in _UNDONE]
    assert list(_differences(complete, await _objects(owner))) == []


async def _objects(owner: Connection) -> Mapping[str, str]:
    return {row["name"]: row["definition"] for row in await owner.fetch(_OBJECTS)}


def _differences(expected: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(expected.keys() | found.keys()):
        if name not in expected:
            yield f"left over: {name}"
        elif name not in found:
            yield f"missing: {name}"
        elif expected[name] != found[name]:
            yield f"not as it was: {name}"


# --- what a header says ---------------------------------------------------------------------


async def _undo(owner: Connection, path: Path) -> None:
    async with owner.transaction():
        for statement in _statements(path):
            await owner.execute(statement)


def _statements(path: Path) -> Iterator[str]:
    """Statements, and between them "then this and that of 007 again, with their rights"."""
    said = re.search(r"^-- Undo:(.+?)^-- \w+:", path.read_text(), re.DOTALL | re.MULTILINE)
    assert said, f"{path.stem} does not say how it is undone"
    *statements, rest = " ".join(said[1].replace("\n--", "").split()).split(";")
    assert not rest, f"what {path.stem} says has no end: {rest}"
    for statement in map(str.strip, statements):
        if statement.startswith("then "):
            yield from _again(statement)
        else:
            yield statement


def _again(order: str) -> Iterator[str]:
    assert re.fullmatch(r"then [\w, ]+ of \d{3} again(, with their rights)?", order), order
    for names, number in re.findall(r"([\w, ]+?) of (\d{3})", order.removeprefix("then ")):
        script = next(MIGRATIONS.glob(f"{number}_*.sql")).read_text()
        for name in re.findall(r"(?!and\b)\b\w+", names):
            yield _definition(script, name)
            if order.endswith(" rights"):
                yield from _rights(script, name)


def _definition(script: str, name: str) -> str:
    pattern = rf"^create or replace function public\.{name}\(.+?\$\$;$"
    found = re.search(pattern, script, re.DOTALL | re.MULTILINE)
    assert found, f"there is no {name} to take from"
    return found[0]


def _rights(script: str, name: str) -> Iterator[str]:
    """What a file says of this function among others, said of it alone."""
    for what, functions, whom in re.findall(
        r"^((?:grant|revoke) execute on function)\b(.+?)\b((?:from|to) [\w, ]+;)$",
        script,
        re.DOTALL | re.MULTILINE,
    ):
        for function in re.findall(rf"public\.{name}\([^)]*\)", functions):
            yield f"{what} {function} {whom}"

"""What the database keeps of somebody, for tests in which it must stay as it is."""

from asyncpg import Connection

_TABLES = """
    select table_schema || '.' || table_name from information_schema.columns
    where table_schema in ('public', 'auth') and column_name = 'user_id' order by 1
"""


async def rows_of(owner: Connection, person: str) -> dict[str, list[str]]:
    """Every row that is theirs, by table; with Supabase their sessions, too."""
    lines = "select to_jsonb(t)::text from {} t where user_id::text = $1 order by 1"
    return {
        table: [line for (line,) in await owner.fetch(lines.format(table), person)]
        for (table,) in await owner.fetch(_TABLES)
    }

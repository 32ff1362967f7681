"""What people and strangers may do in the database: the whole of it is in two lists.

Around the JSON endpoints anybody may try anything, with a token and the address of Supabase. What
they may do to whose rows, test_row_level_security.py knows.
"""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from asyncpg import Connection

STRANGERS = {"schema public": "usage"}
PEOPLE = STRANGERS | {
    # Their own rows, by row-level security.
    "audit_log": "select",
    "avatars": "delete, insert (age, name, personality, physical_description, user_id), select,"
    " update (age, name, personality, physical_description)",
    "link_codes": "select (expires_at, phone, used_by, user_id, wrong_guesses)",
    "messages": "select",
    "user_preferences": "select",
    # The same, as the JSON endpoints ask for it.
    "change_avatar(jsonb)": "execute",
    "create_avatar(text,integer,personality_type,text)": "execute",
    "delete_avatar()": "execute",
    "my_avatar()": "execute",
    "my_events(integer,bigint)": "execute",
    "my_messages(integer,timestamp with time zone,uuid)": "execute",
    "my_preferences()": "execute",
    # What they may do past row-level security; the reasons are in DEFINER_FOR_PEOPLE.
    "erase_account()": "execute",
    "export_account()": "execute",
    "my_account()": "execute",
    "request_link(text)": "execute",
    "say(text,interval,interval,uuid)": "execute",
    "unlink_phone()": "execute",
    # Knows nothing but what it is given; the policy of link_codes calls it.
    "is_live(timestamp with time zone,integer,text)": "execute",
}
AUTH = {"auth.uid()": "execute", "schema auth": "usage"}
"""What everybody may do with the accounts of a plain Postgres; Supabase's are Supabase's."""

DEFINER_FOR_PEOPLE = {
    "erase_account": "deletes what is the caller's from tables that are closed to people",
    "export_account": "collects what is the caller's from tables that are closed to people",
    "my_account": "shows the caller's row of auth.users, which is closed to people",
    "request_link": "makes a code for the caller, whose time and guesses they may not set",
    "say": "writes in the caller's name only, and never what the avatar said",
    "unlink_phone": "takes the caller's number away, which they may not write",
}
"""These run with the rights of their owner for whoever is auth.uid(), never for an argument."""

DEFINER_FOR_THE_BOT = {
    "audit_avatar": "a trigger: nobody else may write the audit log",
    "audit_phone": "a trigger: nobody else may write the audit log",
    "person_with_email": "looks into auth.users, which on Supabase service_role may not",
    "record_event": "nobody else may write the audit log",
    "record_failed_sign_in": "nobody else may write the audit log",
}

SERVICE_ROLE_EXCEPTIONS = {
    "audit_log": ["SELECT"],  # written by functions only, and changed by nobody
    "schema_migrations": ["SELECT"],  # whoever migrates writes it, the bot only reads
}
"""The bot reads, inserts, updates and deletes everything but these."""

_EVERYTHING = ["DELETE", "INSERT", "SELECT", "UPDATE"]
_RIGHTS = """
    with ours as (
      select oid, nspname from pg_namespace where nspname = any ($2::text[])
    ), relations as (
      select c.oid, c.relkind, c.oid::regclass::text as thing from pg_class c
      join ours on ours.oid = c.relnamespace
    ), found as (
      select thing, case when has_table_privilege($1, oid, command) then command
                         else command || ' (' || columns || ')' end as may
      from relations, unnest(array['select', 'insert', 'update', 'references']) command,
      lateral (
        select string_agg(attname, ', ' order by attname) as columns from pg_attribute
        where attrelid = oid and attnum > 0 and not attisdropped
          and has_column_privilege($1, oid, attnum, command)) c
      where relkind in ('r', 'p', 'v', 'm', 'f')
      union all
      select thing, command from relations, unnest($3::text[]) command
      where relkind in ('r', 'p', 'v', 'm', 'f') and has_table_privilege($1, oid, command)
      union all
      select thing, command from relations, unnest(array['usage', 'select', 'update']) command
      where relkind = 'S' and has_sequence_privilege($1, oid, command)
      union all
      select p.oid::regprocedure::text, 'execute' from pg_proc p
      join ours on ours.oid = p.pronamespace
      where has_function_privilege($1, p.oid, 'execute') and not exists (
        select from pg_depend d where d.objid = p.oid and d.deptype = 'e')  -- an extension's own
      union all
      select 'schema ' || nspname, command from ours, unnest(array['usage', 'create']) command
      where has_schema_privilege($1, oid, command)
    )
    select thing, string_agg(may, ', ' order by may) as may from found
    where may is not null group by thing
"""
_FUNCTIONS = """
    select proname, prosecdef, coalesce(proconfig, '{}') as settings from pg_proc p
    where pronamespace = 'public'::regnamespace and not exists (
      select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
"""
_SERVICE_ROLE = """
    select c.relname as name,
      coalesce(array_agg(may order by may) filter (where may is not null), '{}') as may,
      exists (
        select from pg_policies p where p.schemaname = 'public' and p.tablename = c.relname
        and policyname = 'service_role_all' and permissive = 'PERMISSIVE' and cmd = 'ALL'
        and roles = '{service_role}' and qual = 'true' and with_check = 'true') as sees_all
    from pg_class c left join
      unnest(array['DELETE', 'INSERT', 'SELECT', 'UPDATE']) may
      on has_table_privilege('service_role', c.oid, may)
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') group by 1, c.oid
"""


@pytest.fixture(params=["database_url", "supabase_database"], ids=["plain", "supabase"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def owner(migrated_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(migrated_url)
    yield connection
    await connection.close()


async def _rights(owner: Connection, role: str) -> dict[str, str]:
    """What *role* may do with anything that is ours, what everybody may do (PUBLIC) included."""
    commands = ["delete", "truncate", "trigger"]
    if owner.get_server_version().major >= 17:
        commands.append("maintain")
    schemas = ["public"] if await _on_supabase(owner) else ["public", "auth"]
    rows = await owner.fetch(_RIGHTS, role, schemas, commands)
    return {row["thing"]: row["may"] for row in rows}


async def _on_supabase(owner: Connection) -> bool:
    return bool(await owner.fetchval("select to_regrole('supabase_auth_admin') is not null"))


@pytest.mark.parametrize(("role", "listed"), [("anon", STRANGERS), ("authenticated", PEOPLE)])
async def test_nobody_may_do_anything_that_is_not_listed_here(
    owner: Connection, role: str, listed: dict[str, str]
) -> None:
    accounts = {} if await _on_supabase(owner) else AUTH

    assert await _rights(owner, role) == listed | accounts


@pytest.mark.parametrize("migrated_url", ["database_url"], indirect=True)
@pytest.mark.parametrize(
    ("mistake", "finding"),
    [
        ("grant select on inbox to anon", ("inbox", "select")),
        ("grant select (key) on inbox to authenticated", ("inbox", "select (key)")),
        ("grant truncate on avatars to public", ("avatars", "truncate")),
        ("grant usage on sequence outbox_seq_seq to public", ("outbox_seq_seq", "usage")),
        ("grant execute on function is_linked(uuid) to anon", ("is_linked(uuid)", "execute")),
        ("create function f() returns int return 1", ("f()", "execute")),
        ("create view v as select 1 as x; grant select on v to anon", ("v", "select")),
        ("grant create on schema public to public", ("schema public", "create, usage")),
    ],
)
async def test_a_right_given_by_mistake_is_found(
    owner: Connection, mistake: str, finding: tuple[str, str]
) -> None:
    await owner.execute(mistake)

    found = (await _rights(owner, "anon")).items() | (await _rights(owner, "authenticated")).items()

    assert any(thing == finding[0] and finding[1] in may for thing, may in found), found


@pytest.mark.parametrize("migrated_url", ["database_url"], indirect=True)
async def test_what_is_created_later_is_given_to_nobody(owner: Connection) -> None:
    """But functions, to everybody: that is Postgres. Supabase may give all; migrations revoke."""
    assert await owner.fetch("select * from pg_default_acl") == []


async def test_the_roles_of_people_pass_no_policy_and_inherit_from_nobody(
    owner: Connection,
) -> None:
    powers = await owner.fetchval(
        "select count(*) from pg_roles where rolname in ('anon', 'authenticated')"
        " and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolcanlogin)"
    )
    parents = await owner.fetchval(
        "select count(*) from pg_auth_members"
        " where member in ('anon'::regrole, 'authenticated'::regrole)"
    )

    assert (powers, parents) == (0, 0)


async def test_every_table_has_row_level_security(owner: Connection) -> None:
    without = await owner.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p') and not relrowsecurity"
    )

    assert without == []


async def test_every_view_asks_for_the_rights_of_whoever_looks(owner: Connection) -> None:
    """A view sees what its owner sees unless told otherwise; a materialized one cannot be told."""
    views = await owner.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and (relkind = 'm' or relkind = 'v' and not (coalesce(reloptions, '{}')"
        " && '{security_invoker=true,security_invoker=on}'))"
    )

    assert views == []


async def test_every_function_looks_up_names_in_public_only(owner: Connection) -> None:
    """Or whoever calls it says what its names mean, by a table of their own with such a name."""
    elsewhere = [
        row["proname"]
        for row in await owner.fetch(_FUNCTIONS)
        if "search_path=public, pg_temp" not in row["settings"]
    ]

    assert elsewhere == []


async def test_functions_with_the_rights_of_their_owner_are_listed_with_the_reason(
    owner: Connection,
) -> None:
    found = {row["proname"] for row in await owner.fetch(_FUNCTIONS) if row["prosecdef"]}
    for_people = {name for name in found if any(thing.startswith(f"{name}(") for thing in PEOPLE)}

    assert for_people == DEFINER_FOR_PEOPLE.keys()
    assert found - for_people == DEFINER_FOR_THE_BOT.keys()


async def test_the_bot_works_with_every_row_of_every_table(owner: Connection) -> None:
    """service_role passes row-level security by itself only on Supabase."""
    tables = {
        row["name"]: (row["may"], row["sees_all"]) for row in await owner.fetch(_SERVICE_ROLE)
    }

    exceptions = {name: may for name, (may, _) in tables.items() if name in SERVICE_ROLE_EXCEPTIONS}
    lacking = [name for name, rights in tables.items() if rights != (_EVERYTHING, True)]
    assert exceptions == SERVICE_ROLE_EXCEPTIONS
    assert set(lacking) == exceptions.keys()

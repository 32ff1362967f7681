-- plain_postgres
-- Date:   2026-11-22
-- What:   what Supabase brings and a plain Postgres (14 or later) lacks: the roles anon, authenticated and service_role
--         under which row-level security runs, the schema auth with auth.users, and auth.uid().
-- Who:    an owner with CREATEROLE is enough. What is missing is said before anything is changed.
-- Apply:  `python run.py migrate` does it by itself, every time, and never on Supabase. By hand, once per database and
--         before 001, as the role that Ava will connect as:
--         psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f migrations/plain_postgres.sql
-- Undo:   drop schema auth cascade; drop owned by anon, authenticated, service_role;
--         drop role anon, authenticated, service_role;

begin;

do $$
begin
  if exists (select from pg_roles where rolname in ('supabase_admin', 'supabase_auth_admin')) then
    raise exception 'this is Supabase, which brings all of plain_postgres.sql itself';
  end if;
end
$$;

-- The rights, each with the sentence for whoever has to grant it.
do $$
declare
  needed constant text[] := array['anon', 'authenticated', 'service_role'];
  pg16   constant boolean := current_setting('server_version_num')::int >= 160000;
  may_create_roles boolean;
  closed text;
  owner  name;
begin
  select rolcreaterole or rolsuper into may_create_roles from pg_roles where rolname = current_user;

  if not may_create_roles and (select count(*) from pg_roles where rolname = any (needed)) < 3 then
    raise exception insufficient_privilege using message = format(
      'role %1$I lacks CREATEROLE, needed to create the roles anon, authenticated and service_role '
      'under which row-level security runs: ALTER ROLE %1$I CREATEROLE', current_user);
  end if;

  -- Until 15 CREATEROLE was enough to grant any role; since 16 it takes the admin option.
  select string_agg(rolname, ', ' order by rolname) into closed from pg_roles
  where rolname = any (needed)
    and not pg_has_role(current_user, oid, case when pg16 then 'SET' else 'MEMBER' end)
    and not pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION')
    and (pg16 or not may_create_roles);
  if closed is not null then
    raise exception insufficient_privilege using message = format(
      'role %1$I may not act as %2$s, needed to run each statement under row-level security: '
      'GRANT %2$s TO %1$I', current_user, closed);
  end if;

  if not coalesce(has_schema_privilege(to_regnamespace('public')::oid, 'CREATE'), false) then
    raise exception insufficient_privilege using message = format(
      'role %1$I may not create tables in schema public, where all of Ava''s are: '
      'GRANT CREATE ON SCHEMA public TO %1$I', current_user);
  end if;

  if to_regnamespace('auth') is null then
    if not has_database_privilege(current_database(), 'CREATE') then
      raise exception insufficient_privilege using message = format(
        'role %1$I may not create the schema auth, needed for the accounts: '
        'GRANT CREATE ON DATABASE %2$I TO %1$I', current_user, current_database());
    end if;
    return;
  end if;

  -- Somebody prepared the schema for us: it is used as it is, so it must be complete.
  select rolname into owner from pg_namespace join pg_roles on pg_roles.oid = nspowner where nspname = 'auth';
  if pg_has_role(current_user, owner, 'USAGE') then
    return;
  elsif not has_schema_privilege('auth', 'USAGE') then
    raise exception insufficient_privilege using message = format(
      'role %1$I may not use the schema auth of role %2$I, needed for the accounts: '
      'GRANT USAGE ON SCHEMA auth TO %1$I', current_user, owner);
  elsif to_regclass('auth.users') is null or to_regprocedure('auth.uid()') is null then
    raise exception using message = format(
      'the schema auth lacks auth.users or auth.uid(), needed for the accounts: '
      'apply migrations/plain_postgres.sql as its owner %I', owner);
  elsif not has_table_privilege('auth.users', 'REFERENCES') then
    raise exception insufficient_privilege using message = format(
      'role %1$I may not refer to auth.users, needed to tie what people own to their accounts: '
      'GRANT REFERENCES ON auth.users TO %1$I', current_user);
  end if;
end
$$;

-- Roles belong to the whole cluster: another database may have made them, or be making them right now.
do $$
declare
  needed text;
  pg16   constant boolean := current_setting('server_version_num')::int >= 160000;
begin
  foreach needed in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = needed) then
      begin
        execute format('create role %I nologin noinherit', needed);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    if not pg_has_role(current_user, needed, case when pg16 then 'SET' else 'MEMBER' end) then
      begin
        execute format('grant %I to current_user', needed);
      exception when unique_violation then null;
      end;
    end if;
  end loop;
end
$$;

-- The schema auth, in the shape that Supabase gives it as far as Ava looks. Not ours: left alone.
do $$
begin
  if to_regnamespace('auth') is null then
    create schema auth;
  end if;
  if not (select pg_has_role(current_user, nspowner, 'USAGE') from pg_namespace where nspname = 'auth') then
    return;
  end if;

  if to_regclass('auth.users') is null then
    create table auth.users (
      id         uuid        primary key default gen_random_uuid(),
      email      text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create unique index users_email_key on auth.users (lower(email));
    alter table auth.users enable row level security;
    create policy users_service on auth.users to service_role using (true) with check (true);
  end if;

  -- The claims of the person whose statement this is; Supabase's own definition.
  create or replace function auth.uid() returns uuid language sql stable as $uid$
    select coalesce(
      nullif(current_setting('request.jwt.claim.sub', true), ''),
      nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    )::uuid
  $uid$;

  revoke all on schema auth from public;
  revoke all on auth.users from public, anon, authenticated;
  revoke execute on function auth.uid() from public;
  grant usage on schema auth to anon, authenticated, service_role;
  grant select, insert, update, delete on auth.users to service_role;
  grant execute on function auth.uid() to anon, authenticated, service_role;
end
$$;

-- Everybody may use the schema public unless it was closed by hand.
do $$
declare
  needed text;
begin
  foreach needed in array array['anon', 'authenticated', 'service_role'] loop
    continue when has_schema_privilege(needed, 'public', 'USAGE');
    execute format('grant usage on schema public to %I', needed);
    if not has_schema_privilege(needed, 'public', 'USAGE') then
      raise exception insufficient_privilege using message = format(
        'role %I may not use the schema public and %I may not allow it: '
        'GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role', needed, current_user);
    end if;
  end loop;
end
$$;

commit;

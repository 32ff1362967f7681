-- bootstrap
-- What:   makes a plain Postgres (16 or later) look enough like a hosted Supabase project for the
--         migrations to apply unchanged, and to be refused what is refused there.
-- Who:    a superuser, once per database, on a server of the tests. Never on Supabase.
begin;

-- --- roles, which belong to the whole server -----------------------------------------------------

do $$
declare
  v_role text;
  v_rights constant jsonb := jsonb_build_object(
    'anon',                'nologin noinherit',
    'authenticated',       'nologin noinherit',
    'service_role',        'nologin noinherit bypassrls',
    'authenticator',       'login noinherit',
    'supabase_auth_admin', 'login noinherit createrole',
    -- The twin of the hosted role postgres, which is no superuser either.
    'supabase_migrator',   'login nosuperuser createdb createrole bypassrls'
  );
begin
  for v_role in select jsonb_object_keys(v_rights) loop
    if not exists (select from pg_roles where rolname = v_role) then
      execute format('create role %I %s', v_role, v_rights ->> v_role);
    end if;
  end loop;
  execute format('alter database %I owner to supabase_migrator', current_database());
end
$$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to supabase_migrator with admin option;

alter role anon          set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';

-- --- schemas --------------------------------------------------------------------------------------

create schema if not exists extensions;
create schema if not exists auth authorization supabase_auth_admin;

grant usage on schema auth, extensions to anon, authenticated, service_role, supabase_migrator;
grant usage on schema public to anon, authenticated, service_role;
grant all on schema public, extensions to supabase_migrator;

-- There are no default privileges for anon, authenticated and service_role: new projects have none
-- since 30 October 2026, so a migration that forgets its grants fails here as it does there. PUBLIC
-- keeps EXECUTE on new functions, as everywhere.

-- --- accounts -------------------------------------------------------------------------------------

-- Every column is there: a migration may look at any. The stand-in fills what it imitates.
create table if not exists auth.users (
  instance_id                 uuid,
  id                          uuid         primary key,
  aud                         varchar(255),
  role                        varchar(255),
  email                       varchar(255),
  encrypted_password          varchar(255),
  email_confirmed_at          timestamptz,
  invited_at                  timestamptz,
  confirmation_token          varchar(255),
  confirmation_sent_at        timestamptz,
  recovery_token              varchar(255),
  recovery_sent_at            timestamptz,
  email_change_token_new      varchar(255),
  email_change                varchar(255),
  email_change_sent_at        timestamptz,
  last_sign_in_at             timestamptz,
  raw_app_meta_data           jsonb,
  raw_user_meta_data          jsonb,
  is_super_admin              boolean,
  created_at                  timestamptz,
  updated_at                  timestamptz,
  phone                       text         default null unique,
  phone_confirmed_at          timestamptz,
  phone_change                text         default '',
  phone_change_token          varchar(255) default '',
  phone_change_sent_at        timestamptz,
  confirmed_at                timestamptz  generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current  varchar(255) default '',
  email_change_confirm_status smallint     default 0 check (email_change_confirm_status between 0 and 2),
  banned_until                timestamptz,
  reauthentication_token      varchar(255) default '',
  reauthentication_sent_at    timestamptz,
  is_sso_user                 boolean      not null default false,
  deleted_at                  timestamptz,
  is_anonymous                boolean      not null default false
);

create unique index if not exists users_email_partial_key on auth.users (email) where is_sso_user = false;
create index if not exists users_instance_id_email_idx on auth.users (instance_id, lower(email));
create index if not exists users_instance_id_idx on auth.users (instance_id);

create table if not exists auth.sessions (
  id         uuid        primary key,
  user_id    uuid        not null references auth.users on delete cascade,
  created_at timestamptz default now(),
  not_after  timestamptz
);

create table if not exists auth.refresh_tokens (
  id         bigserial   primary key,
  token      varchar(255) unique,
  user_id    uuid        not null references auth.users on delete cascade,
  session_id uuid        references auth.sessions on delete cascade,
  parent     varchar(255),
  revoked    boolean     default false,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create index if not exists sessions_user_id_idx on auth.sessions (user_id);
create index if not exists refresh_tokens_session_id_idx on auth.refresh_tokens (session_id, revoked);
create index if not exists refresh_tokens_user_id_idx on auth.refresh_tokens (user_id);

-- No policy: none of the API roles reads it.
alter table auth.users enable row level security;

alter table auth.users owner to supabase_auth_admin;
alter table auth.sessions owner to supabase_auth_admin;
alter table auth.refresh_tokens owner to supabase_auth_admin;
grant all on auth.users, auth.sessions, auth.refresh_tokens to supabase_migrator;

-- --- the claims of the person whose statement it is -----------------------------------------------

create or replace function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')
  )::jsonb
$$;

create or replace function auth.uid() returns uuid language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.sub', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
  )::uuid
$$;

create or replace function auth.role() returns text language sql stable as $$
  select coalesce(
    nullif(current_setting('request.jwt.claim.role', true), ''),
    nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
  )
$$;

alter function auth.jwt() owner to supabase_auth_admin;
alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;

commit;

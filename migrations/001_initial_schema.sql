-- 001_initial_schema
-- Date:   2026-11-22
-- What:   preferences, avatars and messages of each person, theirs alone by row-level security; and
--         the table that remembers which migrations were applied.
-- Why:    everything else stands on it.
-- Locks:  none, the tables are new.
-- Undo:   drop table public.messages, public.avatars, public.user_preferences;
--         drop type public.message_role, public.message_channel, public.personality_type;
--         delete from public.schema_migrations where name = '001_initial_schema';
-- Apply:  any one of these; each of them counts as applied for the others.
--           python run.py migrate
--           psql "$DATABASE_URL" -v ON_ERROR_STOP=1 -f migrations/001_initial_schema.sql
--           paste this file into the Supabase SQL editor
--         On a plain Postgres plain_postgres.sql comes first; the runner sees to that itself.
-- Note:   in Supabase switch off Authentication > Sign In / Providers > Email > "Confirm email": only
--         then does a sign-up give a token at once.
begin;

-- --- what was applied ----------------------------------------------------------------------------

-- Each migration records itself in its own transaction; the runner adds the checksum afterwards.
create table if not exists public.schema_migrations (
  name       text        primary key check (name ~ '^[0-9]{3}_[a-z0-9_]+$'),
  sha256     text        check (sha256 ~ '^[0-9a-f]{64}$'),  -- null: applied by hand, the runner has not seen it yet
  applied_at timestamptz not null default now()
);

alter table public.schema_migrations enable row level security;

drop policy if exists schema_migrations_service on public.schema_migrations;
create policy schema_migrations_service on public.schema_migrations
  for select to service_role using (true);

revoke all on public.schema_migrations from public, anon, authenticated, service_role;
grant select on public.schema_migrations to service_role;

-- --- extension and types -------------------------------------------------------------------------

-- Nothing here depends on it: ids come from gen_random_uuid(), which Postgres itself has.
do $$
begin
  if exists (select from pg_available_extensions where name = 'uuid-ossp') then
    create extension if not exists "uuid-ossp";
  else
    raise notice 'extension uuid-ossp is not available here; continuing without it';
  end if;
exception when others then
  raise notice 'extension uuid-ossp cannot be created here (%); continuing without it', sqlerrm;
end
$$;

do $$
begin
  create type public.personality_type as enum
    ('playful', 'dominant', 'shy', 'caring', 'intellectual', 'adventurous');
exception when duplicate_object then null;
end
$$;

do $$
begin
  create type public.message_channel as enum ('app', 'whatsapp');
exception when duplicate_object then null;
end
$$;

do $$
begin
  create type public.message_role as enum ('user', 'assistant');
exception when duplicate_object then null;
end
$$;

-- --- tables --------------------------------------------------------------------------------------

create table if not exists public.user_preferences (
  id             uuid        primary key default gen_random_uuid(),
  user_id        uuid        not null unique references auth.users (id) on delete cascade,
  whatsapp_phone text        check (whatsapp_phone ~ '^\+[1-9][0-9]{5,14}$'),  -- E.164 with its plus
  created_at     timestamptz not null default now(),
  updated_at     timestamptz not null default now()
);

create table if not exists public.avatars (
  id                   uuid                    primary key default gen_random_uuid(),
  user_id              uuid                    not null unique references auth.users (id) on delete cascade,
  name                 text                    not null,
  age                  integer                 not null check (age >= 20),  -- an avatar is an adult
  personality          public.personality_type not null,
  physical_description text,
  created_at           timestamptz             not null default now()
);

create table if not exists public.messages (
  id         uuid                   primary key default gen_random_uuid(),
  user_id    uuid                   not null references auth.users (id) on delete cascade,
  avatar_id  uuid                   references public.avatars (id) on delete set null,
  channel    public.message_channel not null,
  role       public.message_role    not null,
  content    text                   not null,
  created_at timestamptz            not null default now()
);

-- --- indexes -------------------------------------------------------------------------------------

create index if not exists idx_user_preferences_user_id on public.user_preferences (user_id);
create index if not exists idx_avatars_user_id on public.avatars (user_id);
create index if not exists idx_messages_user_id on public.messages (user_id);
create index if not exists idx_messages_user_created on public.messages (user_id, created_at desc);

-- The webhook finds a person by phone through this one; a number belongs to one person at a time.
create unique index if not exists idx_user_preferences_phone
  on public.user_preferences (whatsapp_phone) where whatsapp_phone is not null;

-- --- row-level security --------------------------------------------------------------------------

alter table public.user_preferences enable row level security;
alter table public.avatars enable row level security;
alter table public.messages enable row level security;

-- (SELECT auth.uid()) is looked up once per statement; without the SELECT it would be once per row.

drop policy if exists user_preferences_select_own on public.user_preferences;
create policy user_preferences_select_own on public.user_preferences
  for select to authenticated using ((select auth.uid()) = user_id);

drop policy if exists user_preferences_insert_own on public.user_preferences;
create policy user_preferences_insert_own on public.user_preferences
  for insert to authenticated with check ((select auth.uid()) = user_id);

drop policy if exists user_preferences_update_own on public.user_preferences;
create policy user_preferences_update_own on public.user_preferences
  for update to authenticated
  using ((select auth.uid()) = user_id) with check ((select auth.uid()) = user_id);

drop policy if exists avatars_select_own on public.avatars;
create policy avatars_select_own on public.avatars
  for select to authenticated using ((select auth.uid()) = user_id);

drop policy if exists avatars_insert_own on public.avatars;
create policy avatars_insert_own on public.avatars
  for insert to authenticated with check ((select auth.uid()) = user_id);

drop policy if exists avatars_update_own on public.avatars;
create policy avatars_update_own on public.avatars
  for update to authenticated
  using ((select auth.uid()) = user_id) with check ((select auth.uid()) = user_id);

drop policy if exists avatars_delete_own on public.avatars;
create policy avatars_delete_own on public.avatars
  for delete to authenticated using ((select auth.uid()) = user_id);

drop policy if exists messages_select_own on public.messages;
create policy messages_select_own on public.messages
  for select to authenticated using ((select auth.uid()) = user_id);

drop policy if exists messages_insert_own on public.messages;
create policy messages_insert_own on public.messages
  for insert to authenticated with check ((select auth.uid()) = user_id);

-- --- grants --------------------------------------------------------------------------------------

-- Older Supabase projects grant everything on a new table to these roles, newer ones nothing.
revoke all on public.user_preferences, public.avatars, public.messages from public, anon, authenticated;

-- A number gets in by proof (009) and a person speaks through say() (007), so those two are theirs to read only.
grant select on public.user_preferences, public.messages to authenticated;
grant select, delete on public.avatars to authenticated;
grant insert (user_id, name, age, personality, physical_description) on public.avatars to authenticated;
grant update (name, age, personality, physical_description) on public.avatars to authenticated;
grant all on public.user_preferences, public.avatars, public.messages to service_role;

insert into public.schema_migrations (name) values ('001_initial_schema') on conflict (name) do nothing;

commit;

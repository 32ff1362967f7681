-- 014_audit_log
-- Date:   2026-11-22
-- What:   what happened to an account, when: rows that nobody can change, for the person to read.
-- Why:    docs/decisions/0010-the-audit-log-outlives-the-account.md
-- Locks:  a moment of SHARE ROW EXCLUSIVE on public.avatars and public.user_preferences.
-- Undo:   drop trigger audit on public.avatars; drop trigger audit on public.user_preferences;
--         drop table public.audit_log;
--         drop function public.record_event, public.record_failed_sign_in, public.my_events,
--         public.audit_avatar, public.audit_phone, public.refuse_change; drop type public.audit_event;
--         delete from public.schema_migrations where name = '014_audit_log';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

do $$ begin
  create type public.audit_event as enum (
    'signed_up', 'signed_in', 'sign_in_failed', 'signed_out', 'session_reused', 'password_changed',
    'phone_linked', 'phone_unlinked', 'phone_taken_over',
    'avatar_created', 'avatar_changed', 'avatar_deleted', 'exported', 'deletion_requested');
exception when duplicate_object then null;
end $$;

-- Ids and nothing else, so that it may outlive the account; therefore no foreign key either.
create table if not exists public.audit_log (
  id      bigint             generated always as identity primary key,
  at      timestamptz        not null default clock_timestamp(),
  user_id uuid               not null,
  event   public.audit_event not null,
  about   uuid                          -- which avatar or session it was
);
create index if not exists audit_log_user on public.audit_log (user_id, id desc);

-- --- rights --------------------------------------------------------------------------------------

alter table public.audit_log enable row level security;
revoke all on public.audit_log from public, anon, authenticated, service_role;
grant select on public.audit_log to authenticated, service_role;
drop policy if exists audit_log_select_own on public.audit_log;
create policy audit_log_select_own on public.audit_log for select to authenticated
  using ((select auth.uid()) = user_id);
drop policy if exists audit_log_service on public.audit_log;
create policy audit_log_service on public.audit_log for select to service_role using (true);

-- No grant binds the owner of a table; this does.
create or replace function public.refuse_change()
returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  raise insufficient_privilege using message = tg_table_name || ' is append-only';
end $$;

drop trigger if exists append_only on public.audit_log;
create trigger append_only before update or delete or truncate on public.audit_log
  for each statement execute function public.refuse_change();
alter table public.audit_log enable always trigger append_only;  -- for a replica's session too

-- --- writing -------------------------------------------------------------------------------------

-- SECURITY DEFINER, here and below: nobody else may insert.
create or replace function public.record_event(
  p_person uuid, p_event public.audit_event, p_about uuid default null)
returns void language sql security definer set search_path = public, pg_temp as $$
  insert into audit_log (user_id, event, about) values (p_person, p_event, p_about)
$$;

-- Somebody gave a wrong password for this e-mail (lower case). Not flushed: how long it takes shall
-- not tell whether there is such an account.
create or replace function public.record_failed_sign_in(p_email text)
returns void language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into audit_log (user_id, event)
  select id, 'sign_in_failed' from person_with_email(p_email) as id where id is not null;
end $$;

-- By triggers, so that it counts as well what a person does around the JSON endpoints.

create or replace function public.audit_avatar()
returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  case tg_op
    when 'INSERT' then perform record_event(new.user_id, 'avatar_created', new.id);
    when 'UPDATE' then perform record_event(new.user_id, 'avatar_changed', new.id);
    when 'DELETE' then perform record_event(old.user_id, 'avatar_deleted', old.id);
  end case;
  return null;
end $$;

drop trigger if exists audit on public.avatars;
create trigger audit after insert or delete on public.avatars
  for each row execute function public.audit_avatar();
drop trigger if exists audit_change on public.avatars;
create trigger audit_change after update on public.avatars
  for each row when (old is distinct from new) execute function public.audit_avatar();

-- A number that goes was given up by the person themself (unlink_phone), or else taken by another one
-- who proved it (redeem_link_code).
create or replace function public.audit_phone()
returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform record_event(new.user_id, case
    when new.whatsapp_phone is not null then 'phone_linked'
    when (select auth.uid()) = new.user_id then 'phone_unlinked'
    else 'phone_taken_over' end::audit_event);
  return null;
end $$;

drop trigger if exists audit on public.user_preferences;
create trigger audit after insert on public.user_preferences
  for each row when (new.whatsapp_phone is not null) execute function public.audit_phone();
drop trigger if exists audit_change on public.user_preferences;
create trigger audit_change after update of whatsapp_phone on public.user_preferences
  for each row when (old.whatsapp_phone is distinct from new.whatsapp_phone)
  execute function public.audit_phone();

-- --- reading -------------------------------------------------------------------------------------

-- At most p_limit of the caller's events, newest first, behind p_before; null: from the newest.
create or replace function public.my_events(p_limit integer, p_before bigint)
returns setof public.audit_log language sql stable set search_path = public, pg_temp as $$
  select * from audit_log
  where user_id = (select auth.uid()) and (p_before is null or id < p_before)
  order by id desc limit p_limit
$$;

revoke execute on function
  public.refuse_change(),
  public.record_event(uuid, public.audit_event, uuid),
  public.record_failed_sign_in(text),
  public.audit_avatar(),
  public.audit_phone(),
  public.my_events(integer, bigint)
from public, anon, authenticated;
grant execute on function
  public.record_event(uuid, public.audit_event, uuid),
  public.record_failed_sign_in(text)
to service_role;
grant execute on function public.my_events(integer, bigint) to authenticated;

insert into public.schema_migrations (name) values ('014_audit_log') on conflict do nothing;
commit;

-- 027_retention
-- Date:   2026-11-22
-- What:   what is not needed any more is deleted, a little at a time: updates, sent messages, chats with
--         strangers. And account copies and deletions know of whatsapp_chats.
-- Why:    docs/operations.md
-- Locks:  SHARE on public.inbox and public.outbox while their indexes are built: deliveries wait, and Meta
--         repeats what waited too long. With millions of rows build both before, `concurrently`.
-- Undo:   drop function public.forget_old; drop index public.inbox_old, public.outbox_old;
--         then export_account and erase_account of 015 again;
--         delete from public.schema_migrations where name = '027_retention';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

-- Not of a message that waits, so that one is acknowledged without it. A BRIN index would cost as much as soon
-- as the space of deleted rows is used again, and by then find nothing (docs/operations.md).
create index if not exists inbox_old on public.inbox (received_at)
  where kind <> 'message' or handled_at is not null;
create index if not exists outbox_old on public.outbox (queued_at);

-- Deletes at most p_most of each kind and returns how many that were: updates after p_inbox (at least 8 days,
-- since Meta repeats a delivery for 7), messages to WhatsApp that have arrived or failed after p_outbox (at
-- least 31, since statuses come for 30), chats with people who have no account p_chats after they were last
-- heard of, or p_silenced where they said STOP. 0 as well while another process is at it.
create or replace function public.forget_old(
  p_inbox interval, p_outbox interval, p_chats interval, p_silenced interval, p_most integer)
returns integer language plpgsql set search_path = public, pg_temp as $$
declare
  v_inbox  integer;
  v_outbox integer;
  v_chats  integer;
  v_share  double precision;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('forget_old', 0)) then
    return 0;
  end if;
  perform set_config('synchronous_commit', 'off', true);

  -- By arrays: of a join the planner would think that it is about a tenth of the table.
  delete from inbox where key = any (array(
    select key from inbox
    where (kind <> 'message' or handled_at is not null)
      and received_at < now() - greatest(p_inbox, interval '8 days')
    order by received_at limit p_most for update skip locked));
  get diagnostics v_inbox = row_count;

  delete from outbox where id = any (array(
    select id from outbox
    where status in ('sent', 'delivered', 'read', 'failed') and dead_at is null
      and queued_at < now() - greatest(p_outbox, interval '31 days')
    order by queued_at limit p_most for update skip locked));
  get diagnostics v_outbox = row_count;

  -- An index on when they were heard of would have to be kept up with everything that they write. So this
  -- looks at all chats where they are few, and otherwise at some that chance picks.
  select least(100, 100.0 * 10 * p_most / greatest(reltuples, 1)) into v_share
  from pg_class where oid = 'public.whatsapp_chats'::regclass;
  delete from whatsapp_chats where key = any (array(
    select key from whatsapp_chats tablesample system (v_share)
    where coalesce(last_heard_at, '-infinity') < now() - p_chats
      and paced_until < now() - p_chats
      and coalesce(silenced_at, '-infinity') < now() - p_silenced
      and case when exists (  -- most people, at a tenth of the cost
                 select from user_preferences where whatsapp_phone = '+' || substr(key, 4)) then false
               else person_of_key(key) is null end
    limit p_most for update skip locked));
  get diagnostics v_chats = row_count;

  return v_inbox + v_outbox + v_chats;
end $$;

-- --- everything about a person (015) --------------------------------------------------------------

-- Everything, by table. Of secrets only that they are there: a code, a token or its hash would open
-- something to whoever finds the file.
create or replace function public.export_account()
returns jsonb language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_person  uuid := (select auth.uid());
  v_account jsonb := my_account();
  v_keys    text[];
  v_since   timestamptz := linked_since(v_person);
begin
  if v_account is null then
    return null;
  end if;
  perform record_event(v_person, 'exported');
  v_keys := sender_keys_of(v_person);
  return jsonb_build_object(
    'account', v_account,
    'user_preferences', (
      select to_jsonb(p) - 'user_id' from user_preferences p where user_id = v_person),
    'link_codes', (
      select jsonb_build_object('phone', phone, 'expires_at', expires_at, 'used', used_by is not null)
      from link_codes where user_id = v_person),
    'whatsapp_identities', to_jsonb(array(
      select jsonb_build_object('bsuid', bsuid, 'wa_id', wa_id, 'ended_at', ended_at)
      from whatsapp_identities where user_id = v_person order by ended_at nulls last)),
    'avatars', to_jsonb(array(
      select to_jsonb(a) - 'user_id' from avatars a where user_id = v_person)),
    'messages', to_jsonb(array(
      select to_jsonb(m) - 'user_id' from messages m where user_id = v_person
      order by created_at, id)),
    'outbox', to_jsonb(array(
      select to_jsonb(o) from outbox_of(v_person, v_keys, v_since) o order by seq)),
    'inbox', to_jsonb(array(
      -- what could not be read may be about others as well
      select case when i.kind = 'other' then to_jsonb(i) - 'payload' else to_jsonb(i) end
      from inbox_of(v_person, v_keys, v_since) i order by received_at, position, key)),
    'whatsapp_chats', to_jsonb(array(
      select to_jsonb(c) from whatsapp_chats c
      where key = any (v_keys) and last_heard_at >= v_since order by key)),
    'attention', to_jsonb(array(
      select jsonb_build_object('key', key, 'waiting_since', waiting_since, 'attempts', attempts)
      from attention where key = any (v_keys))),
    'account_sessions', to_jsonb(array(
      select jsonb_build_object('created_at', created_at, 'refreshed_at', refreshed_at,
                                'expires_at', expires_at)
      from account_sessions where user_id = v_person order by created_at)),
    'one_time_links', to_jsonb(array(
      select jsonb_build_object('purpose', purpose, 'expires_at', expires_at, 'used_at', used_at)
      from one_time_links where user_id = v_person or email = v_account ->> 'email'
      order by expires_at)),
    'audit_log', to_jsonb(array(
      select to_jsonb(e) - 'user_id' from audit_log e where user_id = v_person order by id)));
end $$;

-- Deletes everything, the account itself where Ava keeps it, and returns {deleted: {table: rows},
-- kept: {table: rows}}. Supabase Auth keeps its accounts itself, and must be asked.
create or replace function public.erase_account()
returns jsonb language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_person  uuid := (select auth.uid());
  v_email   text;
  v_keys    text[];
  v_inbox   text[];
  v_outbox  uuid[];
  v_table   text;
  v_count   bigint;
  v_deleted jsonb := '{}';
begin
  if my_account() is null then
    return null;
  end if;
  -- Reads much, so it locks nothing yet; what comes in the meantime is found below, by indexes.
  v_keys := sender_keys_of(v_person);
  v_inbox := array(select key from inbox_of(v_person, v_keys, '-infinity'));
  v_outbox := array(select id from outbox_of(v_person, v_keys, '-infinity'));

  -- Whoever is just writing something for this person finishes first, and others wait: a new row takes
  -- a lock on the account that it belongs to.
  select lower(email) into v_email from auth.users where id = v_person for update;
  if not found then
    return null;
  end if;
  perform record_event(v_person, 'deletion_requested');

  -- First, so that no message comes between which nobody would look at.
  delete from attention where key = any (v_keys);
  get diagnostics v_count = row_count;
  v_deleted := v_deleted || jsonb_build_object('attention', v_count);

  delete from inbox where key = any (v_inbox || array(
    select 'message:' || wamid from messages where user_id = v_person and wamid is not null
    union all
    select key from inbox where sender = any (v_keys) and kind = 'message' and handled_at is null));
  get diagnostics v_count = row_count;
  v_deleted := v_deleted || jsonb_build_object('inbox', v_count);

  delete from outbox where id = any (v_outbox || array(
    select o.id from outbox o join messages m on m.id = o.message_id where m.user_id = v_person));
  get diagnostics v_count = row_count;
  v_deleted := v_deleted || jsonb_build_object('outbox', v_count);

  delete from whatsapp_chats where key = any (v_keys);
  get diagnostics v_count = row_count;
  v_deleted := v_deleted || jsonb_build_object('whatsapp_chats', v_count);

  delete from one_time_links where user_id = v_person or email = v_email;
  get diagnostics v_count = row_count;
  v_deleted := v_deleted || jsonb_build_object('one_time_links', v_count);

  delete from refresh_tokens
  where session_id in (select id from account_sessions where user_id = v_person);
  get diagnostics v_count = row_count;
  v_deleted := v_deleted || jsonb_build_object('refresh_tokens', v_count);

  foreach v_table in array array[
    'messages', 'avatars', 'link_codes', 'whatsapp_identities', 'user_preferences',
    'account_sessions', 'account_passwords', 'idempotency_keys'
  ] loop
    execute format('delete from public.%I where user_id = $1', v_table) using v_person;
    get diagnostics v_count = row_count;
    v_deleted := v_deleted || jsonb_build_object(v_table, v_count);
  end loop;

  if v_deleted -> 'account_passwords' > '0' then
    delete from auth.users where id = v_person;
  end if;

  return jsonb_build_object('deleted', v_deleted, 'kept', jsonb_build_object(
    'audit_log', (select count(*) from audit_log where user_id = v_person)));
end $$;

revoke execute on function
  public.forget_old(interval, interval, interval, interval, integer),
  public.export_account(),
  public.erase_account()
from public, anon, authenticated;
grant execute on function
  public.forget_old(interval, interval, interval, interval, integer)
to service_role;
grant execute on function public.export_account(), public.erase_account() to authenticated;

insert into public.schema_migrations (name) values ('027_retention') on conflict do nothing;
commit;

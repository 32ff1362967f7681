-- 015_account
-- Date:   2026-11-22
-- What:   everything about a person at once: to look at, to take away, to delete.
-- Why:    docs/decisions/0010-the-audit-log-outlives-the-account.md
-- Locks:  SHARE on public.messages while an index is built: nobody writes messages meanwhile.
-- Undo:   drop index public.messages_avatar;
--         drop function public.my_account, public.export_account, public.erase_account,
--         public.inbox_of, public.outbox_of, public.linked_since, public.sender_keys_of,
--         public.spellings_of, public.wa_ids_of;
--         delete from public.schema_migrations where name = '015_account';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

-- An avatar that is deleted leaves its messages: without this it looks for them in everybody's.
create index if not exists messages_avatar on public.messages (avatar_id) where avatar_id is not null;

-- --- what is about whom --------------------------------------------------------------------------

-- The ids that WhatsApp may have for a number.
create or replace function public.wa_ids_of(p_phone text)
returns text[] language sql immutable set search_path = public, pg_temp as $$
  select array_remove(array[digits, case
    when digits ~ '^521\d{10}$' then '52' || right(digits, 10)
    when digits ~ '^52\d{10}$' then '521' || right(digits, 10)
    when digits ~ '^54\d{10}$' then '549' || right(digits, 10)
    when digits ~ '^55[1-9]\d9[6-9]\d{7}$' then left(digits, 4) || right(digits, 8)
    when digits ~ '^55[1-9]\d[6-9]\d{7}$' then left(digits, 4) || '9' || right(digits, 8)
  end], null)
  from ltrim(p_phone, '+') as digits
$$;

-- The other way round: the numbers that may be the one WhatsApp calls p_wa_id, itself first. As
-- spellings() in bot/phones.py says it.
create or replace function public.spellings_of(p_wa_id text)
returns text[] language sql immutable set search_path = public, pg_temp as $$
  select array_remove(array['+' || p_wa_id, case
    when p_wa_id ~ '^521\d{10}$' then '+52' || right(p_wa_id, 10)
    when p_wa_id ~ '^52\d{10}$' then '+521' || right(p_wa_id, 10)
    when p_wa_id ~ '^549\d{10}$' then '+54' || right(p_wa_id, 10)
    when p_wa_id ~ '^55[1-9]\d9[6-9]\d{7}$' then '+' || left(p_wa_id, 4) || right(p_wa_id, 8)
    when p_wa_id ~ '^55[1-9]\d[6-9]\d{7}$' then '+' || left(p_wa_id, 4) || '9' || right(p_wa_id, 8)
  end], null)
$$;

-- The names by which the queue knows this person: in the app, by their number, and by ids from which
-- they wrote as far as those are theirs. Not by a number that they had once: it is somebody else's, or
-- may have been in the meantime.
create or replace function public.sender_keys_of(p_person uuid)
returns text[] language sql stable set search_path = public, pg_temp as $$
  with used as (
    select 'wa:' || unnest(wa_ids_of(whatsapp_phone)) as key
    from user_preferences where user_id = p_person and whatsapp_phone is not null
    union
    select 'bsuid:' || bsuid from whatsapp_identities where user_id = p_person
    union
    select sender from inbox where sender like 'wa:%' and key in (
      select 'message:' || wamid from messages where user_id = p_person and wamid is not null)
  )
  select array_agg(key) || ('app:' || p_person) from used
  where key like 'bsuid:%' or find_person(spellings_of(substr(key, 4)), null) = p_person
$$;

-- Since when their number is theirs. What came from it or went to it earlier is somebody else's.
create or replace function public.linked_since(p_person uuid)
returns timestamptz language sql stable set search_path = public, pg_temp as $$
  select coalesce(
    (select max(at) from audit_log where user_id = p_person and event = 'phone_linked'),
    (select updated_at from user_preferences where user_id = p_person))
$$;

create or replace function public.outbox_of(p_person uuid, p_keys text[], p_since timestamptz)
returns setof public.outbox language sql stable set search_path = public, pg_temp as $$
  select * from outbox
  where message_id in (select id from messages where user_id = p_person)
    or message_id is null and recipient = any (p_keys) and queued_at >= p_since
$$;

-- What Meta delivered from them and of what they were sent: by the messages that are theirs, and by
-- the names they are known by as far as no message of somebody else's stands against it. Reads the
-- whole inbox: an index would have to be kept up before every acknowledgement.
create or replace function public.inbox_of(p_person uuid, p_keys text[], p_since timestamptz)
returns setof public.inbox language sql stable set search_path = public, pg_temp as $$
  with ids as (
    select substring(key from ':(.*)') as id from unnest(p_keys) as key where key not like 'app:%'
  ), sent as (
    select wamid from outbox_of(p_person, p_keys, p_since) where wamid is not null
  )
  select * from inbox i
  where key in (
      select 'message:' || wamid from messages where user_id = p_person and wamid is not null
      union all
      select 'message:' || used_by from link_codes where user_id = p_person and used_by is not null)
    or sender = any (p_keys) and received_at >= p_since and not exists (
      select from messages m where m.wamid = substr(i.key, 9) and m.user_id <> p_person
      union all
      select from link_codes c where c.used_by = substr(i.key, 9) and c.user_id <> p_person)
    or kind = 'status' and (  -- status:<wamid>:<status>:<recipient>
      split_part(key, ':', 2) in (select wamid from sent)
      or ltrim(substring(key from '[^:]*$'), '+') in (select id from ids)
        and received_at >= p_since and not exists (
          select from outbox o where o.wamid = split_part(i.key, ':', 2)))
    or kind = 'other' and received_at >= p_since and exists (
      select from ids where payload ~ ('(^|[^0-9])' || regexp_replace(id, '\W', '\\\&', 'g')
                                       || '([^0-9]|$)'))
$$;

-- --- what a person asks for ----------------------------------------------------------------------

-- SECURITY DEFINER, here and below: the account itself is in a schema that is closed to people, and of
-- the tables most are. It is always the caller's own, auth.uid(); null: there is no account any more.

create or replace function public.my_account()
returns jsonb language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object('id', id, 'email', lower(email), 'created_at', created_at)
  from auth.users where id = (select auth.uid())
$$;

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
      select bsuid from whatsapp_identities where user_id = v_person)),
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
  public.wa_ids_of(text),
  public.spellings_of(text),
  public.sender_keys_of(uuid),
  public.linked_since(uuid),
  public.outbox_of(uuid, text[], timestamptz),
  public.inbox_of(uuid, text[], timestamptz),
  public.my_account(),
  public.export_account(),
  public.erase_account()
from public, anon, authenticated;
grant execute on function public.my_account(), public.export_account(), public.erase_account()
to authenticated;

insert into public.schema_migrations (name) values ('015_account') on conflict do nothing;
commit;

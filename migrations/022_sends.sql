-- 022_sends
-- Date:   2026-11-22
-- What:   each step of a message on its way to WhatsApp, and what is done about each refusal.
-- Why:    docs/decisions/0013-each-refusal-has-one-cure.md
-- Locks:  a moment of ACCESS EXCLUSIVE on public.outbox, and SHARE while an index is built; no table is
--         rewritten.
-- Undo:   drop function public.begin_send, public.sent_send, public.send_in_doubt, public.repeat_send,
--         public.refuse, public.refuse_chat, public.refuse_send, public.lock_wamids, public.queue_sends;
--         drop index public.outbox_dead; alter table public.outbox drop column tries, drop column cure,
--         drop column dead_at, drop column kind;
--         then reflect_outbox, move_send and queue_sends of 005 and doubted_for of 011 again, with their
--         rights;
--         delete from public.schema_migrations where name = '022_sends';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

alter table public.outbox
  add column if not exists kind    text not null default 'text' check (kind in ('text', 'template')),
  add column if not exists tries   integer not null default 0,  -- in a row that Meta refused with one cure
  add column if not exists cure    text,
  add column if not exists dead_at timestamptz;  -- it failed for a reason that an operator should look at
create index if not exists outbox_dead on public.outbox (dead_at) where dead_at is not null;

-- Locks are taken in this order, from 020 to 024: wamids (advisory), outbox, messages, service_messages, inbox,
-- whatsapp_numbers, attention, whatsapp_chats; rows of one table by their key.

-- A reply is as far as the last of its parts, and never goes back; one part that failed fails it.
create or replace function public.reflect_outbox(p_messages uuid[])
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  perform from messages where id = any (p_messages) order by id for update;
  update messages m set status = parts.status  -- sees what came while the lock was awaited
  from (
    select message_id,
           case when bool_or(status = 'failed') then 'failed' else min(status) end as status
    from outbox where message_id = any (p_messages) group by message_id
  ) parts
  where m.id = parts.message_id and (m.status is null or moves_forward(m.status, parts.status));
end $$;

-- Put what is to be sent into the outbox, once for each key; with p_again, once in that time. Returns
-- what is to be sent now. p_begin: the first of it is on its way already.
drop function if exists public.queue_sends(text, uuid, text, text[], interval);
create or replace function public.queue_sends(
  p_key text, p_message uuid, p_recipient text, p_parts text[], p_again interval default null,
  p_kind text default 'text', p_begin boolean default false)
returns setof public.outbox language sql set search_path = public, pg_temp as $$
  insert into outbox as o (key, message_id, recipient, kind, body, status)
  select p_key || ':' || part, p_message, p_recipient, p_kind, body,
         case when p_begin and part = 1 then 'sending' else 'queued' end::reply_status
  from unnest(p_parts) with ordinality as parts (body, part)
  order by part
  on conflict (key) do update set
    id = gen_random_uuid(), body = excluded.body, status = excluded.status, since = clock_timestamp(),
    queued_at = clock_timestamp(), wamid = null, error_code = null, error_details = null,
    doubted_at = null, tries = 0, cure = null, dead_at = null
  where o.queued_at <= clock_timestamp() - p_again
  returning *
$$;

-- From 'queued' to 'sending', before the request leaves. False: not now, or never, as to a number that is theirs no
-- more, or what is tried again although they have said STOP since it was queued.
create or replace function public.begin_send(p_id uuid)
returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  v_send outbox;
begin
  select * into v_send from outbox where id = p_id and status = 'queued' for update;
  if not found then
    return false;
  end if;
  if not may_be_sent(p_id) or exists (
    select from whatsapp_chats
    where key = any (chat_keys_of(v_send.recipient, person_of(v_send.recipient)))
      and (silenced_at > v_send.queued_at or silenced_at is not null and v_send.kind = 'template')
  ) then
    perform refuse(p_id, null, 'cancelled', null, null);
    return false;
  end if;
  update outbox set status = 'sending', since = clock_timestamp(), doubted_at = null where id = p_id;
  perform reflect_outbox(array[v_send.message_id]) where v_send.message_id is not null;
  return true;
end $$;

-- Whoever learns of a wamid and whoever brings a status that knows it by nothing else take turns: otherwise the
-- one would not see the wamid yet, nor the other the status that is parked.
create or replace function public.lock_wamids(p_wamids text[])
returns void language sql set search_path = public, pg_temp as $$
  select pg_advisory_xact_lock(-1 - slot)  -- few enough for the server's table of locks
  from (
    select distinct abs(hashtext(wamid)::bigint) % 256 as slot from unnest(p_wamids) as wamid order by 1
  ) as slots
$$;

-- Meta accepted it. Not flushed: should the server lose it, the statuses that come carry our id, and tell. False:
-- a status was faster, and said that this try failed.
create or replace function public.sent_send(p_id uuid, p_wamid text, p_number text)
returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  v_send   outbox;
  v_parked jsonb;
begin
  perform set_config('synchronous_commit', 'off', true);
  perform lock_wamids(array[p_wamid]);
  select * into v_send from outbox where id = p_id for update;
  update outbox
  set status = case when moves_forward(status, 'sent') then 'sent' else status end,
      since = clock_timestamp(), wamid = coalesce(wamid, p_wamid), doubted_at = null
  where id = p_id;
  perform reflect_outbox(array[v_send.message_id]) where v_send.message_id is not null;
  perform count_service_messages(p_number, 1) where v_send.kind = 'text' and v_send.wamid is null;

  with parked as (
    update inbox set handled_at = now(), report = null
    from (select key, report from inbox
          where kind = 'status' and handled_at is null and split_part(key, ':', 2) = p_wamid
            and report is not null
          order by key for update) as found
    where inbox.key = found.key
    returning found.report
  )
  select jsonb_agg(report) into v_parked from parked;
  perform cure_number(p_number, null);
  if v_parked is not null then
    perform follow_reports(apply_reports(v_parked, p_number));
  end if;
  return exists (select from outbox where id = p_id and status <> 'failed');
end $$;

-- Nobody knows what became of this send. Returns the seconds for which that has been so and a status could have
-- told us: not before the server last started, and none while nothing at all has reached us from Meta since it
-- was begun, unless that goes on for ten minutes. Null: by now somebody knows.
create or replace function public.send_in_doubt(p_id uuid)
returns double precision language plpgsql set search_path = public, pg_temp as $$
declare
  v_since   timestamptz;
  v_doubted timestamptz;
  v_heard   timestamptz := (
    select max(received_at) from inbox where kind <> 'message' or handled_at is not null);
begin
  update outbox set doubted_at = coalesce(doubted_at, clock_timestamp())
  where id = p_id and status = 'sending'
  returning since, greatest(doubted_at, pg_postmaster_start_time()) into v_since, v_doubted;
  if not found then
    return null;
  end if;
  return extract(epoch from case
    when v_heard > v_since or clock_timestamp() - v_doubted > interval '10 min'
      then clock_timestamp() - v_doubted
    else interval '0' end);
end $$;

-- No status came, although other things did: the request never arrived, and is made again. What is not heard of
-- after three repeats is left for an operator: false.
create or replace function public.repeat_send(p_id uuid)
returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  v_repeats integer;
begin
  select case when cure = 'unknown' then tries else 0 end into v_repeats
  from outbox where id = p_id and status = 'sending' for update;
  if not found or v_repeats >= 3 then
    perform refuse(p_id, null, 'given_up', null, null) where v_repeats >= 3;
    return false;
  end if;
  update outbox
  set status = 'queued', since = clock_timestamp(), doubted_at = null, cure = 'unknown', tries = v_repeats + 1
  where id = p_id;
  return true;
end $$;

-- --- refusals ------------------------------------------------------------------------------------

-- Meta will not have this send, for p_code. p_cure is what helps (Cure in bot/errors.py, 'cancelled' or
-- 'given_up'); each has one behaviour, here and in refuse_chat. Returns the seconds until it may be tried again; null: not by itself.
create or replace function public.refuse(
  p_id uuid, p_code integer, p_cure text, p_details text, p_number text)
returns double precision language plpgsql set search_path = public, pg_temp as $$
declare
  v_send  outbox;
  v_tries integer;  -- before this one, for which the same helped
  v_again interval;
begin
  perform from outbox
  where id = p_id or message_id = (select message_id from outbox where id = p_id)
  order by id for update;
  select * into v_send from outbox where id = p_id;
  if not found or not moves_forward(v_send.status, 'failed') then
    return null;
  end if;
  if v_send.kind = 'template' and p_cure = 'operator' then
    p_cure := 'ours';  -- whoever must see to a template need not stop everything else
  end if;
  v_tries := case when v_send.cure = p_cure then v_send.tries else 0 end;
  v_again := case p_cure
    when 'transient' then least(2 ^ least(v_tries, 10), 120) * (0.8 + 0.4 * random()) * interval '1 s'
    when 'few_tries' then case when v_tries < 3
      then 2 * 4 ^ v_tries * (0.8 + 0.4 * random()) * interval '1 s' end
    when 'throttled' then least(2 ^ least(v_tries, 10), 60) * interval '1 s'
    when 'pair_rate' then 4 ^ least(v_tries, 3) * interval '1 s'
    when 'operator'  then interval '30 s'
  end;

  if v_again is null and p_cure <> 'window_closed' then
    -- the parts behind it would make no sense alone
    update outbox
    set status = 'failed', since = clock_timestamp(), error_code = case when id = p_id then p_code end,
        error_details = case when id = p_id then p_details end, doubted_at = null,
        dead_at = case when id = p_id and p_cure in ('ours', 'few_tries', 'given_up') then clock_timestamp() end
    where id = p_id or message_id = v_send.message_id and status = 'queued';
  else
    update outbox
    set id = gen_random_uuid(),  -- a status of the old try must not speak of the new one
        status = 'queued', since = clock_timestamp(), wamid = null, doubted_at = null,
        tries = v_tries + 1, cure = p_cure, error_code = p_code, error_details = p_details
    where id = p_id;
  end if;
  perform reflect_outbox(array[v_send.message_id]) where v_send.message_id is not null;

  if p_cure = 'throttled' then
    perform slow_down(p_number, v_again);
  elsif p_cure = 'operator' then
    perform stop_number(p_number, p_code, v_again, v_send.wamid is not null);
  end if;
  return extract(epoch from v_again);
end $$;

-- What a refusal of what was sent at p_since means for everything else that goes to the same person, unless
-- they have written since.
create or replace function public.refuse_chat(
  p_key text, p_code integer, p_cure text, p_again double precision, p_since timestamptz)
returns void language sql set search_path = public, pg_temp as $$
  update whatsapp_chats set
    closed_at = case when p_cure = 'window_closed' then clock_timestamp() else closed_at end,
    unreachable_code = case when p_cure = 'unreachable' then p_code else unreachable_code end,
    paced_until = case when p_cure = 'pair_rate' then greatest(
        paced_until, clock_timestamp() + make_interval(secs => p_again) + 9 * interval '6 s')
      else paced_until end
  where key = p_key and (
    p_cure = 'pair_rate'
    or p_cure in ('window_closed', 'unreachable') and coalesce(last_heard_at <= p_since, true))
$$;

-- Meta's answer to a request of ours was a refusal.
create or replace function public.refuse_send(
  p_id uuid, p_code integer, p_cure text, p_details text, p_number text)
returns double precision language plpgsql set search_path = public, pg_temp as $$
declare
  v_recipient text := (select recipient from outbox where id = p_id);
  v_again     double precision := refuse(p_id, p_code, p_cure, p_details, p_number);
begin
  perform refuse_chat(v_recipient, p_code, p_cure, v_again, clock_timestamp());
  return v_again;
end $$;

drop function if exists
  public.move_send(uuid, public.reply_status, text, integer),
  public.doubted_for(uuid);

do $$
declare
  v_function text;
begin
  foreach v_function in array array[
    'queue_sends(text, uuid, text, text[], interval, text, boolean)',
    'begin_send(uuid)',
    'lock_wamids(text[])',
    'sent_send(uuid, text, text)',
    'send_in_doubt(uuid)',
    'repeat_send(uuid)',
    'refuse(uuid, integer, text, text, text)',
    'refuse_chat(text, integer, text, double precision, timestamptz)',
    'refuse_send(uuid, integer, text, text, text)'
  ] loop
    execute format('revoke execute on function public.%s from public, anon, authenticated', v_function);
    execute format('grant execute on function public.%s to service_role', v_function);
  end loop;
end $$;

insert into public.schema_migrations (name) values ('022_sends') on conflict do nothing;
commit;

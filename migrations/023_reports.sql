-- 023_reports
-- Date:   2026-11-22
-- What:   "take this delivery" once more: statuses that come before we know what they are about are parked,
--         and each refusal in them is treated as one in an answer.
-- Why:    docs/decisions/0013-each-refusal-has-one-cure.md
-- Locks:  a moment of ACCESS EXCLUSIVE on public.inbox, which gets a column that is null, and SHARE while an
--         index is built: deliveries wait, and Meta repeats what waited too long.
-- Undo:   drop function public.apply_reports, public.nudges_of, public.refuse_chats, public.follow_reports,
--         public.take_delivery; drop index public.inbox_parked; alter table public.inbox drop column report;
--         then apply_reports of 005 and take_delivery of 006 again, with their rights;
--         delete from public.schema_migrations where name = '023_reports';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

alter table public.inbox
  add column if not exists report jsonb;  -- of a status that is parked: we do not know yet what it is about
create index if not exists inbox_parked on public.inbox (split_part(key, ':', 2))
  where kind = 'status' and handled_at is null;

-- Meta's reports: [{send_id, wamid, status, error_code, error_details, cure}]. Returns {known: [wamid], refused:
-- [{recipient, code, cure, again, since}], settled: [recipient]}: what is known to be ours, whom a refusal is about,
-- and who waited to know what became of a send.
drop function if exists public.apply_reports(jsonb);
create or replace function public.apply_reports(p_reports jsonb, p_number text)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_known    text[];
  v_messages uuid[];
  v_settled  text[];
  v_accepted integer;
  v_sent_at  timestamptz;
  v_failed   jsonb;
  v_refused  jsonb;
begin
  with reports as (
    select * from jsonb_to_recordset(p_reports) as r (
      send_id uuid, wamid text, status reply_status, error_code integer, error_details text, cure text)
  ), matched as (
    select o.id, r.* from reports r join outbox o on o.id = r.send_id
    union
    select o.id, r.* from reports r join outbox o on o.wamid = r.wamid where r.send_id is null
  ), furthest as (
    select distinct on (id) * from matched order by id, status in ('delivered', 'read') desc, status desc
  ), locked as (
    select o.id, o.status, o.doubted_at, o.since, o.wamid from outbox o
    where o.id in (
      select id from furthest
      union
      select other.id  -- the parts behind one that failed fail with it
      from furthest join outbox part using (id) join outbox other using (message_id)
      where furthest.status = 'failed')
    order by o.id for update of o
  ), moved as (
    update outbox o
    set status = case when f.status = 'failed' then o.status else f.status end,
        since = clock_timestamp(), wamid = coalesce(o.wamid, f.wamid),
        doubted_at = null
    from locked join furthest f using (id)
    where o.id = locked.id and moves_forward(locked.status, f.status)
    returning o.id, o.message_id, o.recipient, o.kind, locked.doubted_at, locked.since, locked.wamid,
              f.status, f.error_code,
              f.error_details, f.cure
  )
  select (select array_agg(distinct wamid) from matched),
         (select array_agg(distinct message_id) from moved where message_id is not null),
         (select array_agg(distinct recipient) from moved where doubted_at is not null),
         (select count(*) from moved where wamid is null and kind = 'text' and status <> 'failed'),
         (select max(since) from moved where status <> 'failed'),
         (select jsonb_agg(to_jsonb(moved) order by id) from moved where status = 'failed')
  into v_known, v_messages, v_settled, v_accepted, v_sent_at, v_failed;
  if v_messages is not null then
    perform reflect_outbox(v_messages);
  end if;
  if v_accepted > 0 and p_number is not null then  -- by a request whose answer is not there yet
    perform count_service_messages(p_number, v_accepted);
  end if;
  if v_sent_at is not null then
    perform cure_number(p_number, v_sent_at);
  end if;
  if v_failed is not null then
    select jsonb_agg(jsonb_build_object(
      'recipient', failed ->> 'recipient', 'code', failed -> 'error_code', 'cure', failed -> 'cure',
      'since', failed -> 'since',
      'again', refuse((failed ->> 'id')::uuid, (failed ->> 'error_code')::integer,
                      coalesce(failed ->> 'cure', 'unreachable'), failed ->> 'error_details', p_number)))
    into v_refused from jsonb_array_elements(v_failed) as failed;
  end if;
  return jsonb_build_object('known', coalesce(to_jsonb(v_known), '[]'),
                            'settled', coalesce(to_jsonb(v_settled), '[]'),
                            'refused', coalesce(v_refused, '[]'));
end $$;

-- Whom apply_reports is about, and when to look after them: who waited to know, and for whom something is to be
-- tried again; a closed window may be opened.
create or replace function public.nudges_of(p_applied jsonb)
returns table (key text, wait interval) language sql immutable set search_path = public, pg_temp as $$
  select key, min(wait) from (
    select jsonb_array_elements_text(p_applied -> 'settled') as key, interval '0' as wait
    union all
    select recipient, make_interval(secs => case when cure = 'window_closed' then 0 else again end)
    from jsonb_to_recordset(p_applied -> 'refused') as r (recipient text, cure text, again float8)
    where again is not null or cure = 'window_closed'
  ) as concerned group by key
$$;

-- The chats in which apply_reports saw a refusal.
create or replace function public.refuse_chats(p_applied jsonb)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_refused record;
begin
  for v_refused in
    select * from jsonb_to_recordset(p_applied -> 'refused') as r (
      recipient text, code integer, cure text, again float8, since timestamptz)
    order by recipient
  loop
    perform refuse_chat(
      v_refused.recipient, v_refused.code, v_refused.cure, v_refused.again, v_refused.since);
  end loop;
end $$;

-- Whoever is concerned by what apply_reports returned is looked after.
create or replace function public.follow_reports(p_applied jsonb)
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  perform touch_attention(
    array_agg(key), array_agg(wait), array_agg(true), interval '0') from nudges_of(p_applied);
  perform refuse_chats(p_applied);
end $$;

-- p_updates: [{key, kind, sender, sent_at, payload, wait, is_said, report, rename}], wait in seconds, is_said:
-- whether anything comes of a message, report as in apply_reports, rename as in apply_renames. Does what is
-- told, stores the new updates and marks their senders for attention. Returns the keys of the new ones. A
-- status of something that is not ours, or not yet, is parked. Rows are locked in the order of their keys, so
-- that two copies of a delivery cannot stop each other.
drop function if exists public.take_delivery(jsonb, interval);
create or replace function public.take_delivery(
  p_updates jsonb, p_longest interval, p_number text default null)
returns text[] language plpgsql set search_path = public, pg_temp as $$
declare
  v_applied jsonb;
  v_new     text[];
  v_keys    text[];
  v_waits   interval[];
  v_nudges  boolean[];
begin
  if p_updates @? '$[*].rename.current' then
    perform apply_renames((
      select jsonb_agg(u.value -> 'rename') from jsonb_array_elements(p_updates) as u
      where u.value -> 'rename' <> 'null'));
  end if;
  if p_updates @? '$[*].report.status' then  -- a repeated one moves nothing: forward only
    perform lock_wamids(array(
      select u.value #>> '{report,wamid}' from jsonb_array_elements(p_updates) as u
      where u.value #>> '{report,send_id}' is null and u.value #>> '{report,wamid}' is not null));
    v_applied := apply_reports((
      select jsonb_agg(u.value -> 'report') from jsonb_array_elements(p_updates) as u
      where u.value -> 'report' <> 'null'), p_number);
  end if;

  with given as (
    select key, kind, case when sender like 'bsuid:%' then known_sender(sender) else sender end as sender,
           sent_at, payload, wait,
           coalesce(is_said, true) as is_said, report, position
    from rows from (jsonb_to_recordset(p_updates) as (
      key text, kind text, sender text, sent_at timestamptz, payload text, wait float8, is_said boolean,
      report jsonb))
      with ordinality as u (key, kind, sender, sent_at, payload, wait, is_said, report, position)
  ), fresh as (
    insert into inbox (key, kind, sender, sent_at, position, payload, handled_at, report)
    select distinct on (key) key, kind, sender, coalesce(sent_at, now()), position, payload,
           case when known.wamid is not null or not is_said then now() end,
           case when known.wamid is null then nullif(report, 'null') end
    from given
    left join jsonb_array_elements_text(v_applied -> 'known') as known (wamid)
      on known.wamid = report ->> 'wamid'
    order by key, position
    on conflict (key) do nothing
    returning key
  ), waiting as (
    select distinct on (sender) sender as key, make_interval(secs => wait) as wait, false as is_nudge
    from given join fresh using (key) where sender is not null and is_said
    order by sender, position desc
  ), concerned as (  -- who wrote is looked after anyway
    select * from waiting
    union all
    select key, wait, true from nudges_of(v_applied) where key not in (select key from waiting)
  )
  select (select array_agg(key) from fresh),
         (select array_agg(key) from concerned), (select array_agg(wait) from concerned),
         (select array_agg(is_nudge) from concerned)
  into v_new, v_keys, v_waits, v_nudges;

  if v_keys is not null then
    perform touch_attention(v_keys, v_waits, v_nudges, p_longest);
  end if;
  if v_applied is not null then
    perform refuse_chats(v_applied);
  end if;
  return coalesce(v_new, '{}');
end $$;

do $$
declare
  v_function text;
begin
  foreach v_function in array array[
    'apply_reports(jsonb, text)',
    'nudges_of(jsonb)',
    'refuse_chats(jsonb)',
    'follow_reports(jsonb)',
    'take_delivery(jsonb, interval, text)'
  ] loop
    execute format('revoke execute on function public.%s from public, anon, authenticated', v_function);
    execute format('grant execute on function public.%s to service_role', v_function);
  end loop;
end $$;

insert into public.schema_migrations (name) values ('023_reports') on conflict do nothing;
commit;

-- 021_sending
-- Date:   2026-11-22
-- What:   sending: how fast, what becomes of each refusal, statuses that come before we know what they are
--         about, and how many messages a number has sent in a month.
-- Why:    docs/decisions/0013-each-refusal-has-one-cure.md
-- Locks:  a moment of ACCESS EXCLUSIVE on public.outbox and public.inbox; no table is rewritten. SHARE on
--         both while an index is built: deliveries wait, and Meta repeats what waited too long.
-- Undo:   drop function public.pace_sends, public.begin_send, public.sent_send, public.send_in_doubt,
--         public.repeat_send, public.refuse, public.refuse_chat, public.refuse_send, public.halvings_left, public.slow_down, public.stopped_for,
--         public.lock_wamids,
--         public.stop_number, public.cure_number, public.count_service_message, public.follow_reports,
--         public.settle, public.silence_chat; drop table public.whatsapp_numbers, public.service_messages;
--         drop index public.inbox_parked, public.outbox_dead; alter table public.inbox drop column report;
--         alter table public.outbox drop column tries, drop column cure, drop column dead_at, drop column kind;
--         then apply 005, 006, 007 and 011 again;
--         delete from public.schema_migrations where name = '021_sending';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

alter table public.outbox
  add column if not exists kind    text not null default 'text' check (kind in ('text', 'template')),
  add column if not exists tries   integer not null default 0,  -- in a row that Meta refused with one cure
  add column if not exists cure    text,
  add column if not exists dead_at timestamptz;  -- it failed for a reason that an operator should look at
create index if not exists outbox_dead on public.outbox (dead_at) where dead_at is not null;

alter table public.inbox
  add column if not exists report jsonb;  -- of a status that is parked: we do not know yet what it is about
create index if not exists inbox_parked on public.inbox (split_part(key, ':', 2))
  where kind = 'status' and handled_at is null;

create table if not exists public.whatsapp_numbers (
  phone_number_id text primary key,
  paced_until     timestamptz not null default 'epoch',  -- when it has caught up with what it sent
  halvings        integer not null default 0,  -- of its rate, by Meta's throttling; a minute takes one away
  slowed_at       timestamptz not null default 'epoch',
  paused_until    timestamptz,
  stopped_code    integer,            -- Meta's code that an operator must see to; null: all is well
  stopped_at      timestamptz,
  probe_at        timestamptz         -- when one message may try whether it is cured
) with (fillfactor = 50);

create table if not exists public.service_messages (
  phone_number_id text    not null,
  month           date    not null,   -- its first day, in UTC; Meta counts in the account's time zone
  accepted        integer not null,   -- free-form messages; Meta bills those that it delivers
  primary key (phone_number_id, month)
) with (fillfactor = 50);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['whatsapp_numbers', 'service_messages'] loop
    execute format('alter table public.%I enable row level security', v_table);
    execute format('revoke all on public.%I from public, anon, authenticated', v_table);
    execute format('grant select, insert, update, delete on public.%I to service_role', v_table);
    execute format('drop policy if exists service_role_all on public.%I', v_table);
    execute format('create policy service_role_all on public.%I for all to service_role '
                   'using (true) with check (true)', v_table);
  end loop;
end $$;

-- Rows are locked in this order, here and in 020: outbox, messages, whatsapp_numbers, inbox, attention,
-- whatsapp_chats.

-- --- how far a reply has come --------------------------------------------------------------------

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

-- --- how fast ------------------------------------------------------------------------------------

create or replace function public.halvings_left(p_halvings integer, p_since timestamptz)
returns integer language sql volatile set search_path = public, pg_temp as $$
  select greatest(0, p_halvings - greatest(0, floor(
    extract(epoch from clock_timestamp() - p_since) / 60)))::integer
$$;

-- The seconds until somebody may try whether a stopped number sends again; null: it does. The longer it has
-- been stopped, the less often everybody comes to ask; who waits is woken when it is cured.
create or replace function public.stopped_for(p_number text)
returns double precision language sql volatile set search_path = public, pg_temp as $$
  select extract(epoch from probe_at - clock_timestamp()
    + random() * least(clock_timestamp() - stopped_at, interval '5 min'))::double precision
  from whatsapp_numbers
  where phone_number_id = p_number and stopped_code is not null and probe_at > clock_timestamp()
$$;

-- May a message leave now for this recipient? Returns {wait, is_stopped}: up to p_patience seconds sit it out,
-- beyond that come back then; the place in line is kept, so that a thousand who wait do not come all at once. What
-- p_number sends as a whole: p_per_second, less since Meta throttled us (twice as fast again with each
-- minute), nothing while it is paused, and one message in half a minute while it is stopped. What one person
-- gets: a message in 6 seconds, of which 10 may come at once (Meta's "pair rate limit"). Not flushed: a lost
-- place is a message too early.
create or replace function public.pace_sends(
  p_number text, p_recipient text, p_per_second double precision, p_patience interval)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_number whatsapp_numbers;
  v_chat   whatsapp_chats;
  v_free   timestamptz;  -- when the number may send one more
  v_now    timestamptz;
  v_wait   interval;
begin
  perform set_config('synchronous_commit', 'off', true);
  insert into whatsapp_numbers (phone_number_id) select p_number
  where not exists (select from whatsapp_numbers where phone_number_id = p_number)
  on conflict do nothing;
  select * into v_number from whatsapp_numbers where phone_number_id = p_number for update;
  if v_number.stopped_code is not null and v_number.probe_at > clock_timestamp() then
    return jsonb_build_object('wait', stopped_for(p_number), 'is_stopped', true);
  end if;
  insert into whatsapp_chats (key) select p_recipient
  where not exists (select from whatsapp_chats where key = p_recipient)
  on conflict do nothing;
  select * into v_chat from whatsapp_chats where key = p_recipient for update;

  v_now := clock_timestamp();
  v_free := greatest(v_number.paced_until - interval '0.1 s', v_number.paused_until, v_now);
  v_wait := greatest(
    case when v_chat.place_at > v_now - interval '1 min' then v_chat.place_at else v_free end - v_now,
    v_number.paused_until - v_now, v_chat.paced_until - v_now - 9 * interval '6 s', interval '0');

  update whatsapp_numbers
  set paced_until = case when v_chat.place_at > v_now - interval '1 min' then paced_until
        else greatest(v_free, paced_until) + make_interval(secs =>
          2 ^ halvings_left(halvings, slowed_at) / (0.9 * p_per_second)) end,
      probe_at = case when stopped_code is not null then v_now + interval '30 s' end
  where phone_number_id = p_number;
  update whatsapp_chats
  set place_at = case when v_wait > p_patience then v_now + v_wait end,
      paced_until = case when v_wait > p_patience then paced_until
                         else greatest(paced_until, v_now) + interval '6 s' end
  where key = p_recipient;
  return jsonb_build_object('wait', extract(epoch from v_wait), 'is_stopped', false);
end $$;

-- Half as fast as it is now, after a pause of p_pause.
create or replace function public.slow_down(p_number text, p_pause interval)
returns void language sql set search_path = public, pg_temp as $$
  update whatsapp_numbers
  set halvings = least(halvings_left(halvings, slowed_at) + 1, 6),
      slowed_at = clock_timestamp() + p_pause,
      paused_until = greatest(paused_until, clock_timestamp() + p_pause)
  where phone_number_id = p_number
$$;

-- --- one send, step by step ----------------------------------------------------------------------

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

-- From 'queued' to 'sending', before the request leaves. False: not now, or never, as what is tried again
-- although they have said STOP since it was queued.
create or replace function public.begin_send(p_id uuid)
returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  v_message uuid;
begin
  if not may_be_sent(p_id) or exists (
    select from outbox o join whatsapp_chats c on c.key = o.recipient
    where o.id = p_id and c.silenced_at > o.queued_at
  ) then
    perform refuse(p_id, null, 'unreachable', null, null);
    return false;
  end if;
  update outbox set status = 'sending', since = clock_timestamp(), doubted_at = null
  where id = p_id and status = 'queued'
  returning message_id into v_message;
  if not found then
    return false;
  end if;
  perform reflect_outbox(array[v_message]) where v_message is not null;
  return true;
end $$;

-- Whoever learns of a wamid and whoever brings a status that knows it by nothing else take turns: otherwise the
-- one would not see the wamid yet, nor the other the status that is parked.
create or replace function public.lock_wamids(p_wamids text[])
returns void language sql set search_path = public, pg_temp as $$
  select pg_advisory_xact_lock(hashtextextended(wamid, 0))
  from (select distinct unnest(p_wamids) as wamid order by 1) as wamids
$$;

-- Meta accepted it. Not flushed: should the server lose it, the statuses that come carry our id, and tell.
create or replace function public.sent_send(p_id uuid, p_wamid text, p_number text)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_message uuid;
  v_kind    text;
  v_parked  jsonb;
begin
  perform set_config('synchronous_commit', 'off', true);
  perform lock_wamids(array[p_wamid]);
  update outbox
  set status = case when moves_forward(status, 'sent') then 'sent' else status end,
      since = clock_timestamp(), wamid = coalesce(wamid, p_wamid), doubted_at = null
  where id = p_id
  returning message_id, kind into v_message, v_kind;
  perform reflect_outbox(array[v_message]) where v_message is not null;
  perform cure_number(p_number);
  perform count_service_message(p_number) where v_kind = 'text';

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
  if v_parked is not null then
    perform follow_reports(apply_reports(v_parked, p_number), interval '0');
  end if;
end $$;

-- Nobody knows what became of this send. Returns the seconds for which that has been so, not counting the
-- time before the server last started: then no status could tell us. Null: by now somebody knows.
create or replace function public.send_in_doubt(p_id uuid)
returns double precision language sql set search_path = public, pg_temp as $$
  update outbox set doubted_at = coalesce(doubted_at, clock_timestamp())
  where id = p_id and status = 'sending'
  returning extract(epoch from
    clock_timestamp() - greatest(doubted_at, pg_postmaster_start_time()))::double precision
$$;

-- No status came: the request never arrived, and is made again.
create or replace function public.repeat_send(p_id uuid)
returns void language sql set search_path = public, pg_temp as $$
  update outbox set status = 'queued', since = clock_timestamp(), doubted_at = null
  where id = p_id and status = 'sending'
$$;

-- --- refusals ------------------------------------------------------------------------------------

-- Meta will not have this send, for p_code. p_cure is what helps (Cure in bot/errors.py); each has one
-- behaviour, here and in refuse_chat. Returns the seconds until it may be tried again; null: not by itself.
create or replace function public.refuse(
  p_id uuid, p_code integer, p_cure text, p_details text, p_number text)
returns double precision language plpgsql set search_path = public, pg_temp as $$
declare
  v_send  outbox;
  v_tries integer;  -- before this one, for which the same helped
  v_again interval;
begin
  select * into v_send from outbox where id = p_id for update;
  if not found or not moves_forward(v_send.status, 'failed') then
    return null;
  end if;
  if v_send.kind = 'template' and p_code between 132000 and 132999 then
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
        dead_at = case when id = p_id and p_cure in ('ours', 'few_tries') then clock_timestamp() end
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
    perform stop_number(p_number, p_code, v_again);
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

-- An operator must do something before this number can send: nothing leaves but a try now and then.
create or replace function public.stop_number(p_number text, p_code integer, p_again interval)
returns void language sql set search_path = public, pg_temp as $$
  insert into whatsapp_numbers as n (phone_number_id, stopped_code, stopped_at, probe_at)
  values (p_number, p_code, clock_timestamp(), clock_timestamp() + p_again)
  on conflict (phone_number_id) do update set
    stopped_code = excluded.stopped_code, stopped_at = coalesce(n.stopped_at, excluded.stopped_at),
    probe_at = excluded.probe_at
$$;

-- It sends again: whoever waits because it did not is attended to now.
create or replace function public.cure_number(p_number text)
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  update whatsapp_numbers set stopped_code = null, stopped_at = null, probe_at = null
  where phone_number_id = p_number and stopped_code is not null;
  if found then
    update attention set due_at = clock_timestamp(), until_cured = false
    where key in (
      select key from attention where until_cured and lease is null order by key for update);
  end if;
end $$;

create or replace function public.count_service_message(p_number text)
returns void language sql set search_path = public, pg_temp as $$
  insert into service_messages as s (phone_number_id, month, accepted)
  values (p_number, date_trunc('month', now() at time zone 'utc')::date, 1)
  on conflict (phone_number_id, month) do update set accepted = s.accepted + 1
$$;

-- --- statuses ------------------------------------------------------------------------------------

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
    select o.id, o.status, o.doubted_at, o.since from outbox o join furthest using (id) order by o.id for update of o
  ), moved as (
    update outbox o
    set status = case when f.status = 'failed' then o.status else f.status end,
        since = clock_timestamp(), wamid = coalesce(o.wamid, f.wamid),
        doubted_at = null
    from locked join furthest f using (id)
    where o.id = locked.id and moves_forward(locked.status, f.status)
    returning o.id, o.message_id, o.recipient, locked.doubted_at, locked.since, f.status, f.error_code,
              f.error_details, f.cure
  )
  select (select array_agg(distinct wamid) from matched),
         (select array_agg(distinct message_id) from moved where message_id is not null),
         (select array_agg(distinct recipient) from moved where doubted_at is not null),
         (select jsonb_agg(to_jsonb(moved) order by id) from moved where status = 'failed')
  into v_known, v_messages, v_settled, v_failed;
  if v_messages is not null then
    perform reflect_outbox(v_messages);
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

-- Whoever is concerned by what apply_reports returned is looked after, at the latest after p_longest.
create or replace function public.follow_reports(p_applied jsonb, p_longest interval)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_keys  text[];
  v_waits interval[];
begin
  select array_agg(key), array_agg(wait) into v_keys, v_waits from (
    select key, max(wait) as wait from (
      select jsonb_array_elements_text(p_applied -> 'settled') as key, interval '0' as wait
      union all
      select recipient, make_interval(secs => again)
      from jsonb_to_recordset(p_applied -> 'refused') as r (recipient text, again float8)
      where again is not null
    ) as concerned group by key
  ) as once;
  if v_keys is not null then
    perform mark_attention(v_keys, v_waits, greatest(p_longest, interval '2 minutes'));
  end if;
  perform refuse_chat(recipient, code, cure, again, since)
  from jsonb_to_recordset(p_applied -> 'refused') as r (
    recipient text, code integer, cure text, again float8, since timestamptz);
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
  v_senders text[];
  v_waits   interval[];
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
    select distinct on (sender) sender, make_interval(secs => wait) as wait
    from given join fresh using (key) where sender is not null and is_said
    order by sender, position desc
  )
  select (select array_agg(key) from fresh),
         (select array_agg(sender) from waiting), (select array_agg(wait) from waiting)
  into v_new, v_senders, v_waits;

  if v_senders is not null then
    perform mark_attention(v_senders, v_waits, p_longest);
  end if;
  if v_applied is not null then
    perform follow_reports(v_applied, p_longest);
  end if;
  return coalesce(v_new, '{}');
end $$;

-- --- the conversation ----------------------------------------------------------------------------

-- Store p_arrivals ([{wamid, text, readable, attachment, quoted}], in order), mark their inbox rows
-- handled, and return what is unanswered on this channel with what a reply needs: {avatar, waited, said: [{id,
-- role, text, readable, attachment, quoted, wamid, unanswered}]}, oldest first. waited: the seconds since the
-- first of it. Not flushed: should the server lose it, the inbox rows are still unhandled.
drop function if exists public.open_turn(uuid, public.message_channel, jsonb, text, integer);
create or replace function public.open_turn(
  p_person uuid, p_channel public.message_channel, p_arrivals jsonb, p_lines integer)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  if jsonb_array_length(p_arrivals) > 0 then
    insert into messages (user_id, avatar_id, channel, role, content, wamid, readable, attachment,
                          created_at)
    select p_person, (select id from avatars where user_id = p_person), p_channel, 'user',
           a.value ->> 'text', a.value ->> 'wamid', (a.value ->> 'readable')::boolean,
           a.value ->> 'attachment', clock_timestamp() + a.ordinality * interval '1 microsecond'
    from jsonb_array_elements(p_arrivals) with ordinality as a
    on conflict (wamid) where wamid is not null do nothing;

    if p_arrivals @? '$[*].quoted ? (@ != null)' then
      update messages m set quotes = quoted.id
      from (
        select a.value ->> 'wamid' as wamid, q.id
        from jsonb_array_elements(p_arrivals) as a
        join messages q on q.user_id = p_person and (
          q.wamid = a.value ->> 'quoted'
          or q.id = (select message_id from outbox where wamid = a.value ->> 'quoted'))
      ) as quoted
      where m.wamid = quoted.wamid and m.user_id = p_person;
    end if;

    update inbox set handled_at = now()
    where key = any (array(  -- an array is looked up; a join with JSON, of unknown length, may read it all
      select 'message:' || (a.value ->> 'wamid') from jsonb_array_elements(p_arrivals) a));
  end if;

  return (
    with latest as (
      select id from messages
      where user_id = p_person and notice_for is null
        and (channel = p_channel or role = 'assistant' or answered_by is not null)
      order by created_at desc limit p_lines
    ), unanswered as (
      select id, created_at from messages
      where user_id = p_person and channel = p_channel and role = 'user' and answered_by is null
    ), said as (
      select m.id, m.role, m.content as text, m.readable, m.attachment, q.content as quoted, m.wamid,
             m.id in (select id from unanswered) as unanswered, m.created_at
      from messages m left join messages q on q.id = m.quotes
      where m.id in (select id from latest union select id from unanswered)
    )
    select jsonb_build_object(
      'avatar', (select to_jsonb(a) from avatars a where a.user_id = p_person),
      'waited', (select extract(epoch from clock_timestamp() - min(created_at)) from unanswered),
      'said', coalesce((select jsonb_agg(to_jsonb(said) order by created_at, id) from said), '[]')));
end $$;

-- What they said in silence stays unanswered, also when they say START: it counts as answered by the last
-- thing that was said to them.
create or replace function public.settle(p_person uuid, p_said uuid[])
returns void language sql set search_path = public, pg_temp as $$
  update messages set answered_by = (
    select id from messages
    where user_id = p_person and role = 'assistant' order by created_at desc limit 1)
  where id = any (p_said) and user_id = p_person and answered_by is null
$$;

-- They said STOP, or START: what waits to be sent to them is not sent any more.
create or replace function public.silence_chat(p_key text, p_silenced boolean)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_messages uuid[];
begin
  if p_silenced then
    with cancelled as (
      update outbox set status = 'failed', since = clock_timestamp()
      where recipient = p_key and wamid is null and status = 'queued'
      returning message_id
    )
    select array_agg(distinct message_id) into v_messages from cancelled where message_id is not null;
    if v_messages is not null then
      perform reflect_outbox(v_messages);
    end if;
  end if;
  insert into whatsapp_chats as c (key, last_heard_at, silenced_at)
  values (p_key, clock_timestamp(), case when p_silenced then clock_timestamp() end)
  on conflict (key) do update set silenced_at = excluded.silenced_at;
end $$;

-- Store a reply to p_answers and put its parts into the outbox, the first of them as 'sending' with p_begin;
-- a reply without a recipient (in the app) is 'sent' at once. Returns {sends: [...]}, or {dropped: why}:
-- 'answered', because part of p_answers is answered by now or the number is no longer theirs; 'joined',
-- because something came that belongs to this turn and p_joins.
-- p_silences: they said STOP or START. A notice answers nothing, is never shown to the model, and comes once for the first of p_answers.
drop function if exists public.store_reply(
  uuid, public.message_channel, uuid[], text, text[], text, boolean);
create or replace function public.store_reply(
  p_person uuid, p_channel public.message_channel, p_answers uuid[], p_text text, p_parts text[],
  p_recipient text, p_is_notice boolean default false, p_joins boolean default false,
  p_begin boolean default false, p_silences boolean default null)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_reply uuid;
begin
  if p_recipient is not null and not (is_linked(p_person) and is_theirs(p_person, p_recipient)) then
    return '{"dropped": "answered"}';
  end if;
  if p_joins and (
      exists (select from inbox where sender = p_recipient and kind = 'message' and handled_at is null)
      or exists (select from messages where user_id = p_person and channel = p_channel and role = 'user'
                 and answered_by is null and id <> all (p_answers))) then
    return '{"dropped": "joined"}';
  end if;
  perform from messages
  where id = any (p_answers) and user_id = p_person and answered_by is null
  order by id for update;
  if (select count(*) from messages
      where id = any (p_answers) and user_id = p_person and answered_by is null)
     < cardinality(p_answers) then
    return '{"dropped": "answered"}';
  end if;

  insert into messages (user_id, avatar_id, channel, role, content, notice_for, status, created_at)
  values (p_person, (select id from avatars where user_id = p_person), p_channel, 'assistant', p_text,
          case when p_is_notice then p_answers[1] end,
          case when p_recipient is null then 'sent' when p_begin then 'sending' else 'queued' end::reply_status,
          clock_timestamp())
  on conflict (notice_for) where notice_for is not null do nothing
  returning id into v_reply;
  if v_reply is null then
    return '{"sends": []}';
  end if;

  if not p_is_notice then
    update messages set answered_by = v_reply where id = any (p_answers);
  end if;
  if p_silences is not null then
    perform silence_chat(p_recipient, p_silences);
  end if;
  return jsonb_build_object('sends', case when p_recipient is null then '[]' else (
    select coalesce(jsonb_agg(to_jsonb(sends) order by seq), '[]')
    from queue_sends('reply:' || v_reply, v_reply, p_recipient, p_parts, null, 'text', p_begin) as sends
  ) end);
end $$;

drop function if exists
  public.move_send(uuid, public.reply_status, text, integer),
  public.doubted_for(uuid);

do $$
declare
  v_function regprocedure;
begin
  foreach v_function in array array[
    'pace_sends(text, text, double precision, interval)',
    'halvings_left(integer, timestamptz)',
    'slow_down(text, interval)',
    'stopped_for(text)',
    'lock_wamids(text[])',
    'queue_sends(text, uuid, text, text[], interval, text, boolean)',
    'begin_send(uuid)',
    'sent_send(uuid, text, text)',
    'send_in_doubt(uuid)',
    'repeat_send(uuid)',
    'refuse(uuid, integer, text, text, text)',
    'refuse_chat(text, integer, text, double precision, timestamptz)',
    'refuse_send(uuid, integer, text, text, text)',
    'stop_number(text, integer, interval)',
    'cure_number(text)',
    'count_service_message(text)',
    'apply_reports(jsonb, text)',
    'follow_reports(jsonb, interval)',
    'take_delivery(jsonb, interval, text)',
    'open_turn(uuid, public.message_channel, jsonb, integer)',
    'store_reply(uuid, public.message_channel, uuid[], text, text[], text, boolean, boolean, boolean,
      boolean)',
    'settle(uuid, uuid[])',
    'silence_chat(text, boolean)'
  ] loop
    execute format('revoke execute on function %s from public, anon, authenticated', v_function);
    execute format('grant execute on function %s to service_role', v_function);
  end loop;
end $$;

insert into public.schema_migrations (name) values ('021_sending') on conflict do nothing;
commit;

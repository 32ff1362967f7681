-- 021_pace
-- Date:   2026-11-22
-- What:   how fast our number sends, whether it has been stopped, and how many messages it has sent in a
--         month. All processes share it.
-- Why:    docs/decisions/0013-each-refusal-has-one-cure.md
-- Locks:  none, the tables are new.
-- Undo:   drop function public.pace_sends, public.halvings_left, public.stopped_for, public.slow_down,
--         public.stop_number, public.cure_number, public.count_service_messages;
--         drop table public.whatsapp_numbers, public.service_messages;
--         delete from public.schema_migrations where name = '021_pace';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.whatsapp_numbers (
  phone_number_id text primary key,
  paced_until     timestamptz not null default 'epoch',  -- when it has caught up with what it sent
  halvings        integer not null default 0,  -- of its rate, by Meta's throttling; a minute takes one away
  slowed_at       timestamptz not null default 'epoch',
  paused_until    timestamptz,
  stopped_code    integer,            -- Meta's code that an operator must see to; null: all is well
  stopped_at      timestamptz,
  stopped_late    boolean not null default false,  -- Meta accepts, and says no in a status
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
      probe_at = case when v_wait > p_patience then probe_at
                      when stopped_code is not null then v_now + interval '30 s' end
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

-- An operator must do something before this number can send: nothing leaves but a try now and then.
create or replace function public.stop_number(
  p_number text, p_code integer, p_again interval, p_late boolean)
returns void language sql set search_path = public, pg_temp as $$
  insert into whatsapp_numbers as n (phone_number_id, stopped_code, stopped_at, stopped_late, probe_at)
  values (p_number, p_code, clock_timestamp(), p_late, clock_timestamp() + p_again)
  on conflict (phone_number_id) do update set
    stopped_code = excluded.stopped_code, stopped_at = coalesce(n.stopped_at, excluded.stopped_at),
    stopped_late = excluded.stopped_late, probe_at = excluded.probe_at
$$;

-- It sends again: whoever waits because it did not is attended to now. p_sent_at: when that was sent of which a
-- status tells; null: Meta has just accepted something, which may fail all the same where a status told of
-- the stop.
create or replace function public.cure_number(p_number text, p_sent_at timestamptz)
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  update whatsapp_numbers set stopped_code = null, stopped_at = null, probe_at = null
  where phone_number_id = p_number and stopped_code is not null
    and case when p_sent_at is null then not stopped_late else p_sent_at > stopped_at end;
  if found then
    update attention set due_at = clock_timestamp(), until_cured = false
    where key in (
      select key from attention where until_cured and lease is null order by key for update);
  end if;
end $$;

create or replace function public.count_service_messages(p_number text, p_count integer)
returns void language sql set search_path = public, pg_temp as $$
  insert into service_messages as s (phone_number_id, month, accepted)
  values (p_number, date_trunc('month', now() at time zone 'utc')::date, p_count)
  on conflict (phone_number_id, month) do update set accepted = s.accepted + excluded.accepted
$$;

do $$
declare
  v_function text;
begin
  foreach v_function in array array[
    'halvings_left(integer, timestamptz)',
    'stopped_for(text)',
    'pace_sends(text, text, double precision, interval)',
    'slow_down(text, interval)',
    'stop_number(text, integer, interval, boolean)',
    'cure_number(text, timestamptz)',
    'count_service_messages(text, integer)'
  ] loop
    execute format('revoke execute on function public.%s from public, anon, authenticated', v_function);
    execute format('grant execute on function public.%s to service_role', v_function);
  end loop;
end $$;

insert into public.schema_migrations (name) values ('021_pace') on conflict do nothing;
commit;

-- 020_claims
-- Date:   2026-11-22
-- What:   what Ava knows of a WhatsApp chat, and one claim that brings everything a worker needs: who it is,
--         what they wrote, what is still to be sent to them, and how the chat stands.
-- Why:    docs/decisions/0012-one-claim-brings-everything.md
-- Locks:  a moment of ACCESS EXCLUSIVE on public.attention; no table is rewritten.
-- Undo:   drop function public.claim_due, public.claimed, public.give_back, public.carry_chat,
--         public.chat_keys_of, public.person_of, public.touch_attention, public.beat_attention, public.fail_attention;
--         drop table public.whatsapp_chats;
--         alter table public.attention drop column until_cured, drop column nudge_at;
--         then mark_attention, claim_attention, beat_attention, finish_attention, fail_attention and
--         next_attention of 004 and arrivals_of of 011 again, with their rights;
--         delete from public.schema_migrations where name = '020_claims';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.whatsapp_chats (
  key              text        primary key,   -- as in attention: wa:<digits> or bsuid:<id>
  last_heard_at    timestamptz,               -- by Meta's clock; opens the window of 24 hours
  closed_at        timestamptz,               -- Meta said (131047) that it is closed
  unreachable_code integer,                   -- Meta said that nothing reaches them; until they write
  silenced_at      timestamptz,               -- they said STOP; until they say START
  paced_until      timestamptz not null default 'epoch',  -- their 6 seconds for each message sent
  place_at         timestamptz                -- when it is their turn, of all that the number has to send
) with (fillfactor = 70);

alter table public.whatsapp_chats enable row level security;
revoke all on public.whatsapp_chats from public, anon, authenticated;
grant select, insert, update, delete on public.whatsapp_chats to service_role;
drop policy if exists service_role_all on public.whatsapp_chats;
create policy service_role_all on public.whatsapp_chats for all to service_role
  using (true) with check (true);

-- Whoever had these keys has the new one now, and wants what they wanted.
create or replace function public.carry_chat(p_formers text[], p_key text)
returns void language sql set search_path = public, pg_temp as $$
  insert into whatsapp_chats as c (key, last_heard_at, silenced_at)
  select p_key, max(last_heard_at), max(silenced_at) from whatsapp_chats
  where key = any (p_formers) and key <> p_key having count(*) > 0
  on conflict (key) do update set
    last_heard_at = greatest(c.last_heard_at, excluded.last_heard_at), silenced_at = excluded.silenced_at
$$;

alter table public.attention
  add column if not exists until_cured boolean not null default false;  -- cure_number wakes it

alter table public.attention
  add column if not exists nudge_at timestamptz;  -- look again then, for a reason that joins no turn

-- Be there after their waits. Who wrote, each once: unless more comes; at the latest p_longest after the
-- first; while a row is held, the new time counts from when the lease is given back; while a failed try backs
-- off, whoever writes is attended to sooner. A nudge is about what is to be sent: it moves no time back,
-- and is nothing that a reply being composed would have to answer. One statement, by key, so that two of them
-- cannot stop each other.
create or replace function public.touch_attention(
  p_keys text[], p_waits interval[], p_nudges boolean[], p_longest interval)
returns void language sql set search_path = public, pg_temp as $$
  insert into attention as a (key, due_at, nudge_at)
  select key, clock_timestamp() + wait, case when is_nudge then clock_timestamp() + wait end
  from unnest(p_keys, p_waits, p_nudges) as given (key, wait, is_nudge) order by key
  on conflict (key) do update set
    wanted = a.wanted + (excluded.nudge_at is null)::integer,
    dead = a.dead and excluded.nudge_at is not null,
    attempts = case when a.dead and excluded.nudge_at is null then 0 else a.attempts end,
    failures = case when a.dead and excluded.nudge_at is null then 0 else a.failures end,
    waiting_since = case
      when excluded.nudge_at is null and (a.wanted = a.seen or a.dead) then clock_timestamp()
      else a.waiting_since end,
    nudge_at = case when a.lease is not null then least(a.nudge_at, excluded.nudge_at) end,
    due_at = case
      when excluded.nudge_at is not null
        then case when a.lease is null then least(a.due_at, excluded.due_at) else a.due_at end
      when a.dead then excluded.due_at
      when a.lease is null and a.attempts > 0 then least(excluded.due_at, a.due_at)
      when a.wanted = a.seen then excluded.due_at
      else least(excluded.due_at, a.waiting_since + p_longest) end
$$;

create or replace function public.mark_attention(p_keys text[], p_waits interval[], p_longest interval)
returns void language sql set search_path = public, pg_temp as $$
  select touch_attention(p_keys, p_waits, array_fill(false, array[cardinality(p_keys)]), p_longest)
$$;

-- Done: what came while a row was held keeps it, due when its own wait is over, or by a nudge. p_done: [{key, lease}].
create or replace function public.give_back(p_done jsonb)
returns void language sql set search_path = public, pg_temp as $$
  with done as (
    select a.key, a.wanted = a.seen and a.nudge_at is null as is_over
    from attention a join jsonb_to_recordset(p_done) as d (key text, lease uuid)
      on d.key = a.key and d.lease = a.lease
    where a.key = any (array(select over ->> 'key' from jsonb_array_elements(p_done) as over))  -- by index
    order by a.key for update of a
  ), over as (
    delete from attention a using done where a.key = done.key and done.is_over
  )
  update attention a
  set lease = null, leased_until = null, worker = null, seen = null, attempts = 0, failures = 0,
      last_error = null, nudge_at = null,
      due_at = least(case when wanted > seen then due_at end, nudge_at)
  from done where a.key = done.key and not done.is_over
$$;

-- The keys of one chat: by the spellings of a number, and by the other ids of whoever it belongs to.
create or replace function public.chat_keys_of(p_key text, p_person uuid)
returns text[] language sql stable set search_path = public, pg_temp as $$
  select array(
    select p_key
    union select 'wa:' || ltrim(spelling, '+') from unnest(
      case when p_key like 'wa:%' then spellings_of(substr(p_key, 4)) end) as spelling
    union select 'wa:' || wa_id from user_preferences, unnest(wa_ids_of(whatsapp_phone)) as wa_id
    where user_id = p_person and whatsapp_phone is not null
    union select unnest(array['bsuid:' || bsuid, 'wa:' || wa_id]) from whatsapp_identities
    where user_id = p_person)
$$;

create or replace function public.person_of(p_key text)
returns uuid language sql stable set search_path = public, pg_temp as $$
  select case when p_key like 'wa:%' then find_person(spellings_of(substr(p_key, 4)), null)
              when p_key like 'bsuid:%' then find_person(null, substr(p_key, 7)) end
$$;

-- What a worker needs to know: {person, bsuid, arrivals: [payload], has_more, unsent: [{id, recipient, kind,
-- body, status}], stopped_for, is_open, is_unreachable, is_silenced}, oldest first. Of arrivals at most 200,
-- has_more: there are others. stopped_for: the seconds until somebody may try whether the number sends again;
-- null: it does. Somebody in the app is only their key.
create or replace function public.claimed(p_key text)
returns jsonb language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_person   uuid := person_of(p_key);
  v_arrivals text[];
begin
  if p_key like 'app:%' then
    return '{}';
  end if;
  v_arrivals := array(
    select payload from inbox where sender = p_key and kind = 'message' and handled_at is null
    order by sent_at, received_at, position limit 201);
  return jsonb_build_object(
    'person', v_person,
    'bsuid', (select bsuid from whatsapp_identities
              where user_id = v_person and ended_at is null and 'wa:' || wa_id = p_key limit 1),
    'arrivals', to_jsonb(v_arrivals[:200]),
    'has_more', cardinality(v_arrivals) > 200,
    'unsent', to_jsonb(array(
      select jsonb_build_object('id', id, 'recipient', recipient, 'kind', kind, 'body', body,
                                'status', status)
      from unsent_sends(p_key) order by seq)),
    'stopped_for', (select max(stopped_for(phone_number_id)) from whatsapp_numbers),
    'is_silenced', exists (
      select from whatsapp_chats
      where key = any (chat_keys_of(p_key, v_person)) and silenced_at is not null)
  ) || coalesce((
    select jsonb_build_object(
      -- five minutes for clocks that differ and for the way there
      'is_open', closed_at is null
        and coalesce(last_heard_at > clock_timestamp() - interval '23 h 55 min', true),
      'is_unreachable', unreachable_code is not null)
    from whatsapp_chats where key = p_key), '{}');
end $$;

-- Give back what is done, take at most p_limit due rows that nobody holds (one whose lease ran out for the
-- eighth time is dead), and say for which of those
-- still held more has come, and in how many seconds something is due (null: nothing waits; a lease that
-- runs out is found by whoever polls). Not flushed: a lost claim only means "again".
create or replace function public.claim_due(
  p_worker text, p_limit integer, p_lease interval, p_done jsonb, p_held text[])
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_now    timestamptz := clock_timestamp();  -- a value, because clock_timestamp() can use no index
  v_taken  jsonb;
  v_leases jsonb[];
  v_keys   text[];
begin
  perform set_config('synchronous_commit', 'off', true);
  if p_done <> '[]' then
    perform give_back(p_done);
  end if;

  with due as (
    select key from attention
    where not dead and due_at <= v_now and (lease is null or leased_until < v_now)
    order by due_at limit p_limit for update skip locked
  ), taken as (
    update attention a
    set lease = case when a.lease is null or a.failures < 7 then gen_random_uuid() end,
        leased_until = v_now + p_lease, worker = p_worker,
        seen = a.wanted, attempts = a.attempts + 1, nudge_at = null, until_cured = false,
        -- whoever held it is gone, perhaps because of it
        failures = a.failures + (a.lease is not null)::integer,
        last_error = case when a.lease is null then a.last_error else 'LeaseLapsed' end,
        dead = a.lease is not null and a.failures >= 7
    from due where a.key = due.key
    returning a.key, a.lease, a.attempts
  )
  select jsonb_agg(to_jsonb(taken)), array_agg(key) into v_taken, v_keys from taken where lease is not null;

  -- From here on with another look at the data: everything that seen counts is there.
  if v_keys is not null then
    insert into whatsapp_chats as c (key, last_heard_at)
    select sender, least(max(sent_at), clock_timestamp()) from inbox
    where sender = any (v_keys) and kind = 'message' and handled_at is null
    group by sender order by sender
    on conflict (key) do update set
      last_heard_at = greatest(c.last_heard_at, excluded.last_heard_at),
      closed_at = null, unreachable_code = null;
  end if;

  v_leases := array(select lease || claimed(lease ->> 'key') from jsonb_array_elements(v_taken) as lease);
  update attention set nudge_at = v_now  -- the others come with the next claim
  where key in (select lease ->> 'key' from unnest(v_leases) as lease where (lease ->> 'has_more')::boolean);

  return jsonb_build_object(
    'leases', to_jsonb(v_leases),
    'joined', to_jsonb(array(
      select lease from attention
      where key = any (p_held) and worker = p_worker and lease is not null and wanted > seen)),
    'next_due', (
      select greatest(extract(epoch from due_at - clock_timestamp()), 0)::double precision
      from attention where not dead and lease is null order by due_at limit 1));
end $$;

-- Extend the leases that are still held, and return them. By their keys: nothing looks for a lease.
drop function if exists public.beat_attention(uuid[], interval);
create or replace function public.beat_attention(p_keys text[], p_leases uuid[], p_lease interval)
returns setof uuid language plpgsql set search_path = public, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  return query
    with held as (
      select key from attention where key = any (p_keys) and lease = any (p_leases)
      order by key for update)
    update attention a set leased_until = clock_timestamp() + p_lease
    from held where a.key = held.key returning a.lease;
end $$;

-- Not done: again in p_again, or sooner if more has come. With p_most_failures it counts as a failure, and
-- after so many in a row the row is left for the operator. p_until_cured: it waits for a number that is
-- stopped, and is woken when that is cured; so at once if it just has been.
drop function if exists public.fail_attention(text, uuid, text, interval, integer);
create or replace function public.fail_attention(
  p_key text, p_lease uuid, p_error text, p_again interval, p_most_failures integer,
  p_until_cured boolean default false)
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  if p_until_cured then
    perform from whatsapp_numbers where stopped_code is not null for share;
    p_again := case when found then p_again else interval '0' end;
  end if;
  update attention
  set lease = null, leased_until = null, worker = null, seen = null, last_error = left(p_error, 500),
      failures = case when p_most_failures is null then 0 else failures + 1 end,
      dead = coalesce(failures + 1 >= p_most_failures, false), until_cured = p_until_cured, nudge_at = null,
      due_at = least(clock_timestamp() + p_again, nudge_at, case when wanted > seen then due_at end)
  where key = p_key and lease = p_lease;
end $$;

drop function if exists
  public.claim_attention(text, integer, interval),
  public.finish_attention(text, uuid),
  public.next_attention(),
  public.arrivals_of(text);

revoke execute on function
  public.carry_chat(text[], text),
  public.touch_attention(text[], interval[], boolean[], interval),
  public.give_back(jsonb),
  public.chat_keys_of(text, uuid),
  public.person_of(text),
  public.claimed(text),
  public.claim_due(text, integer, interval, jsonb, text[]),
  public.beat_attention(text[], uuid[], interval),
  public.fail_attention(text, uuid, text, interval, integer, boolean)
from public, anon, authenticated;
grant execute on function
  public.carry_chat(text[], text),
  public.touch_attention(text[], interval[], boolean[], interval),
  public.give_back(jsonb),
  public.chat_keys_of(text, uuid),
  public.person_of(text),
  public.claimed(text),
  public.claim_due(text, integer, interval, jsonb, text[]),
  public.beat_attention(text[], uuid[], interval),
  public.fail_attention(text, uuid, text, interval, integer, boolean)
to service_role;

insert into public.schema_migrations (name) values ('020_claims') on conflict do nothing;
commit;

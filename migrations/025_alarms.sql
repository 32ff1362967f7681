-- 025_alarms
-- Date:   2026-11-22
-- What:   what an operator has to see to, found by whichever process looks, told by exactly one, and once until
--         it is cured; and how much there is to do, for /metrics.
-- Why:    docs/operations.md
-- Locks:  SHARE on public.attention for a moment while indexes are built.
-- Undo:   drop function public.queue_figures, public.standing_alarms, public.alarm_told, public.review_alarms,
--         public.alarm_conditions, public.without_model; drop table public.alarms;
--         drop index public.attention_failed, public.attention_without_model;
--         then oldest_waiting of 011 again;
--         delete from public.schema_migrations where name = '025_alarms';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.alarms (
  name          text        primary key,
  figure        integer     not null,       -- a code of Meta's, a percentage, a count or seconds
  since         timestamptz not null,
  cured_at      timestamptz,                -- null: it stands
  told          text[]      not null default '{}',  -- who knows that it was raised, or cured
  told_at       timestamptz,                -- by then everybody knew
  telling_until timestamptz                 -- a process is at it; should it die, another one takes over
);

alter table public.alarms enable row level security;
revoke all on public.alarms from public, anon, authenticated;
grant select, insert, update, delete on public.alarms to service_role;
drop policy if exists service_role_all on public.alarms;
create policy service_role_all on public.alarms for all to service_role
  using (true) with check (true);

-- Who waits for another try, and who of them for the model. Whoever is answered at once is in neither.
create index if not exists attention_failed on public.attention (waiting_since)
  where last_error is not null and not dead;
create index if not exists attention_without_model on public.attention (waiting_since)
  where last_error = 'ModelUnavailable' and not dead;

-- As in 011, by attention_due. Of who is due it passes over those that are tried again; a few more than one,
-- since a lease that ran out counts from its end.
create or replace function public.oldest_waiting()
returns double precision language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_now timestamptz := clock_timestamp();
begin
  return (
    select extract(epoch from v_now - min(since))::double precision from (
      select greatest(due_at, leased_until) as since from attention
      where not dead and due_at <= v_now and (lease is null or leased_until < v_now) and attempts <= 1
      order by due_at limit 1000) as due);
end $$;

-- How many have waited for the model for two minutes, as far as 1,000.
create or replace function public.without_model()
returns integer language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_long_ago timestamptz := clock_timestamp() - interval '2 minutes';
begin
  return (
    select count(*) from (
      select from attention
      where last_error = 'ModelUnavailable' and not dead and waiting_since < v_long_ago
      order by waiting_since limit 1000) as waiting);
end $$;

-- Everything there is an alarm for. Neither wrong nor well leaves it as it is, so that a figure that
-- wavers tells nobody twice.
create or replace function public.alarm_conditions(p_number text, p_allowance integer)
returns table (name text, figure integer, is_wrong boolean, is_well boolean)
language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_stopped integer := (select stopped_code from whatsapp_numbers where phone_number_id = p_number);
  v_sent    integer := coalesce((
    select accepted from service_messages
    where phone_number_id = p_number
      and month = date_trunc('month', clock_timestamp() at time zone 'utc')::date), 0);
  v_dead    integer := (select count(*) from attention where dead)
    + (select count(*) from outbox where dead_at is not null);
  v_waiting double precision := coalesce(oldest_waiting(), 0);
  v_without integer := without_model();
begin
  return query values
    ('sending_stopped', coalesce(v_stopped, 0), v_stopped is not null, v_stopped is null),
    ('service_message_allowance', (100.0 * v_sent / p_allowance)::integer,
      v_sent >= 0.8 * p_allowance, v_sent < 0.8 * p_allowance),
    ('dead_letters', v_dead, v_dead > 0, v_dead = 0),
    ('queue_waiting', v_waiting::integer, v_waiting >= 120, v_waiting < 60),
    ('model_down', v_without, v_without > 0, v_without = 0);
end $$;

-- Raise and cure, and return what the caller is to tell, and to whom not again (told). Until alarm_told,
-- or for a minute, nobody else gets it.
create or replace function public.review_alarms(p_number text, p_allowance integer)
returns table (name text, figure integer, since timestamptz, is_cured boolean, told text[])
language plpgsql set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  if not pg_try_advisory_xact_lock(hashtext('review_alarms')) then
    return;  -- somebody is looking at this moment
  end if;

  with conditions as materialized (
    select * from alarm_conditions(p_number, p_allowance)
  ), wrong as (
    insert into alarms as a (name, figure, since)
    select c.name, c.figure, clock_timestamp() from conditions c where c.is_wrong
    on conflict (name) do update set
      figure = excluded.figure,
      since = case when a.cured_at is null then a.since else excluded.since end,
      told = case when a.cured_at is null then a.told else '{}' end,
      told_at = case when a.cured_at is null then a.told_at end,
      cured_at = null
    where a.cured_at is not null or a.figure <> excluded.figure
  )
  update alarms a set cured_at = clock_timestamp(), told = '{}', told_at = null
  from conditions c where a.name = c.name and c.is_well and a.cured_at is null;

  return query
    update alarms a set telling_until = clock_timestamp() + interval '1 minute'
    where a.told_at is null
      and (a.telling_until is null or a.telling_until < clock_timestamp())
    returning a.name, a.figure, a.since, a.cured_at is not null, a.told;
end $$;

-- These know it by now. Unless all of them do, the next review gives it out again.
create or replace function public.alarm_told(
  p_name text, p_since timestamptz, p_is_cured boolean, p_told text[], p_is_done boolean)
returns void language sql set search_path = public, pg_temp as $$
  update alarms
  set told = p_told, told_at = case when p_is_done then clock_timestamp() end, telling_until = null
  where name = p_name and since = p_since and (cured_at is not null) = p_is_cured
$$;

create or replace function public.standing_alarms()
returns table (name text, figure integer, since timestamptz)
language sql stable set search_path = public, pg_temp as $$
  select name, figure, since from alarms where cured_at is null order by since, name
$$;

-- How much there is to do, for all processes together; what may be a great deal is counted as far as 10,000.
-- longest_waiting: also of those who are tried again and again.
create or replace function public.queue_figures()
returns jsonb language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_oldest double precision := oldest_waiting();
begin
  return jsonb_build_object(
    'waiting', (select count(*) from (select from attention where not dead limit 10000) as counted),
    'oldest_waiting', coalesce(v_oldest, 0),
    'longest_waiting', greatest(v_oldest, 0, (
      select extract(epoch from clock_timestamp() - min(waiting_since))
      from attention where last_error is not null and not dead)),
    'unsent', (select count(*) from (
      select from outbox where wamid is null and status in ('queued', 'sending') limit 10000) as counted),
    'dead_letters', (select count(*) from attention where dead)
      + (select count(*) from outbox where dead_at is not null),
    'parked', (select count(*) from inbox where kind = 'status' and handled_at is null));
end $$;

revoke execute on function
  public.oldest_waiting(),
  public.without_model(),
  public.alarm_conditions(text, integer),
  public.review_alarms(text, integer),
  public.alarm_told(text, timestamptz, boolean, text[], boolean),
  public.standing_alarms(),
  public.queue_figures()
from public, anon, authenticated;
grant execute on function
  public.oldest_waiting(),
  public.without_model(),
  public.alarm_conditions(text, integer),
  public.review_alarms(text, integer),
  public.alarm_told(text, timestamptz, boolean, text[], boolean),
  public.standing_alarms(),
  public.queue_figures()
to service_role;

insert into public.schema_migrations (name) values ('025_alarms') on conflict do nothing;
commit;

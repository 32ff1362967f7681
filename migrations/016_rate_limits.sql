-- 016_rate_limits
-- Date:   2026-11-22
-- What:   how often things may be asked for, counted for all processes together. say and request_link
--         have a limit of their own, for whoever calls them past the endpoints.
-- Why:    docs/decisions/0009-limits-are-rows.md
-- Locks:  none, the table is new.
-- Undo:   drop "perform refuse_too_many" from say (011), and apply 009 again for request_link;
--         drop function public.take_permits, public.refuse_too_many; drop table public.rate_limits;
--         delete from public.schema_migrations where name = '016_rate_limits';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

-- Unlogged: a commit that writes nothing else waits for no disk. After a crash of the server the table
-- is empty, and everybody begins anew.
create unlogged table if not exists public.rate_limits (
  key         text        primary key,  -- SHA-256, hex, of the limit and of whose it is: a pseudonym
  spent_until timestamptz not null      -- by then every permit is back, and the row says nothing more
);
create index if not exists rate_limits_spent_until on public.rate_limits (spent_until);

alter table public.rate_limits enable row level security;
revoke all on public.rate_limits from public, anon, authenticated;
grant select, insert, update, delete on public.rate_limits to service_role;
drop policy if exists service_role_all on public.rate_limits;
create policy service_role_all on public.rate_limits for all to service_role
  using (true) with check (true);

-- One permit of each limit, or none at all. A limit gives p_times permits at once, and each comes back
-- after its part of p_periods (seconds): GCRA, where spent_until is the theoretical arrival time.
-- Returns the seconds until all of them can be given; 0: they are given.
create or replace function public.take_permits(
  p_keys text[], p_times integer[], p_periods double precision[])
returns double precision language plpgsql set search_path = public, pg_temp as $$
declare
  v_now  timestamptz := clock_timestamp();
  v_wait double precision;
begin
  -- In the order of the keys, so that two calls never wait for each other.
  with wanted as (
    select key, make_interval(secs => period / times) as one, make_interval(secs => period) as period
    from unnest(p_keys, p_times, p_periods) as w (key, times, period)
  ), taken as (
    insert into rate_limits as r (key, spent_until)
    select key, v_now + one from wanted order by key
    on conflict (key) do update
      set spent_until = greatest(r.spent_until, v_now) + (excluded.spent_until - v_now)
    returning r.key, r.spent_until
  )
  select extract(epoch from max(spent_until - period) - v_now) into v_wait
  from taken join wanted using (key);

  if v_wait > 0 then  -- give them back
    update rate_limits r set spent_until = r.spent_until - make_interval(secs => period / times)
    from unnest(p_keys, p_times, p_periods) as w (key, times, period) where r.key = w.key;
  end if;

  delete from rate_limits where key in (  -- more than a call adds; last, because it waits for nobody
    select key from rate_limits where spent_until < v_now
    order by spent_until limit 10 for update skip locked);
  return greatest(v_wait, 0);
end $$;

revoke execute on function public.take_permits(text[], integer[], double precision[])
from public, anon, authenticated;
grant execute on function public.take_permits(text[], integer[], double precision[]) to service_role;

-- --- limits within functions ---------------------------------------------------------------------

-- For say (011), of which each costs an answer of the language model, and for request_link. The
-- endpoints allow less (bot/limits.py). Ends the call with what PostgREST answers as 429, where p_person has done p_act p_times at once and
-- not waited for its part of p_period (seconds). DETAIL: the seconds to wait.
create or replace function public.refuse_too_many(
  p_act text, p_person uuid, p_times integer, p_period double precision)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_key  text := encode(sha256(convert_to(p_act || ' ' || p_person, 'UTF8')), 'hex');
  v_wait double precision := take_permits(array[v_key], array[p_times], array[p_period]);
begin
  if v_wait > 0 then
    raise sqlstate 'PT429' using message = 'too many', detail = v_wait::text;
  end if;
end $$;

revoke execute on function public.refuse_too_many(text, uuid, integer, double precision)
from public, anon, authenticated;

-- As in 009, and at most 20 at once, then one every three minutes.
create or replace function public.request_link(p_phone text, p_code_hash text)
returns timestamptz language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_person     uuid := (select auth.uid());
  v_expires_at timestamptz;
begin
  perform refuse_too_many('request_link', v_person, 20, 3600);
  insert into link_codes as c (user_id, phone, code_hash, expires_at)
  values (v_person, p_phone, p_code_hash, clock_timestamp() + interval '15 minutes')
  on conflict (user_id) do update set
    phone = excluded.phone, code_hash = excluded.code_hash, expires_at = excluded.expires_at,
    wrong_guesses = 0, used_by = null
  returning c.expires_at into v_expires_at;
  return v_expires_at;
end $$;

insert into public.schema_migrations (name) values ('016_rate_limits') on conflict do nothing;
commit;

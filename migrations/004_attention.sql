-- 004_attention
-- Date:   2026-11-22
-- What:   the queue: one row for every sender (or person, in the app) who waits for something.
-- Why:    docs/decisions/0002-one-row-per-sender.md
-- Locks:  none, the table is new.
-- Undo:   drop function public.mark_attention, public.claim_attention, public.beat_attention,
--         public.finish_attention, public.fail_attention, public.next_attention,
--         public.wake_attention; drop table public.attention;
--         delete from public.schema_migrations where name = '004_attention';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.attention (
  key           text        primary key,      -- wa:<digits>, bsuid:<id> or app:<person>
  wanted        bigint      not null default 1,  -- goes up with everything that comes
  seen          bigint,                       -- wanted, when the lease was taken
  due_at        timestamptz not null,
  waiting_since timestamptz not null default clock_timestamp(),
  attempts      integer     not null default 0,
  lease         uuid,
  leased_until  timestamptz,
  worker        text,
  failures      integer     not null default 0,  -- attempts in a row that ended in something unforeseen
  dead          boolean     not null default false,  -- too many of those; revived by the next message
  last_error    text
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

create index if not exists attention_due on public.attention (due_at) where not dead;

alter table public.attention enable row level security;
revoke all on public.attention from public, anon, authenticated;
grant select, insert, update, delete on public.attention to service_role;
drop policy if exists service_role_all on public.attention;
create policy service_role_all on public.attention for all to service_role
  using (true) with check (true);

-- These wrote, each once: be there after their wait, unless more comes; at the latest p_longest after
-- the first. While a row is held, the new time counts from when the lease is given back; while a
-- failed try backs off, its time stays. Rows are locked in the order of their keys.
create or replace function public.mark_attention(p_keys text[], p_waits interval[], p_longest interval)
returns void language sql set search_path = public, pg_temp as $$
  insert into attention as a (key, due_at)
  select key, clock_timestamp() + wait from unnest(p_keys, p_waits) as given (key, wait) order by key
  on conflict (key) do update set
    wanted = a.wanted + 1,
    dead = false,
    attempts = case when a.dead then 0 else a.attempts end,
    failures = case when a.dead then 0 else a.failures end,
    waiting_since = case when a.wanted = a.seen or a.dead then clock_timestamp() else a.waiting_since end,
    due_at = case
      when a.lease is null and a.attempts > 0 and not a.dead then a.due_at
      when a.wanted = a.seen or a.dead then excluded.due_at
      else least(excluded.due_at, a.waiting_since + p_longest) end
$$;

-- Take at most p_limit due rows that nobody holds. Not flushed: a lost claim only means "again".
create or replace function public.claim_attention(p_worker text, p_limit integer, p_lease interval)
returns table (key text, lease uuid, attempts integer)
language plpgsql set search_path = public, pg_temp as $$
#variable_conflict use_column
begin
  perform set_config('synchronous_commit', 'off', true);
  return query
    with due as (
      select key from attention
      where not dead and due_at <= clock_timestamp()
        and (lease is null or leased_until < clock_timestamp())
      order by due_at limit p_limit for update skip locked)
    update attention a
    set lease = gen_random_uuid(), leased_until = clock_timestamp() + p_lease, worker = p_worker,
        seen = a.wanted, attempts = a.attempts + 1
    from due where a.key = due.key
    returning a.key, a.lease, a.attempts;
end $$;

-- Extend the leases that are still held, and return them.
create or replace function public.beat_attention(p_leases uuid[], p_lease interval)
returns setof uuid language plpgsql set search_path = public, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  return query
    with held as (
      select key from attention where lease = any (p_leases) order by key for update)
    update attention a set leased_until = clock_timestamp() + p_lease
    from held where a.key = held.key returning a.lease;
end $$;

-- Done. What came while it was held keeps the row, due when its own wait is over.
create or replace function public.finish_attention(p_key text, p_lease uuid)
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  delete from attention where key = p_key and lease = p_lease and wanted = seen;
  update attention
  set lease = null, leased_until = null, worker = null, seen = null, attempts = 0, failures = 0,
      last_error = null
  where key = p_key and lease = p_lease;
end $$;

-- Not done: again in p_again. With p_most_failures it counts as a failure, and after so many in a row
-- the row is left for the operator.
create or replace function public.fail_attention(
  p_key text, p_lease uuid, p_error text, p_again interval, p_most_failures integer)
returns void language sql set search_path = public, pg_temp as $$
  update attention
  set lease = null, leased_until = null, worker = null, seen = null, last_error = left(p_error, 500),
      failures = case when p_most_failures is null then 0 else failures + 1 end,
      dead = coalesce(failures + 1 >= p_most_failures, false), due_at = clock_timestamp() + p_again
  where key = p_key and lease = p_lease
$$;

-- Seconds until something is due; null: nothing waits.
create or replace function public.next_attention()
returns double precision language sql stable set search_path = public, pg_temp as $$
  select extract(epoch from min(greatest(due_at, leased_until)) - clock_timestamp())::double precision
  from attention where not dead
$$;

-- Wake the other processes; by p_from a process knows its own calls. In a transaction of its own and
-- not flushed: a NOTIFY inside a durable transaction makes all of them wait for each other.
create or replace function public.wake_attention(p_from text)
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  perform pg_notify('attention', p_from);
end $$;

revoke execute on function
  public.mark_attention(text[], interval[], interval),
  public.claim_attention(text, integer, interval),
  public.beat_attention(uuid[], interval),
  public.finish_attention(text, uuid),
  public.fail_attention(text, uuid, text, interval, integer),
  public.next_attention(),
  public.wake_attention(text)
from public, anon, authenticated;
grant execute on function
  public.mark_attention(text[], interval[], interval),
  public.claim_attention(text, integer, interval),
  public.beat_attention(uuid[], interval),
  public.finish_attention(text, uuid),
  public.fail_attention(text, uuid, text, interval, integer),
  public.next_attention(),
  public.wake_attention(text)
to service_role;

insert into public.schema_migrations (name) values ('004_attention') on conflict do nothing;
commit;

-- 017_idempotency
-- Date:   2026-11-22
-- What:   the first answers to calls with an Idempotency-Key, for a day.
-- Why:    a client that did not hear the answer asks again, and what it asked for must not happen twice.
--         An answer holds what only its caller may know, so it is encrypted; what decrypts it is made
--         of the key and the body of the call, which are not in here.
-- Locks:  none, the table is new.
-- Undo:   drop table public.idempotency_keys;
--         drop function public.reserve_answer, public.keep_answer, public.release_answer;
--         delete from public.schema_migrations where name = '017_idempotency';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.idempotency_keys (
  key         text        primary key,  -- of the header and of whom it is from, keyed hash, hex
  fingerprint text        not null,     -- of all that was asked, keyed hash, hex
  first_run   uuid        not null,     -- its id is that of what the call makes, whoever finishes it
  holder      uuid,                     -- the run that will answer, or has; null: it gave up
  user_id     uuid        references auth.users on delete cascade,  -- null: who asked was not signed in
  answer      text,                     -- encrypted; null: the run has not ended
  created_at  timestamptz not null default clock_timestamp()
);
create index if not exists idempotency_keys_user on public.idempotency_keys (user_id);
create index if not exists idempotency_keys_created on public.idempotency_keys (created_at);

alter table public.idempotency_keys enable row level security;
revoke all on public.idempotency_keys from public, anon, authenticated;
grant select, insert, update, delete on public.idempotency_keys to service_role;
drop policy if exists service_role_all on public.idempotency_keys;
create policy service_role_all on public.idempotency_keys for all to service_role
  using (true) with check (true);

-- {state, answer, first_run}. State: "yours": p_holder is to answer; "answered"; "running": somebody
-- else is still at it; "other": the key came with something else before. After a minute a run counts
-- as dead, and the next one finishes what it began; after a day everything begins anew.
create or replace function public.reserve_answer(
  p_key text, p_fingerprint text, p_holder uuid, p_person uuid)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_now   timestamptz := clock_timestamp();
  v_known idempotency_keys;
begin
  -- Need not wait for the disk: what is done under the reservation cannot be durable before it.
  perform set_config('synchronous_commit', 'off', true);
  insert into idempotency_keys as k (key, fingerprint, first_run, holder, user_id, created_at)
  values (p_key, p_fingerprint, p_holder, p_holder, p_person, v_now)
  on conflict (key) do update set
    first_run = case when k.created_at >= v_now - interval '1 day'
                      and k.fingerprint = excluded.fingerprint
                then k.first_run else excluded.first_run end,
    fingerprint = excluded.fingerprint, holder = excluded.holder, user_id = excluded.user_id,
    answer = null, created_at = excluded.created_at
  where k.created_at < v_now - interval '1 day'
     or k.answer is null and k.holder is null
     or k.answer is null and k.fingerprint = excluded.fingerprint
        and k.created_at < v_now - interval '1 minute'
  returning * into v_known;
  if found then
    delete from idempotency_keys where key in (
      select key from idempotency_keys where created_at < v_now - interval '1 day'
      order by created_at limit 10 for update skip locked);
    return jsonb_build_object('state', 'yours', 'answer', null, 'first_run', v_known.first_run);
  end if;

  select * into v_known from idempotency_keys where key = p_key;
  return jsonb_build_object('answer', v_known.answer, 'first_run', null, 'state', case
    when v_known.fingerprint <> p_fingerprint then 'other'
    when v_known.answer is not null then 'answered'
    else 'running' end);  -- or it was forgotten this moment
end $$;

-- What p_holder answered. Nothing happens when somebody else has taken over.
create or replace function public.keep_answer(p_key text, p_holder uuid, p_answer text)
returns void language sql set search_path = public, pg_temp as $$
  update idempotency_keys set answer = p_answer where key = p_key and holder = p_holder
$$;

-- p_holder came to no answer: the next one may try. What it may have made keeps its id; where it
-- certainly made nothing (p_begun is false) nor did anybody before it, the call is forgotten.
create or replace function public.release_answer(p_key text, p_holder uuid, p_begun boolean)
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  delete from idempotency_keys
  where key = p_key and holder = p_holder and answer is null and not p_begun and first_run = holder;
  update idempotency_keys set holder = null
  where key = p_key and holder = p_holder and answer is null;
end $$;

revoke execute on function
  public.reserve_answer(text, text, uuid, uuid),
  public.keep_answer(text, uuid, text),
  public.release_answer(text, uuid, boolean)
from public, anon, authenticated;
grant execute on function
  public.reserve_answer(text, text, uuid, uuid),
  public.keep_answer(text, uuid, text),
  public.release_answer(text, uuid, boolean)
to service_role;

insert into public.schema_migrations (name) values ('017_idempotency') on conflict do nothing;
commit;

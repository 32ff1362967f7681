-- 012_sessions
-- Date:   2026-11-22
-- What:   Ava's own accounts, and their sessions, each continued by refresh tokens that are used once.
-- Why:    a token that was stolen ends the session once both the thief and the person have used it.
--         On Supabase, which keeps its own sessions, these tables stay empty.
-- Locks:  none, the tables are new.
-- Undo:   drop table public.refresh_tokens, public.account_sessions;
--         drop function public.open_session, public.rotate_refresh_token, public.end_sessions,
--         public.create_account, public.find_account, public.change_password_hash,
--         public.forget_account, public.session_lifetime;
--         delete from public.schema_migrations where name = '012_sessions';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

-- Without a refresh.
create or replace function public.session_lifetime()
returns interval language sql immutable set search_path = public, pg_temp as $$
  select interval '60 days'
$$;

create table if not exists public.account_sessions (
  id           uuid        primary key default gen_random_uuid(),
  user_id      uuid        not null references auth.users on delete cascade,
  created_at   timestamptz not null default clock_timestamp(),
  refreshed_at timestamptz not null default clock_timestamp(),
  expires_at   timestamptz not null default clock_timestamp() + public.session_lifetime()
);
create index if not exists account_sessions_user_id on public.account_sessions (user_id);
create index if not exists account_sessions_expires_at on public.account_sessions (expires_at);

create table if not exists public.refresh_tokens (
  token_hash text        primary key check (token_hash ~ '^[0-9a-f]{64}$'),  -- SHA-256
  session_id uuid        not null references public.account_sessions on delete cascade,
  used_at    timestamptz                              -- null: it is the one that may be used
);
create index if not exists refresh_tokens_session_id on public.refresh_tokens (session_id);

do $$
declare
  v_table text;
begin
  foreach v_table in array array['account_sessions', 'refresh_tokens'] loop
    execute format('alter table public.%I enable row level security', v_table);
    execute format('revoke all on public.%I from public, anon, authenticated', v_table);
    execute format('grant select, insert, update, delete on public.%I to service_role', v_table);
    execute format('drop policy if exists service_role_all on public.%I', v_table);
    execute format('create policy service_role_all on public.%I for all to service_role
                    using (true) with check (true)', v_table);
  end loop;
end $$;

-- Returns the id of a new session, with its first refresh token. With p_password_hash only while that is
-- what is kept, so that a password that was just changed opens nothing any more; otherwise null.
create or replace function public.open_session(
  p_person uuid, p_token_hash text, p_password_hash text default null)
returns uuid language plpgsql set search_path = public, pg_temp as $$
declare
  v_session uuid;
begin
  if p_password_hash is not null then
    perform from account_passwords
    where user_id = p_person and password_hash = p_password_hash for share;
    if not found then
      return null;
    end if;
  end if;
  delete from account_sessions where id in (
    select id from account_sessions where expires_at < clock_timestamp()
    order by expires_at limit 100 for update skip locked);
  insert into account_sessions (user_id) values (p_person) returning id into v_session;
  insert into refresh_tokens (token_hash, session_id) values (p_token_hash, v_session);
  return v_session;
end $$;

-- Exchanges a refresh token for p_new_hash: {user_id, session_id, reused}. Null: it is unknown, or its
-- session has ended. reused: it was used before, so there are two who have it; the session has ended
-- and p_new_hash is not kept. Within 10 seconds it gives another successor, to a client that did not
-- hear the answer. Of several successors one goes on: its first use ends the others.
create or replace function public.rotate_refresh_token(p_token_hash text, p_new_hash text)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_person  uuid;
  v_session uuid;
  v_used_at timestamptz;
begin
  -- The session is locked before its tokens are looked at, here as where it ends.
  select user_id, id into v_person, v_session from account_sessions
  where id = (select session_id from refresh_tokens where token_hash = p_token_hash)
    and expires_at > clock_timestamp()
  for update;
  if not found then
    return null;
  end if;
  select used_at into v_used_at from refresh_tokens where token_hash = p_token_hash;
  if v_used_at is null then
    update refresh_tokens set used_at = clock_timestamp()
    where session_id = v_session and used_at is null;
  elsif v_used_at < clock_timestamp() - interval '10 seconds' then
    delete from account_sessions where id = v_session;
    return jsonb_build_object('user_id', v_person, 'session_id', v_session, 'reused', true);
  end if;
  -- One that is older than any session lasts is unknown, which is an answer as good.
  delete from refresh_tokens
  where session_id = v_session and used_at < clock_timestamp() - session_lifetime();
  insert into refresh_tokens (token_hash, session_id) values (p_new_hash, v_session);
  update account_sessions
  set refreshed_at = clock_timestamp(), expires_at = clock_timestamp() + session_lifetime()
  where id = v_session;
  return jsonb_build_object('user_id', v_person, 'session_id', v_session, 'reused', false);
end $$;

-- p_scope: this (p_session alone), others (all but that one) or all.
create or replace function public.end_sessions(p_person uuid, p_session uuid, p_scope text)
returns void language sql set search_path = public, pg_temp as $$
  delete from account_sessions
  where user_id = p_person and case p_scope
    when 'this' then id = p_session
    when 'others' then id is distinct from p_session
    when 'all' then true
  end
$$;

-- A new account with this e-mail (lower case), signed in: {user_id, session_id}.
create or replace function public.create_account(
  p_email text, p_password_hash text, p_token_hash text)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_person uuid;
begin
  insert into auth.users (email) values (p_email) returning id into v_person;
  insert into account_passwords (user_id, password_hash) values (v_person, p_password_hash);
  return jsonb_build_object('user_id', v_person, 'session_id', open_session(v_person, p_token_hash));
end $$;

-- {user_id, password_hash}; null: nobody has this e-mail (lower case).
create or replace function public.find_account(p_email text)
returns jsonb language sql stable set search_path = public, pg_temp as $$
  select jsonb_build_object('user_id', u.id, 'password_hash', p.password_hash)
  from auth.users u join account_passwords p on p.user_id = u.id where lower(u.email) = p_email
$$;

-- Ends every session and returns a new one.
create or replace function public.change_password_hash(
  p_person uuid, p_password_hash text, p_token_hash text)
returns uuid language plpgsql set search_path = public, pg_temp as $$
begin
  insert into account_passwords (user_id, password_hash) values (p_person, p_password_hash)
  on conflict (user_id) do update set password_hash = excluded.password_hash;
  delete from account_sessions where user_id = p_person;
  return open_session(p_person, p_token_hash);
end $$;

create or replace function public.forget_account(p_person uuid)
returns void language sql set search_path = public, pg_temp as $$
  delete from auth.users where id = p_person
$$;

revoke execute on function
  public.session_lifetime(),
  public.open_session(uuid, text, text),
  public.rotate_refresh_token(text, text),
  public.end_sessions(uuid, uuid, text),
  public.create_account(text, text, text),
  public.find_account(text),
  public.change_password_hash(uuid, text, text),
  public.forget_account(uuid)
from public, anon, authenticated;
grant execute on function
  public.session_lifetime(),
  public.open_session(uuid, text, text),
  public.rotate_refresh_token(text, text),
  public.end_sessions(uuid, uuid, text),
  public.create_account(text, text, text),
  public.find_account(text),
  public.change_password_hash(uuid, text, text),
  public.forget_account(uuid)
to service_role;

insert into public.schema_migrations (name) values ('012_sessions') on conflict do nothing;
commit;

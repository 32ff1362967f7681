-- 013_one_time_links
-- Date:   2026-11-22
-- What:   links that go out by e-mail and prove, once and for 15 minutes, that it is somebody's: to sign
--         in, to choose a new password, to confirm a sign-up.
-- Why:    docs/decisions/0011-links-are-our-own.md. Who asks must not learn, not even from the time it
--         takes, whether somebody has an e-mail.
-- Locks:  none, the table is new.
-- Undo:   drop table public.one_time_links; drop function public.ask_for_link,
--         public.purpose_of_link, public.use_link, public.give_back_link, public.drop_links,
--         public.person_with_email;
--         delete from public.schema_migrations where name = '013_one_time_links';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.one_time_links (
  token_hash    text        primary key check (token_hash ~ '^[0-9a-f]{64}$'),  -- SHA-256
  purpose       text        not null check (purpose in ('sign_in', 'password', 'sign_up')),
  email         text        not null,                 -- lower case
  user_id       uuid        references auth.users on delete cascade,  -- null: sign_up
  password_hash text,                                 -- of the account that sign_up makes
  expires_at    timestamptz not null,
  used_at       timestamptz
);
-- A newer link replaces the older one, but not where each comes with a password of its own: anybody
-- can sign up with an e-mail of somebody else, and would put their password in the place of another.
create unique index if not exists one_time_links_latest on public.one_time_links (email, purpose)
  where purpose <> 'sign_up';
create index if not exists one_time_links_sign_ups on public.one_time_links (email, expires_at)
  where purpose = 'sign_up';
create index if not exists one_time_links_user_id on public.one_time_links (user_id);
create index if not exists one_time_links_expires_at on public.one_time_links (expires_at);

alter table public.one_time_links enable row level security;
revoke all on public.one_time_links from public, anon, authenticated;
grant select, insert, update, delete on public.one_time_links to service_role;
drop policy if exists service_role_all on public.one_time_links;
create policy service_role_all on public.one_time_links for all to service_role
  using (true) with check (true);

-- Who has this e-mail (lower case). SECURITY DEFINER, because on Supabase the bot itself may not look
-- into auth.users. There it is asked as Supabase Auth asks, by its index: people of single sign-on may
-- have the e-mail of somebody else.
do $do$
declare
  v_more constant text := case when exists (
      select from pg_attribute
      where attrelid = 'auth.users'::regclass and attname = 'is_sso_user' and not attisdropped)
    then 'and instance_id = ''00000000-0000-0000-0000-000000000000'' and not is_sso_user'
    else '' end;
begin
  execute format($create$
    create or replace function public.person_with_email(p_email text)
    returns uuid language sql stable security definer set search_path = public, pg_temp as $$
      select id from auth.users where lower(email) = p_email %s
    $$ $create$, v_more);
end $do$;

-- Returns whether somebody has this e-mail (lower case). If so the link is theirs, to sign in if a
-- sign-up was asked for. If not, only a sign-up leaves something behind; the same is written in either
-- case, so that it takes the same time. Of sign-ups with one e-mail the five newest can be confirmed.
create or replace function public.ask_for_link(
  p_email text, p_purpose text, p_token_hash text, p_password_hash text default null)
returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  v_person constant uuid := person_with_email(p_email);
begin
  perform pg_advisory_xact_lock(hashtextextended('one_time_links ' || p_email, 0));
  insert into one_time_links (token_hash, purpose, email, user_id, password_hash, expires_at)
  values (
    p_token_hash,
    case when v_person is not null and p_purpose = 'sign_up' then 'sign_in' else p_purpose end,
    p_email,
    v_person,
    case when v_person is null then p_password_hash end,
    clock_timestamp() + interval '15 minutes')
  on conflict (email, purpose) where purpose <> 'sign_up' do update set
    token_hash = excluded.token_hash, user_id = excluded.user_id,
    password_hash = excluded.password_hash, expires_at = excluded.expires_at, used_at = null;
  delete from one_time_links where token_hash in (
    select token_hash from one_time_links where expires_at < clock_timestamp()
    order by expires_at limit 100 for update skip locked);
  delete from one_time_links
  where token_hash = p_token_hash and user_id is null and purpose <> 'sign_up';
  delete from one_time_links where token_hash in (
    select token_hash from one_time_links where email = p_email and purpose = 'sign_up'
    order by expires_at desc offset 5);
  return v_person is not null;
end $$;

-- What a link is for, without using it. Null: there is no such link, or not any more.
create or replace function public.purpose_of_link(p_token_hash text)
returns text language sql stable set search_path = public, pg_temp as $$
  select purpose from one_time_links
  where token_hash = p_token_hash and used_at is null and expires_at > clock_timestamp()
$$;

-- Whose link this is, {user_id, email}, once; a sign-up becomes an account, with its own password, and
-- the others with this e-mail become nothing. Null: it is dead, or for something else. If the e-mail got
-- an account in the meantime, the sign-up proves whose that is, and its password stays.
create or replace function public.use_link(p_token_hash text, p_purposes text[])
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_link   one_time_links;
  v_is_new boolean;
begin
  -- Of two sign-ups with one e-mail the second waits for what becomes of the first.
  perform pg_advisory_xact_lock(hashtextextended('one_time_links ' || email, 0))
  from one_time_links where token_hash = p_token_hash;
  update one_time_links set used_at = clock_timestamp()
  where token_hash = p_token_hash and purpose = any (p_purposes)
    and used_at is null and expires_at > clock_timestamp()
  returning * into v_link;
  if not found then
    return null;
  end if;
  if v_link.purpose = 'sign_up' then
    delete from one_time_links
    where email = v_link.email and purpose = 'sign_up' and token_hash <> p_token_hash;
    insert into auth.users (email) values (v_link.email) on conflict do nothing;
    v_is_new := found;
    v_link.user_id := person_with_email(v_link.email);
    insert into account_passwords (user_id, password_hash)
    values (v_link.user_id, v_link.password_hash) on conflict do nothing;
    if v_is_new then
      perform record_event(v_link.user_id, 'signed_up');
    end if;
  elsif person_with_email(v_link.email) is distinct from v_link.user_id then
    return null;  -- they have another e-mail by now, and who reads this one is somebody else
  end if;
  return jsonb_build_object('user_id', v_link.user_id, 'email', v_link.email);
end $$;

-- By whoever used it: nothing came of it, and it may be used again.
create or replace function public.give_back_link(p_token_hash text)
returns void language sql set search_path = public, pg_temp as $$
  update one_time_links set used_at = null where token_hash = p_token_hash
$$;

-- None of this person's links is good any more.
create or replace function public.drop_links(p_person uuid)
returns void language sql set search_path = public, pg_temp as $$
  delete from one_time_links where user_id = p_person
$$;

revoke execute on function
  public.person_with_email(text),
  public.ask_for_link(text, text, text, text),
  public.purpose_of_link(text),
  public.use_link(text, text[]),
  public.give_back_link(text),
  public.drop_links(uuid)
from public, anon, authenticated;
grant execute on function
  public.person_with_email(text),
  public.ask_for_link(text, text, text, text),
  public.purpose_of_link(text),
  public.use_link(text, text[]),
  public.give_back_link(text),
  public.drop_links(uuid)
to service_role;

insert into public.schema_migrations (name) values ('013_one_time_links') on conflict do nothing;
commit;

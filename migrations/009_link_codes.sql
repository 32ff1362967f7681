-- 009_link_codes
-- Date:   2026-11-22
-- What:   codes by which a phone proves whose it is, and the only ways a number gets in or out of
--         user_preferences. A person cannot write that table directly (001): a number that anybody
--         could type in would let them read somebody else's chat.
-- Why:    docs/decisions/0004-a-number-is-linked-by-a-message-from-it.md
-- Locks:  none, the table is new.
-- Undo:   drop table public.link_codes; drop function public.request_link, public.unlink_phone,
--         public.redeem_link_code; delete from public.schema_migrations where name = '009_link_codes';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.link_codes (
  user_id       uuid        primary key references auth.users on delete cascade,
  phone         text        not null check (phone ~ '^\+[1-9][0-9]{6,14}$'),  -- as the person typed it
  code_hash     text        not null,                 -- SHA-256, hex
  expires_at    timestamptz not null,
  wrong_guesses integer     not null default 0,       -- from that phone
  used_by       text                                  -- the wamid that brought the code
);
create index if not exists link_codes_phone on public.link_codes (phone);

-- Whether a code may still be redeemed.
create or replace function public.is_live(
  p_expires_at timestamptz, p_wrong_guesses integer, p_used_by text)
returns boolean language sql volatile set search_path = public, pg_temp as $$
  select p_expires_at > clock_timestamp() and p_wrong_guesses < 5 and p_used_by is null
$$;

alter table public.link_codes enable row level security;
revoke all on public.link_codes from public, anon, authenticated;
grant select (user_id, phone, expires_at, wrong_guesses, used_by) on public.link_codes to authenticated;
grant select, insert, update, delete on public.link_codes to service_role;
drop policy if exists service_role_all on public.link_codes;
create policy service_role_all on public.link_codes for all to service_role
  using (true) with check (true);
drop policy if exists link_codes_select on public.link_codes;
create policy link_codes_select on public.link_codes for select to authenticated
  using ((select auth.uid()) = user_id and is_live(expires_at, wrong_guesses, used_by));

-- The caller says that p_phone is theirs; it stays theirs to prove until the returned time.
create or replace function public.request_link(p_phone text, p_code_hash text)
returns timestamptz language sql security definer set search_path = public, pg_temp as $$
  insert into link_codes as c (user_id, phone, code_hash, expires_at)
  values ((select auth.uid()), p_phone, p_code_hash, clock_timestamp() + interval '15 minutes')
  on conflict (user_id) do update set
    phone = excluded.phone, code_hash = excluded.code_hash, expires_at = excluded.expires_at,
    wrong_guesses = 0, used_by = null
  returning expires_at
$$;

-- The caller's number is forgotten, a pending one too, and what was about to be sent to it.
create or replace function public.unlink_phone()
returns void language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_person uuid := (select auth.uid());
begin
  delete from link_codes where user_id = v_person;
  update user_preferences set whatsapp_phone = null, updated_at = now() where user_id = v_person;
  delete from whatsapp_identities where user_id = v_person;
  perform drop_queued(array[v_person]);
end $$;

-- A message (p_wamid) from a phone brought a code. p_spellings: the ways to write that phone. Links
-- it to whoever asked for the code and takes it from whoever had it; may be repeated. Null: wrong,
-- late or used; five wrong guesses end every code of that phone.
create or replace function public.redeem_link_code(
  p_code_hash text, p_spellings text[], p_bsuid text, p_wamid text)
returns uuid language plpgsql set search_path = public, pg_temp as $$
declare
  v_person  uuid;
  v_phone   text;
  v_formers uuid[];
begin
  perform pg_advisory_xact_lock(hashtextextended(min(spelling), 0)) from unnest(p_spellings) spelling;

  update link_codes c set used_by = p_wamid
  where code_hash = p_code_hash and phone = any (p_spellings)
    and (is_live(expires_at, wrong_guesses, used_by) or used_by = p_wamid or exists (
      select from user_preferences p where p.user_id = c.user_id and p.whatsapp_phone = c.phone
        and c.used_by is not null))
  returning user_id, phone into v_person, v_phone;
  if not found then
    update link_codes set wrong_guesses = wrong_guesses + 1
    where phone = any (p_spellings) and used_by is null;
    return null;
  end if;

  with former as (
    update user_preferences set whatsapp_phone = null, updated_at = now()
    where whatsapp_phone = any (p_spellings) and user_id <> v_person
    returning user_id
  )
  select coalesce(array_agg(user_id), '{}') into v_formers from former;
  insert into user_preferences (user_id, whatsapp_phone) values (v_person, v_phone)
  on conflict (user_id) do update set whatsapp_phone = excluded.whatsapp_phone, updated_at = now();

  delete from whatsapp_identities
  where user_id = any (v_formers) or user_id = v_person or bsuid = p_bsuid;
  if p_bsuid is not null then
    insert into whatsapp_identities (bsuid, user_id) values (p_bsuid, v_person)
    on conflict (bsuid) do update set user_id = excluded.user_id;
  end if;
  perform drop_queued(v_formers);
  return v_person;
end $$;

revoke execute on function
  public.is_live(timestamptz, integer, text),
  public.request_link(text, text),
  public.unlink_phone(),
  public.redeem_link_code(text, text[], text, text)
from public, anon, authenticated;
grant execute on function
  public.is_live(timestamptz, integer, text), public.request_link(text, text), public.unlink_phone()
to authenticated;
grant execute on function public.is_live(timestamptz, integer, text) to service_role;
grant execute on function public.redeem_link_code(text, text[], text, text) to service_role;

insert into public.schema_migrations (name) values ('009_link_codes') on conflict do nothing;
commit;

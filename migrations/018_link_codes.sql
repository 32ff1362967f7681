-- 018_link_codes
-- Date:   2026-11-22
-- What:   the database makes the code that a phone has to send, and hands it out once.
-- Why:    on Supabase people may call request_link themselves. Who could choose the code could choose
--         words ("AVA-WEMET3") that somebody is likely to write, and get their number by that.
-- Locks:  none.
-- Undo:   drop function public.request_link(text), public.new_link_code(); apply 016 again for
--         request_link; delete from public.schema_migrations where name = '018_link_codes';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

-- Nothing in it looks like something else, and it always holds a digit: "Ava please" is no code.
create or replace function public.new_link_code()
returns text language plpgsql volatile set search_path = public, pg_temp as $$
declare
  v_alphabet constant text := '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
  v_bytes bytea;
  v_code  text;
begin
  loop
    v_bytes := uuid_send(gen_random_uuid());  -- its first six bytes are random
    select string_agg(substr(v_alphabet, 1 + get_byte(v_bytes, n) % 32, 1), '') into v_code
    from generate_series(0, 5) as n;
    exit when v_code ~ '[0-9]';
  end loop;
  return 'AVA-' || v_code;
end $$;

-- The caller says that p_phone is theirs. {code, expires_at}: until then it is theirs to prove. At most
-- 20 at once, then one every three minutes.
drop function if exists public.request_link(text, text);
create or replace function public.request_link(p_phone text)
returns jsonb language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_person uuid := (select auth.uid());
  v_code   text := new_link_code();
begin
  perform refuse_too_many('request_link', v_person, 20, 3600);
  insert into link_codes as c (user_id, phone, code_hash, expires_at)
  values (v_person, p_phone, encode(sha256(convert_to(v_code, 'UTF8')), 'hex'),
          clock_timestamp() + interval '15 minutes')
  on conflict (user_id) do update set
    phone = excluded.phone, code_hash = excluded.code_hash, expires_at = excluded.expires_at,
    wrong_guesses = 0, used_by = null;
  return (select jsonb_build_object('code', v_code, 'expires_at', expires_at)
          from link_codes where user_id = v_person);
end $$;

revoke execute on function public.new_link_code(), public.request_link(text)
from public, anon, authenticated;
grant execute on function public.request_link(text) to authenticated;

insert into public.schema_migrations (name) values ('018_link_codes') on conflict do nothing;
commit;

-- 002_bot_role
-- Date:   2026-11-22
-- What:   policies that let service_role, the bot itself, see every row of the tables of 001.
-- Why:    on Supabase service_role passes row-level security by BYPASSRLS; an owner of a plain
--         Postgres may not grant that, so there (and harmlessly on Supabase) a policy does it.
-- Locks:  a moment of ACCESS EXCLUSIVE on the three tables.
-- Undo:   drop policy service_role_all on public.user_preferences; the same on public.avatars and
--         public.messages;
--         delete from public.schema_migrations where name = '002_bot_role';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

do $$
declare
  v_table text;
begin
  foreach v_table in array array['user_preferences', 'avatars', 'messages'] loop
    execute format('drop policy if exists service_role_all on public.%I', v_table);
    execute format('create policy service_role_all on public.%I for all to service_role
                    using (true) with check (true)', v_table);
  end loop;
end $$;

insert into public.schema_migrations (name) values ('002_bot_role') on conflict do nothing;
commit;

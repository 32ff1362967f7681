-- 010_limits
-- Date:   2026-11-22
-- What:   the limits that the JSON endpoints set to an avatar, in the database too.
-- Why:    on Supabase people may speak to the database directly, and a name of a megabyte would end
--         in the model's instructions.
-- Locks:  a moment of ACCESS EXCLUSIVE on public.avatars, which is read once.
-- Undo:   alter table public.avatars drop constraint avatars_name_check,
--         drop constraint avatars_oldest_age_check,
--         drop constraint avatars_physical_description_check;
--         delete from public.schema_migrations where name = '010_limits';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

alter table public.avatars
  drop constraint if exists avatars_name_check,
  add  constraint avatars_name_check check (char_length(name) between 1 and 60),
  drop constraint if exists avatars_oldest_age_check,
  add  constraint avatars_oldest_age_check check (age <= 120),
  drop constraint if exists avatars_physical_description_check,
  add  constraint avatars_physical_description_check check (char_length(physical_description) <= 1000);

insert into public.schema_migrations (name) values ('010_limits') on conflict do nothing;
commit;

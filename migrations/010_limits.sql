-- 010_limits
-- Date:   2026-11-22
-- What:   the limits of the JSON endpoints, in the database too; and people add to their
--         conversation through say() alone.
-- Why:    on Supabase people may speak to the database directly. A line that they could write as
--         the assistant, or a name of a megabyte, would end in the model's instructions.
-- Locks:  a moment of ACCESS EXCLUSIVE on avatars and link_codes, which are read once.
-- Undo:   drop the constraints; grant insert (user_id, avatar_id, channel, role, content) on
--         public.messages to authenticated;
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

alter table public.avatars
  drop constraint if exists avatars_name_check,
  add  constraint avatars_name_check check (char_length(name) between 1 and 60),
  drop constraint if exists avatars_oldest_age_check,
  add  constraint avatars_oldest_age_check check (age <= 120),
  drop constraint if exists avatars_physical_description_check,
  add  constraint avatars_physical_description_check check (char_length(physical_description) <= 1000);

alter table public.link_codes
  drop constraint if exists link_codes_phone_check,
  add  constraint link_codes_phone_check check (phone ~ '^\+[1-9][0-9]{6,14}$');

revoke insert on public.messages from authenticated;
revoke insert (user_id, avatar_id, channel, role, content) on public.messages from authenticated;

insert into public.schema_migrations (name) values ('010_limits') on conflict do nothing;
commit;

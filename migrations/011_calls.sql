-- 011_calls
-- Date:   2026-11-22
-- What:   what was still a statement in the code becomes a function: who somebody is, their avatar, number
--         and history, the outbox, and how the store is.
-- Why:    docs/decisions/0008-the-store-is-functions.md
-- Locks:  none.
-- Undo:   drop function public.find_person, public.arrivals_of, public.put_aside, public.unsent_sends,
--         public.doubted_for, public.create_avatar, public.my_avatar, public.change_avatar,
--         public.delete_avatar, public.my_preferences, public.my_messages, public.say,
--         public.applied_migrations, public.oldest_waiting;
--         then apply 005 and 007 again for doubt_send and say;
--         delete from public.schema_migrations where name = '011_calls';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

-- --- the bot's own work --------------------------------------------------------------------------

-- Whose number this is, through idx_user_preferences_phone, or whose business-scoped id (BSUID).
-- p_spellings: the ways to write the number, the sender's own first; null: they hide it.
create or replace function public.find_person(p_spellings text[], p_bsuid text)
returns uuid language plpgsql stable set search_path = public, pg_temp as $$
begin
  if p_spellings is null then
    return (select user_id from whatsapp_identities where bsuid = p_bsuid);
  end if;
  return (
    select user_id from user_preferences
    where whatsapp_phone = any (p_spellings) and whatsapp_phone is not null
    order by whatsapp_phone = p_spellings[1] desc limit 1);
end $$;

-- The payloads of the messages from this sender that are not handled, in order.
create or replace function public.arrivals_of(p_sender text)
returns setof text language sql stable set search_path = public, pg_temp as $$
  select payload from inbox
  where sender = p_sender and kind = 'message' and handled_at is null
  order by sent_at, received_at, position
$$;

-- These do not go into a conversation.
create or replace function public.put_aside(p_wamids text[])
returns void language sql set search_path = public, pg_temp as $$
  update inbox set handled_at = now()
  where key in (select 'message:' || wamid from unnest(p_wamids) as wamid)
$$;

-- What is queued or being sent to this recipient, in order.
create or replace function public.unsent_sends(p_recipient text)
returns setof public.outbox language sql stable set search_path = public, pg_temp as $$
  select * from outbox
  where recipient = p_recipient and wamid is null and status in ('queued', 'sending')
  order by seq
$$;

-- Nobody knows what became of this send. Returns the seconds that this has been so, not counting the
-- time before the server last started: then no status could tell us.
drop function if exists public.doubt_send(uuid);
create or replace function public.doubted_for(p_id uuid)
returns double precision language sql set search_path = public, pg_temp as $$
  update outbox set doubted_at = coalesce(doubted_at, clock_timestamp()) where id = p_id
  returning extract(epoch from
    clock_timestamp() - greatest(doubted_at, pg_postmaster_start_time()))::double precision
$$;

create or replace function public.applied_migrations()
returns setof text language sql stable set search_path = public, pg_temp as $$
  select name from schema_migrations order by name
$$;

-- Seconds for which the longest waiting row has been due; null: nothing waits.
create or replace function public.oldest_waiting()
returns double precision language sql stable set search_path = public, pg_temp as $$
  select extract(epoch from max(clock_timestamp() - greatest(due_at, leased_until)))::double precision
  from attention where not dead and attempts <= 1
$$;

-- --- what a person asks for, under row-level security --------------------------------------------

create or replace function public.create_avatar(
  p_name text, p_age integer, p_personality public.personality_type, p_physical_description text)
returns jsonb language sql set search_path = public, pg_temp as $$
  insert into avatars (user_id, name, age, personality, physical_description)
  values ((select auth.uid()), p_name, p_age, p_personality, p_physical_description)
  returning to_jsonb(avatars)
$$;

-- Null: they have none.
create or replace function public.my_avatar()
returns jsonb language sql stable set search_path = public, pg_temp as $$
  select to_jsonb(a) from avatars a where user_id = (select auth.uid())
$$;

-- p_changes: what of {name, age, personality, physical_description} is to change. Null: they have none.
create or replace function public.change_avatar(p_changes jsonb)
returns jsonb language sql set search_path = public, pg_temp as $$
  update avatars set
    name = coalesce(p_changes ->> 'name', name),
    age = coalesce((p_changes ->> 'age')::integer, age),
    personality = coalesce((p_changes ->> 'personality')::personality_type, personality),
    physical_description = case when p_changes ? 'physical_description'
      then p_changes ->> 'physical_description' else physical_description end
  where user_id = (select auth.uid())
  returning to_jsonb(avatars)
$$;

-- False: they had none.
create or replace function public.delete_avatar()
returns boolean language sql set search_path = public, pg_temp as $$
  with gone as (delete from avatars where user_id = (select auth.uid()) returning id)
  select exists (select from gone)
$$;

-- {whatsapp_phone, pending: {phone, expires_at} or null}.
create or replace function public.my_preferences()
returns jsonb language sql stable set search_path = public, pg_temp as $$
  select jsonb_build_object(
    'whatsapp_phone', (select whatsapp_phone from user_preferences where user_id = (select auth.uid())),
    'pending', (select jsonb_build_object('phone', phone, 'expires_at', expires_at)
                from link_codes where user_id = (select auth.uid())))
$$;

-- At most p_limit messages, newest first, behind (p_before, p_before_id); null: from the newest.
create or replace function public.my_messages(p_limit integer, p_before timestamptz, p_before_id uuid)
returns table (
  id uuid, channel public.message_channel, role public.message_role, content text,
  status public.reply_status, created_at timestamptz)
language sql stable set search_path = public, pg_temp as $$
  select m.id, m.channel, m.role, m.content, m.status, m.created_at from messages m
  where m.user_id = (select auth.uid())
    and (p_before is null or (m.created_at, m.id) < (p_before, p_before_id))
  order by m.created_at desc, m.id desc limit p_limit
$$;

-- As in 007, and p_id makes it happen once: said again with the same id it is the same message.
-- SECURITY DEFINER, because a person may not write messages in any other way.
drop function if exists public.say(text, interval, interval);
create or replace function public.say(
  p_text text, p_wait interval, p_longest interval, p_id uuid default null)
returns uuid language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_person uuid := (select auth.uid());
  v_avatar uuid := (select id from avatars where user_id = v_person);
  v_said   uuid;
begin
  if v_avatar is null then
    return null;
  end if;
  if char_length(p_text) not between 1 and 4096 then
    raise check_violation using message = 'say() takes 1 to 4,096 characters';
  end if;
  perform refuse_too_many('say', v_person, 120, 60);  -- of 016: whoever goes around the endpoints
  insert into messages (id, user_id, avatar_id, channel, role, content, created_at)
  values (coalesce(p_id, gen_random_uuid()), v_person, v_avatar, 'app', 'user', p_text,
          clock_timestamp())
  on conflict (id) do nothing
  returning id into v_said;
  if v_said is null then
    return (select id from messages where id = p_id and user_id = v_person);
  end if;
  -- Whoever goes around the endpoints says how long to wait as well.
  perform mark_attention(
    array['app:' || v_person],
    array[least(greatest(p_wait, interval '0'), interval '10 seconds')],
    least(greatest(p_longest, interval '0'), interval '1 minute'));
  return v_said;
end $$;

-- --- rights --------------------------------------------------------------------------------------

revoke execute on function
  public.find_person(text[], text),
  public.arrivals_of(text),
  public.put_aside(text[]),
  public.unsent_sends(text),
  public.doubted_for(uuid),
  public.applied_migrations(),
  public.oldest_waiting(),
  public.create_avatar(text, integer, public.personality_type, text),
  public.my_avatar(),
  public.change_avatar(jsonb),
  public.delete_avatar(),
  public.my_preferences(),
  public.my_messages(integer, timestamptz, uuid),
  public.say(text, interval, interval, uuid)
from public, anon, authenticated;
grant execute on function
  public.find_person(text[], text),
  public.arrivals_of(text),
  public.put_aside(text[]),
  public.unsent_sends(text),
  public.doubted_for(uuid),
  public.applied_migrations(),
  public.oldest_waiting()
to service_role;
grant execute on function
  public.create_avatar(text, integer, public.personality_type, text),
  public.my_avatar(),
  public.change_avatar(jsonb),
  public.delete_avatar(),
  public.my_preferences(),
  public.my_messages(integer, timestamptz, uuid),
  public.say(text, interval, interval, uuid)
to authenticated;

insert into public.schema_migrations (name) values ('011_calls') on conflict do nothing;
commit;

-- 007_conversation
-- Date:   2026-11-22
-- What:   the conversation's atomic steps: open a turn, store its reply, say something in the app;
--         and whatsapp_identities, the business-scoped ids (BSUID) by which people write.
-- Why:    docs/decisions/0003-replies-are-stored-before-they-are-sent.md
-- Locks:  none, the table is new.
-- Undo:   drop function public.is_linked, public.open_turn, public.store_reply, public.say; drop table
--         public.whatsapp_identities;
--         delete from public.schema_migrations where name = '007_conversation';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.whatsapp_identities (
  bsuid    text primary key,                 -- "NL.4091772"; a new one comes with a new number
  user_id  uuid not null references auth.users on delete cascade
);
create index if not exists whatsapp_identities_user on public.whatsapp_identities (user_id);

alter table public.whatsapp_identities enable row level security;
revoke all on public.whatsapp_identities from public, anon, authenticated;
grant select, insert, update, delete on public.whatsapp_identities to service_role;
drop policy if exists service_role_all on public.whatsapp_identities;
create policy service_role_all on public.whatsapp_identities for all to service_role
  using (true) with check (true);

-- Whether the person has a linked number, which stays so until the end of the transaction.
create or replace function public.is_linked(p_person uuid)
returns boolean language plpgsql set search_path = public, pg_temp as $$
begin
  perform from user_preferences where user_id = p_person and whatsapp_phone is not null for share;
  return found;
end $$;

-- Store p_arrivals ([{wamid, text, readable, attachment, quoted}], in order), mark their inbox rows
-- handled, and return what is unanswered on this channel with what a reply needs:
-- {avatar, said: [{id, role, text, readable, attachment, quoted, wamid, unanswered}]}, oldest first.
-- p_bsuid: the business-scoped id that came along with the person's proven number.
-- Not flushed: should the server lose it, the inbox rows are still unhandled.
create or replace function public.open_turn(
  p_person uuid, p_channel public.message_channel, p_arrivals jsonb, p_bsuid text, p_lines integer)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  if jsonb_array_length(p_arrivals) > 0 then
    insert into messages (user_id, avatar_id, channel, role, content, wamid, readable, attachment,
                          created_at)
    select p_person, (select id from avatars where user_id = p_person), p_channel, 'user',
           a.value ->> 'text', a.value ->> 'wamid', (a.value ->> 'readable')::boolean,
           a.value ->> 'attachment', clock_timestamp() + a.ordinality * interval '1 microsecond'
    from jsonb_array_elements(p_arrivals) with ordinality as a
    on conflict (wamid) where wamid is not null do nothing;

    update messages m set quotes = quoted.id
    from (
      select a.value ->> 'wamid' as wamid, q.id
      from jsonb_array_elements(p_arrivals) as a
      join messages q on q.user_id = p_person and (
        q.wamid = a.value ->> 'quoted'
        or q.id = (select message_id from outbox where wamid = a.value ->> 'quoted'))
    ) as quoted
    where m.wamid = quoted.wamid and m.user_id = p_person;

    update inbox set handled_at = now()
    where key in (select 'message:' || (a.value ->> 'wamid') from jsonb_array_elements(p_arrivals) a);
  end if;

  if p_bsuid is not null and is_linked(p_person) then
    insert into whatsapp_identities as i (bsuid, user_id) values (p_bsuid, p_person)
    on conflict (bsuid) do update set user_id = excluded.user_id where i.user_id <> excluded.user_id;
  end if;

  return (
    with latest as (
      select id from messages
      where user_id = p_person and notice_for is null
        and (channel = p_channel or role = 'assistant' or answered_by is not null)
      order by created_at desc limit p_lines
    ), unanswered as (
      select id from messages
      where user_id = p_person and channel = p_channel and role = 'user' and answered_by is null
    ), said as (
      select m.id, m.role, m.content as text, m.readable, m.attachment, q.content as quoted, m.wamid,
             m.id in (select id from unanswered) as unanswered, m.created_at
      from messages m left join messages q on q.id = m.quotes
      where m.id in (select id from latest union select id from unanswered)
    )
    select jsonb_build_object(
      'avatar', (select to_jsonb(a) from avatars a where a.user_id = p_person),
      'said', coalesce((select jsonb_agg(to_jsonb(said) order by created_at, id) from said), '[]')));
end $$;

-- Store a reply to p_answers and put its parts into the outbox; a reply without a recipient (in the
-- app) is 'sent' at once. Null: the draft is dropped, because part of p_answers is answered by now or
-- the number is no longer theirs.
-- A notice answers nothing, is never shown to the model, and comes once for the first of p_answers.
create or replace function public.store_reply(
  p_person uuid, p_channel public.message_channel, p_answers uuid[], p_text text, p_parts text[],
  p_recipient text, p_is_notice boolean)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_reply uuid;
begin
  if p_recipient is not null and not is_linked(p_person) then
    return null;
  end if;
  perform from messages
  where id = any (p_answers) and user_id = p_person and answered_by is null
  order by id for update;
  if (select count(*) from messages
      where id = any (p_answers) and user_id = p_person and answered_by is null)
     < cardinality(p_answers) then
    return null;
  end if;

  insert into messages (user_id, avatar_id, channel, role, content, notice_for, status, created_at)
  values (p_person, (select id from avatars where user_id = p_person), p_channel, 'assistant', p_text,
          case when p_is_notice then p_answers[1] end,
          case when p_recipient is null then 'sent' else 'queued' end::reply_status,
          clock_timestamp())
  on conflict (notice_for) where notice_for is not null do nothing
  returning id into v_reply;
  if v_reply is null then
    return '[]';
  end if;

  if not p_is_notice then
    update messages set answered_by = v_reply where id = any (p_answers);
  end if;
  if p_recipient is null then
    return '[]';
  end if;
  return (select coalesce(jsonb_agg(to_jsonb(sends) order by seq), '[]')
          from queue_sends('reply:' || v_reply, v_reply, p_recipient, p_parts) as sends);
end $$;

-- The caller says something in the app: stored and marked for attention together. p_wait: for the rest
-- of a burst, p_longest in all. Null: they have no avatar to say it to.
create or replace function public.say(p_text text, p_wait interval, p_longest interval)
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
  insert into messages (user_id, avatar_id, channel, role, content, created_at)
  values (v_person, v_avatar, 'app', 'user', p_text, clock_timestamp())
  returning id into v_said;
  perform mark_attention(array['app:' || v_person], array[p_wait], p_longest);
  return v_said;
end $$;

revoke execute on function
  public.is_linked(uuid),
  public.open_turn(uuid, public.message_channel, jsonb, text, integer),
  public.store_reply(uuid, public.message_channel, uuid[], text, text[], text, boolean),
  public.say(text, interval, interval)
from public, anon, authenticated;
grant execute on function
  public.is_linked(uuid),
  public.open_turn(uuid, public.message_channel, jsonb, text, integer),
  public.store_reply(uuid, public.message_channel, uuid[], text, text[], text, boolean)
to service_role;
grant execute on function public.say(text, interval, interval) to authenticated;

insert into public.schema_migrations (name) values ('007_conversation') on conflict do nothing;
commit;

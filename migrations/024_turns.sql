-- 024_turns
-- Date:   2026-11-22
-- What:   open a turn and store its reply once more: more may join a turn until it is answered, the reply is
--         begun as it is stored, and STOP is kept with its confirmation.
-- Why:    docs/decisions/0012-one-claim-brings-everything.md
-- Locks:  none.
-- Undo:   drop function public.open_turn, public.store_reply, public.settle, public.silence_chat;
--         then open_turn and store_reply of 007 again, with their rights;
--         delete from public.schema_migrations where name = '024_turns';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

-- Store p_arrivals ([{wamid, text, readable, attachment, quoted}], in order), mark their inbox rows
-- handled, and return what is unanswered on this channel with what a reply needs: {avatar, waited, said: [{id,
-- role, text, readable, attachment, quoted, wamid, unanswered}]}, oldest first. waited: the seconds since the
-- first of it, by Meta's clock. Not flushed: should the server lose it, the inbox rows are still unhandled.
drop function if exists public.open_turn(uuid, public.message_channel, jsonb, text, integer);
create or replace function public.open_turn(
  p_person uuid, p_channel public.message_channel, p_arrivals jsonb, p_lines integer)
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

    if p_arrivals @? '$[*].quoted ? (@ != null)' then
      update messages m set quotes = quoted.id
      from (
        select a.value ->> 'wamid' as wamid, q.id
        from jsonb_array_elements(p_arrivals) as a
        join messages q on q.user_id = p_person and (
          q.wamid = a.value ->> 'quoted'
          or q.id = (select message_id from outbox where wamid = a.value ->> 'quoted'))
      ) as quoted
      where m.wamid = quoted.wamid and m.user_id = p_person;
    end if;

    update inbox set handled_at = now()
    where key = any (array(  -- an array is looked up; a join with JSON, of unknown length, may read it all
      select 'message:' || (a.value ->> 'wamid') from jsonb_array_elements(p_arrivals) a));
  end if;

  return (
    with latest as (
      select id from messages
      where user_id = p_person and notice_for is null
        and (channel = p_channel or role = 'assistant' or answered_by is not null)
      order by created_at desc limit p_lines
    ), unanswered as (
      select m.id, least(m.created_at, i.sent_at) as said_at
      from messages m left join inbox i on i.key = 'message:' || m.wamid
      where m.user_id = p_person and m.channel = p_channel and m.role = 'user' and m.answered_by is null
    ), said as (
      select m.id, m.role, m.content as text, m.readable, m.attachment, q.content as quoted, m.wamid,
             m.id in (select id from unanswered) as unanswered, m.created_at
      from messages m left join messages q on q.id = m.quotes
      where m.id in (select id from latest union select id from unanswered)
    )
    select jsonb_build_object(
      'avatar', (select to_jsonb(a) from avatars a where a.user_id = p_person),
      'waited', (select extract(epoch from clock_timestamp() - min(said_at)) from unanswered),
      'said', coalesce((select jsonb_agg(to_jsonb(said) order by created_at, id) from said), '[]')));
end $$;

-- What they said in silence stays unanswered, also when they say START: it counts as answered by the last
-- thing that was said to them.
create or replace function public.settle(p_person uuid, p_said uuid[])
returns void language sql set search_path = public, pg_temp as $$
  update messages set answered_by = (
    select id from messages
    where user_id = p_person and role = 'assistant' order by created_at desc limit 1)
  where id = any (p_said) and user_id = p_person and answered_by is null
$$;

-- They said STOP, or START: what waits to be sent to them is not sent any more.
create or replace function public.silence_chat(p_key text, p_silenced boolean)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_messages uuid[];
begin
  if p_silenced then
    with cancelled as (
      update outbox set status = 'failed', since = clock_timestamp()
      where recipient = p_key and wamid is null and status = 'queued'
      returning message_id
    )
    select array_agg(distinct message_id) into v_messages from cancelled where message_id is not null;
    if v_messages is not null then
      perform reflect_outbox(v_messages);
    end if;
  end if;
  insert into whatsapp_chats as c (key, last_heard_at, silenced_at)
  values (p_key, clock_timestamp(), case when p_silenced then clock_timestamp() end)
  on conflict (key) do update set silenced_at = excluded.silenced_at;
  if not p_silenced then
    update whatsapp_chats set silenced_at = null
    where key = any (chat_keys_of(p_key, person_of(p_key))) and silenced_at is not null;
  end if;
end $$;

-- Store a reply to p_answers and put its parts into the outbox, the first of them as 'sending' with p_begin;
-- a reply without a recipient (in the app) is 'sent' at once. Returns {sends: [...]}, or {dropped: why}:
-- 'answered', because part of p_answers is answered by now or the number is no longer theirs; 'joined',
-- because something came that belongs to this turn and p_joins.
-- p_silences: they said STOP or START. A notice answers nothing, is never shown to the model, and comes once for the first of p_answers.
drop function if exists public.store_reply(
  uuid, public.message_channel, uuid[], text, text[], text, boolean);
create or replace function public.store_reply(
  p_person uuid, p_channel public.message_channel, p_answers uuid[], p_text text, p_parts text[],
  p_recipient text, p_is_notice boolean default false, p_joins boolean default false,
  p_begin boolean default false, p_silences boolean default null)
returns jsonb language plpgsql set search_path = public, pg_temp as $$
declare
  v_reply uuid;
begin
  if p_recipient is not null and not (is_linked(p_person) and is_theirs(p_person, p_recipient)) then
    return '{"dropped": "answered"}';
  end if;
  if p_joins and (
      exists (select from inbox where sender = p_recipient and kind = 'message' and handled_at is null)
      or exists (select from messages where user_id = p_person and channel = p_channel and role = 'user'
                 and answered_by is null and id <> all (p_answers))) then
    return '{"dropped": "joined"}';
  end if;
  perform from messages
  where id = any (p_answers) and user_id = p_person and answered_by is null
  order by id for update;
  if (select count(*) from messages
      where id = any (p_answers) and user_id = p_person and answered_by is null)
     < cardinality(p_answers) then
    return '{"dropped": "answered"}';
  end if;

  insert into messages (user_id, avatar_id, channel, role, content, notice_for, status, created_at)
  values (p_person, (select id from avatars where user_id = p_person), p_channel, 'assistant', p_text,
          case when p_is_notice then p_answers[1] end,
          case when p_recipient is null then 'sent' when p_begin then 'sending' else 'queued' end::reply_status,
          clock_timestamp())
  on conflict (notice_for) where notice_for is not null do nothing
  returning id into v_reply;
  if v_reply is null then
    return '{"sends": []}';
  end if;

  if not p_is_notice then
    update messages set answered_by = v_reply where id = any (p_answers);
  end if;
  if p_silences is not null then
    perform silence_chat(p_recipient, p_silences);
  end if;
  return jsonb_build_object('sends', case when p_recipient is null then '[]' else (
    select coalesce(jsonb_agg(to_jsonb(sends) order by seq), '[]')
    from queue_sends('reply:' || v_reply, v_reply, p_recipient, p_parts, null, 'text', p_begin) as sends
  ) end);
end $$;

do $$
declare
  v_function text;
begin
  foreach v_function in array array[
    'open_turn(uuid, public.message_channel, jsonb, integer)',
    'settle(uuid, uuid[])',
    'silence_chat(text, boolean)',
    'store_reply(uuid, public.message_channel, uuid[], text, text[], text, boolean, boolean, boolean,
      boolean)'
  ] loop
    execute format('revoke execute on function public.%s from public, anon, authenticated', v_function);
    execute format('grant execute on function public.%s to service_role', v_function);
  end loop;
end $$;

insert into public.schema_migrations (name) values ('024_turns') on conflict do nothing;
commit;

-- 026_dead_letters
-- Date:   2026-11-22
-- What:   what Ava gave up, for `python run.py dead`: turns that failed too often, and messages to WhatsApp that
--         Meta will not have for a reason that somebody should look at. To see, to try again, to drop.
-- Why:    docs/operations.md
-- Locks:  SHARE on public.attention for a moment while an index is built.
-- Undo:   drop function public.dead_letters, public.dead_letter, public.replay_dead_letter,
--         public.drop_dead_letter, public.dead_turn_id, public.dead_send_id, public.person_of_key;
--         drop index public.attention_dead;
--         delete from public.schema_migrations where name = '026_dead_letters';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create index if not exists attention_dead on public.attention (key) where dead;

-- --- names ---------------------------------------------------------------------------------------

-- A key of the queue holds a phone number, and all numbers can be tried against a digest of one. The moment
-- is in it too, to the microsecond, so that they cannot, and so that an id means this death and no later one.
create or replace function public.dead_turn_id(p_key text, p_since timestamptz)
returns text language sql stable set search_path = public, pg_temp as $$
  select 'turn-' || left(encode(sha256(convert_to(
    p_key || ' ' || extract(epoch from p_since), 'UTF8')), 'hex'), 12)
$$;

create or replace function public.dead_send_id(p_id uuid)
returns text language sql immutable set search_path = public, pg_temp as $$
  select 'send-' || left(replace(p_id::text, '-', ''), 12)
$$;

-- Whose conversation a key of the queue is about; null: a stranger's.
create or replace function public.person_of_key(p_key text)
returns uuid language plpgsql stable set search_path = public, pg_temp as $$
begin
  return case
    when p_key like 'app:%' then substr(p_key, 5)::uuid
    when p_key like 'wa:%' then find_person(spellings_of(substr(p_key, 4)), null)
    else find_person(null, substr(p_key, 7)) end;
end $$;

-- --- to see --------------------------------------------------------------------------------------

-- No text and no number, but for its last two digits; nor Meta's error_details, which may quote both. what:
-- 'turn', or for a send how its key begins ('reply', 'invitation' …). since: when the first of what waits
-- came, or was to be sent. messages: what they wrote and is not answered; of a send, what a replay sends.
create or replace function public.dead_letters()
returns table (
  id text, what text, channel text, since timestamptz, dead_at timestamptz, tries integer, error text,
  code integer, digits text, messages bigint, heard_at timestamptz, is_silenced boolean)
language sql stable set search_path = public, pg_temp as $$
  with dead as (
    select dead_turn_id(a.key, a.waiting_since) as id, 'turn' as what, a.key as recipient,
           a.waiting_since as since, null::timestamptz as dead_at, a.attempts as tries,
           a.last_error as error, null::integer as code,
           (select count(*) from inbox
            where sender = a.key and kind = 'message' and handled_at is null)
           + (select count(*) from messages
              where user_id = person_of_key(a.key) and role = 'user' and answered_by is null
                and messages.channel = case when a.key like 'app:%' then 'app' else 'whatsapp'
                                       end::message_channel) as messages
    from attention a where a.dead
    union all
    select dead_send_id(o.id), split_part(o.key, ':', 1), o.recipient, o.queued_at, o.dead_at, o.tries + 1,
           case when o.error_code is null then 'OutcomeUnknown' end, o.error_code,
           1 + (select count(*) from outbox behind
                where behind.message_id = o.message_id and behind.seq > o.seq
                  and behind.status = 'failed' and behind.wamid is null and behind.dead_at is null)
    from outbox o where o.dead_at is not null
  )
  select dead.id, what, case when recipient like 'app:%' then 'app' else 'whatsapp' end, since, dead.dead_at,
         tries, error, code, case when recipient like 'wa:%' then right(recipient, 2) end,
         dead.messages, c.last_heard_at, coalesce(c.silenced_at is not null, false)
  from dead left join whatsapp_chats c on c.key = recipient
  order by since, dead.id
$$;

create or replace function public.dead_letter(p_id text)
returns jsonb language sql stable set search_path = public, pg_temp as $$
  select to_jsonb(letter) from dead_letters() as letter where letter.id = p_id
$$;

-- --- to try again --------------------------------------------------------------------------------

-- Returns how many turns or messages are tried again; 0: they have said STOP; null: there is no such letter.
-- A send gets a new id, so that a status of the old one says nothing about it; the parts behind it, which
-- failed because it did, go with it.
create or replace function public.replay_dead_letter(p_id text)
returns integer language plpgsql set search_path = public, pg_temp as $$
declare
  v_send  outbox;
  v_count integer;
begin
  update attention
  set dead = false, attempts = 0, failures = 0, last_error = null, due_at = clock_timestamp()
  where dead and dead_turn_id(key, waiting_since) = p_id;
  if found then
    perform pg_notify('attention', '');  -- not on its own, as wake_attention is: this is rare
    return 1;
  end if;

  select * into v_send from outbox where dead_at is not null and dead_send_id(id) = p_id for update;
  if not found then
    return null;
  end if;
  if exists (select from whatsapp_chats where key = v_send.recipient and silenced_at is not null) then
    return 0;
  end if;
  update outbox
  set id = gen_random_uuid(), status = 'queued', since = clock_timestamp(), wamid = null,
      doubted_at = null, error_code = null, error_details = null, tries = 0, dead_at = null
  where id = v_send.id
    or message_id = v_send.message_id and seq > v_send.seq and status = 'failed' and wamid is null
      and dead_at is null;
  get diagnostics v_count = row_count;
  update messages set status = 'queued' where id = v_send.message_id and status = 'failed';
  perform mark_attention(array[v_send.recipient], array[interval '0'], interval '0');
  perform pg_notify('attention', '');
  return v_count;
end $$;

-- --- to give up ----------------------------------------------------------------------------------

-- False: there is no such letter. What they wrote is put aside; what of it is in the conversation already is
-- answered together with whatever they write next.
create or replace function public.drop_dead_letter(p_id text)
returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  v_key text;
begin
  delete from attention where dead and dead_turn_id(key, waiting_since) = p_id returning key into v_key;
  if found then
    update inbox set handled_at = now() where sender = v_key and kind = 'message' and handled_at is null;
    return true;
  end if;
  update outbox set dead_at = null where dead_at is not null and dead_send_id(id) = p_id;
  return found;
end $$;

revoke execute on function
  public.dead_turn_id(text, timestamptz),
  public.dead_send_id(uuid),
  public.person_of_key(text),
  public.dead_letters(),
  public.dead_letter(text),
  public.replay_dead_letter(text),
  public.drop_dead_letter(text)
from public, anon, authenticated;
grant execute on function
  public.dead_turn_id(text, timestamptz),
  public.dead_send_id(uuid),
  public.person_of_key(text),
  public.dead_letters(),
  public.dead_letter(text),
  public.replay_dead_letter(text),
  public.drop_dead_letter(text)
to service_role;

insert into public.schema_migrations (name) values ('026_dead_letters') on conflict do nothing;
commit;

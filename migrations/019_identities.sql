-- 019_identities
-- Date:   2026-11-22
-- What:   one person, many ids. By which number and by which business-scoped id (BSUID) WhatsApp knows
--         somebody, when either changes, and when a number has a new owner.
-- Why:    a BSUID is one account for ever, a number is not: it is recycled. So another BSUID at a linked
--         number, of which Meta has told nothing, is another person, who must not see the chat.
--         docs/decisions/0014-a-number-is-not-a-person.md
-- Locks:  a moment of ACCESS EXCLUSIVE on public.whatsapp_identities and public.user_preferences; the
--         first is read once, no table is rewritten.
-- Undo:   drop function public.known_sender, public.recognise, public.apply_renames, public.change_number,
--         public.judge_identity, public.judge_number, public.move_number, public.move_bsuid,
--         public.lose_number, public.send_elsewhere, public.is_late, public.is_theirs,
--         public.same_number, public.lock_numbers;
--         revoke execute on function public.spellings_of, public.wa_ids_of from service_role;
--         alter table public.whatsapp_identities drop column wa_id, drop column ended_at,
--         drop column taken_by; alter table public.user_preferences drop column linked_at;
--         then may_be_sent of 005, redeem_link_code of 009, find_person of 011 and inbox_of of 015 again;
--         delete from public.schema_migrations where name = '019_identities';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

do $$ begin
  if not exists (
    select from pg_attribute
    where attrelid = 'public.whatsapp_identities'::regclass and attname = 'wa_id' and not attisdropped
  ) then
    alter table public.whatsapp_identities
      add column wa_id    text,         -- digits, as WhatsApp has them; null: Meta told us of this id alone
      add column ended_at timestamptz,  -- since when another id is used instead
      add column taken_by text;         -- SHA-256 of the id that came with the number instead, untold
    update public.whatsapp_identities i set wa_id = ltrim(p.whatsapp_phone, '+')
    from public.user_preferences p where p.user_id = i.user_id;
  end if;
end $$;

alter table public.user_preferences
  add column if not exists linked_at timestamptz;  -- since when it is their number, by Meta's clock

-- Rows are locked in this order: the number (lock_numbers), user_preferences by user_id,
-- whatsapp_identities; and then what sending locks, from the outbox on.

-- --- numbers -------------------------------------------------------------------------------------

-- Until the end of the transaction nobody else gives these numbers, in any spelling, to anybody.
create or replace function public.lock_numbers(p_wa_ids text[])
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(number, 0))
  from (
    select distinct (select min(spelling) from unnest(spellings_of(wa_id)) as spelling) as number
    from unnest(p_wa_ids) as wa_id where wa_id is not null order by 1) as numbers;
end $$;

create or replace function public.same_number(p_phone text, p_wa_id text)
returns boolean language sql immutable set search_path = public, pg_temp as $$
  select spellings_of(ltrim(p_phone, '+')) && spellings_of(p_wa_id)
$$;

-- As in 011. An id leads to nobody who has lost their number; and in Argentina the other spelling, which may be
-- a landline, to nobody whom WhatsApp knows by another number.
create or replace function public.find_person(p_spellings text[], p_bsuid text)
returns uuid language plpgsql stable set search_path = public, pg_temp as $$
begin
  if p_spellings is null then
    return (
      select user_id from whatsapp_identities join user_preferences using (user_id)
      where bsuid = p_bsuid and whatsapp_phone is not null);
  end if;
  return (
    select user_id from user_preferences p
    where whatsapp_phone = any (p_spellings) and whatsapp_phone is not null
      and (p_spellings[1] not like '+54%' or not exists (
        select from whatsapp_identities i
        where i.user_id = p.user_id and i.ended_at is null and '+' || i.wa_id <> all (p_spellings[:1])))
    order by whatsapp_phone = p_spellings[1] desc limit 1);
end $$;

-- Whether this was sent before the person's number was theirs.
create or replace function public.is_late(p_person uuid, p_sent_at timestamptz)
returns boolean language sql stable set search_path = public, pg_temp as $$
  select coalesce(
    (select coalesce(linked_at, updated_at) > p_sent_at from user_preferences where user_id = p_person),
    false)
$$;

-- By which name the queue knows a sender (wa:<digits> or bsuid:<id>). Who hides their number is in it by
-- the number that came with their id, so that one person is one row. Two rows are read, by their keys.
create or replace function public.known_sender(p_sender text)
returns text language plpgsql stable set search_path = public, pg_temp as $$
begin
  if p_sender is null or p_sender not like 'bsuid:%' then
    return p_sender;
  end if;
  return coalesce((
    select 'wa:' || i.wa_id from whatsapp_identities i join user_preferences p using (user_id)
    where i.bsuid = substr(p_sender, 7) and i.ended_at is null
      and (p.whatsapp_phone = '+' || i.wa_id or same_number(p.whatsapp_phone, i.wa_id))), p_sender);
end $$;

-- Whether a recipient, as the queue names them, is this person.
create or replace function public.is_theirs(p_person uuid, p_recipient text)
returns boolean language sql stable set search_path = public, pg_temp as $$
  select exists (
    select from user_preferences p where p.user_id = p_person and p.whatsapp_phone is not null and (
      p_recipient like 'wa:%' and p.whatsapp_phone = any (spellings_of(substr(p_recipient, 4)))
      or exists (
        select from whatsapp_identities i where i.user_id = p_person and (
          i.bsuid = substr(p_recipient, 7) and p_recipient like 'bsuid:%'
          or 'wa:' || i.wa_id = p_recipient and i.ended_at is null
            and same_number(p.whatsapp_phone, i.wa_id)))))
$$;

-- As in 005, and to nobody but them: what was queued for a number stays there when they get another.
create or replace function public.may_be_sent(p_id uuid)
returns boolean language sql stable set search_path = public, pg_temp as $$
  select not exists (
    select from outbox o join messages m on m.id = o.message_id
    where o.id = p_id and not is_theirs(m.user_id, o.recipient))
$$;

-- --- what changes --------------------------------------------------------------------------------

-- What waits to be sent to this person under other names is sent to p_recipient. With another id: who
-- is about to send it to the old name finds it no more.
create or replace function public.send_elsewhere(p_person uuid, p_keys text[], p_recipient text)
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  update outbox o set recipient = p_recipient, id = gen_random_uuid()
  from messages m
  where m.id = o.message_id and m.user_id = p_person and o.recipient = any (p_keys)
    and o.recipient <> p_recipient and o.wamid is null and o.status = 'queued';
  if found or exists (
    select from messages
    where user_id = p_person and channel = 'whatsapp' and role = 'user' and answered_by is null
  ) then
    perform mark_attention(array[p_recipient], array[interval '0'], interval '0');
  end if;
end $$;

-- These have their numbers no more, and what waits is not sent to them.
create or replace function public.lose_number(p_persons uuid[])
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  update user_preferences set whatsapp_phone = null, linked_at = null, updated_at = now()
  where user_id = any (p_persons) and whatsapp_phone is not null;
  perform drop_queued(p_persons);
end $$;

-- This is the person's id from now on, with that number where it came along.
create or replace function public.move_bsuid(p_person uuid, p_bsuid text, p_wa_id text)
returns void language sql set search_path = public, pg_temp as $$
  update whatsapp_identities set ended_at = clock_timestamp()
  where user_id = p_person and ended_at is null and bsuid is distinct from p_bsuid;
  insert into whatsapp_identities as i (bsuid, user_id, wa_id)
  select p_bsuid, p_person, p_wa_id where p_bsuid is not null
  on conflict (bsuid) do update set
    user_id = excluded.user_id, ended_at = null, taken_by = null,
    wa_id = coalesce(excluded.wa_id, case when i.user_id = excluded.user_id then i.wa_id end)
$$;

-- The person has this number and this id from now on, and nobody else has the number. p_phone: as they
-- write it.
create or replace function public.move_number(
  p_person uuid, p_phone text, p_wa_id text, p_bsuid text, p_at timestamptz)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_former  text;
  v_formers uuid[] := array(
    select user_id from user_preferences
    where whatsapp_phone = any (spellings_of(p_wa_id)) and user_id <> p_person);
  v_keys    text[];
begin
  perform from user_preferences where user_id = any (v_formers || p_person) order by user_id for update;
  select whatsapp_phone into v_former from user_preferences where user_id = p_person;
  v_keys := array(
    select 'wa:' || wa_id from unnest(wa_ids_of(v_former)) as wa_id
    union
    select unnest(array['wa:' || wa_id, 'bsuid:' || bsuid])
    from whatsapp_identities where user_id = p_person);

  if v_formers <> '{}' then
    perform lose_number(v_formers);
    delete from whatsapp_identities where user_id = any (v_formers);
  end if;
  insert into user_preferences as p (user_id, whatsapp_phone, linked_at) values (p_person, p_phone, p_at)
  on conflict (user_id) do update set
    whatsapp_phone = excluded.whatsapp_phone, updated_at = now(),
    linked_at = case when p.whatsapp_phone = excluded.whatsapp_phone then p.linked_at
                     else excluded.linked_at end;
  perform move_bsuid(p_person, p_bsuid, p_wa_id);
  if not same_number(v_former, p_wa_id) then
    perform send_elsewhere(p_person, v_keys, 'wa:' || p_wa_id);
  end if;
end $$;

-- --- whose message is it -------------------------------------------------------------------------

-- Of an id that does not belong to whoever has this number. 'learned': none was known of them. 'taken':
-- the number is somebody else's by now. 'stranger': nothing can be said.
create or replace function public.judge_number(
  p_wa_id text, p_bsuid text, p_sent_at timestamptz, out person uuid, out verdict text)
language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_numbers text[];  -- by which WhatsApp knows this person
begin
  person := find_person(spellings_of(p_wa_id), null);
  verdict := 'stranger';
  if person is null or is_late(person, p_sent_at) then
    return;
  end if;
  v_numbers := array(
    select coalesce(wa_id, p_wa_id) from whatsapp_identities where user_id = person and ended_at is null);
  verdict := case
    when exists (select from whatsapp_identities where bsuid = p_bsuid and ended_at is not null)
      then 'stranger'  -- an id that was replaced: sent before that, and late
    when v_numbers = '{}' and not exists (select from whatsapp_identities where bsuid = p_bsuid)
      then 'learned'
    -- In Argentina the other spelling may be a line of its own: a landline.
    when p_wa_id ~ '^54' and v_numbers <> '{}' and p_wa_id <> all (v_numbers) then 'stranger'
    else 'taken' end;
end $$;

-- What a message with both ids says about who sent it. 'known': nothing new. 'moved': Meta told us of this
-- id alone, and now it comes with a number. The rest is for judge_number to say.
create or replace function public.judge_identity(
  p_wa_id text, p_bsuid text, p_sent_at timestamptz, out person uuid, out verdict text)
language plpgsql stable set search_path = public, pg_temp as $$
declare
  v_known record;
begin
  select user_id, wa_id, ended_at, whatsapp_phone into v_known
  from whatsapp_identities join user_preferences using (user_id) where bsuid = p_bsuid;
  person := v_known.user_id;
  if same_number(v_known.whatsapp_phone, p_wa_id) then
    verdict := 'known';
  elsif v_known.whatsapp_phone is not null and v_known.wa_id is null and v_known.ended_at is null
        and not is_late(person, p_sent_at)
        and not is_late(find_person(spellings_of(p_wa_id), null), p_sent_at) then
    verdict := 'moved';
  else
    select j.person, j.verdict into person, verdict from judge_number(p_wa_id, p_bsuid, p_sent_at) as j;
  end if;
end $$;

-- Whose message this is, which came with both ids or with one; and what it teaches is kept. Null: nobody's,
-- also where it shows that a linked number has a new owner: then it is linked no more.
create or replace function public.recognise(
  p_wa_id text, p_bsuid text, p_sent_at timestamptz default null)
returns uuid language plpgsql set search_path = public, pg_temp as $$
declare
  v_person  uuid;
  v_verdict text;
begin
  if p_wa_id is null or p_bsuid is null then
    return find_person(case when p_wa_id is not null then spellings_of(p_wa_id) end, p_bsuid);
  end if;
  perform lock_numbers(array[p_wa_id]);
  select person, verdict into v_person, v_verdict from judge_identity(p_wa_id, p_bsuid, p_sent_at);
  case v_verdict
    when 'known' then
      update whatsapp_identities set wa_id = p_wa_id
      where bsuid = p_bsuid and ended_at is null and wa_id is distinct from p_wa_id;
    when 'learned' then
      if not is_linked(v_person) then
        return null;
      end if;
      perform move_bsuid(v_person, p_bsuid, p_wa_id);
    when 'moved' then
      perform move_number(
        v_person, '+' || p_wa_id, p_wa_id, p_bsuid, coalesce(p_sent_at, clock_timestamp()));
    when 'taken' then
      perform lose_number(array[v_person]);
      -- Kept, for the case that Meta says later that this was only another id.
      update whatsapp_identities
      set ended_at = clock_timestamp(), wa_id = p_wa_id,
          taken_by = encode(sha256(convert_to(p_bsuid, 'UTF8')), 'hex')
      where user_id = v_person and ended_at is null;
      return null;
    else
      return null;
  end case;
  return v_person;
end $$;

-- --- what Meta says of itself --------------------------------------------------------------------

-- Meta's field user_id_update: [{previous, current}], in order. Who is not known stays so. A rename that
-- comes behind the first message with the new id gives back the number that the message cost them.
create or replace function public.apply_renames(p_renames jsonb)
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_rename  record;
  v_known   record;
  v_formers text[] := array(select r ->> 'previous' from jsonb_array_elements(p_renames) as r);
begin
  perform lock_numbers(array(
    select wa_id from whatsapp_identities where bsuid = any (v_formers) and taken_by is not null));
  perform from user_preferences
  where user_id in (select user_id from whatsapp_identities where bsuid = any (v_formers))
  order by user_id for update;

  for v_rename in
    select value ->> 'previous' as previous, value ->> 'current' as current
    from jsonb_array_elements(p_renames) with ordinality order by ordinality
  loop
    select * into v_known from whatsapp_identities where bsuid = v_rename.previous;
    continue when not found or v_rename.current is null or v_rename.current = v_rename.previous;
    if v_known.taken_by is null then
      -- A copy of an old one finds another id in use.
      perform move_bsuid(v_known.user_id, v_rename.current, null)
      where v_known.ended_at is null or not exists (
        select from whatsapp_identities where user_id = v_known.user_id and ended_at is null);
      continue;
    end if;
    update user_preferences
    set whatsapp_phone = '+' || v_known.wa_id, linked_at = clock_timestamp(), updated_at = now()
    where user_id = v_known.user_id and whatsapp_phone is null
      and v_known.taken_by = encode(sha256(convert_to(v_rename.current, 'UTF8')), 'hex')
      and find_person(spellings_of(v_known.wa_id), null) is null;
    if found then
      update whatsapp_identities set taken_by = null where user_id = v_known.user_id;
      perform move_bsuid(v_known.user_id, v_rename.current, v_known.wa_id);
    end if;
  end loop;
end $$;

-- Meta's system message, sent at p_sent_at: who was the former is the new from now on; of either, one id
-- may be missing. Returns who it is, again where it is done already. Null: nobody we know, or it is late:
-- somebody proved one of the numbers after it was sent.
create or replace function public.change_number(
  p_former_wa_id text, p_former_bsuid text, p_wa_id text, p_bsuid text,
  p_sent_at timestamptz default null)
returns uuid language plpgsql set search_path = public, pg_temp as $$
declare
  v_person uuid;
  v_owner  uuid;  -- of the new number, so far
begin
  perform lock_numbers(array[p_former_wa_id, p_wa_id]);
  v_owner := find_person(spellings_of(p_wa_id), null);
  if exists (
    select from whatsapp_identities where user_id = v_owner and ended_at is not null
      and (wa_id = p_former_wa_id and wa_id <> p_wa_id or bsuid = p_former_bsuid)
  ) then
    return v_owner;
  end if;

  -- The new id may stand in the place of the former one.
  v_person := recognise(p_former_wa_id, case
    when p_former_wa_id is null or p_former_bsuid <> coalesce(p_bsuid, '') then p_former_bsuid
    end, p_sent_at);
  if v_person is null or is_late(v_person, p_sent_at) or is_late(v_owner, p_sent_at) then
    return null;
  end if;
  if p_wa_id is not null then
    perform move_number(
      v_person, '+' || p_wa_id, p_wa_id, p_bsuid, coalesce(p_sent_at, clock_timestamp()))
    where v_owner is distinct from v_person;
    perform move_bsuid(v_person, p_bsuid, p_wa_id) where v_owner = v_person and p_bsuid is not null;
    perform carry_chat(array['wa:' || p_former_wa_id, 'bsuid:' || p_former_bsuid], 'wa:' || p_wa_id);
  elsif p_bsuid is not null then
    perform move_bsuid(v_person, p_bsuid, null)
    where not exists (select from whatsapp_identities where bsuid = p_bsuid and ended_at is not null);
  end if;
  return v_person;
end $$;

-- As in 009, and it keeps by which number WhatsApp knows the id, and since when it is theirs.
create or replace function public.redeem_link_code(
  p_code_hash text, p_spellings text[], p_bsuid text, p_wamid text)
returns uuid language plpgsql set search_path = public, pg_temp as $$
declare
  v_person uuid;
  v_phone  text;
  v_wa_id  text := ltrim(p_spellings[1], '+');
begin
  perform lock_numbers(array[v_wa_id]);

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

  perform move_number(v_person, v_phone, v_wa_id, p_bsuid, coalesce(
    (select sent_at from inbox where key = 'message:' || p_wamid), clock_timestamp()));
  delete from whatsapp_identities where user_id = v_person and bsuid is distinct from p_bsuid;
  update outbox set status = 'failed', since = clock_timestamp()  -- they are in
  where recipient = 'wa:' || v_wa_id and wamid is null and status = 'queued' and key like 'invitation:%';
  return v_person;
end $$;

-- As in 015, and the notices by which Meta told of the number that they have: those came from another one.
create or replace function public.inbox_of(p_person uuid, p_keys text[], p_since timestamptz)
returns setof public.inbox language sql stable set search_path = public, pg_temp as $$
  with ids as (
    select substring(key from ':(.*)') as id from unnest(p_keys) as key where key not like 'app:%'
  ), sent as (
    select wamid from outbox_of(p_person, p_keys, p_since) where wamid is not null
  )
  select * from inbox i
  where key in (
      select 'message:' || wamid from messages where user_id = p_person and wamid is not null
      union all
      select 'message:' || used_by from link_codes where user_id = p_person and used_by is not null)
    or sender = any (p_keys) and received_at >= p_since and not exists (
      select from messages m where m.wamid = substr(i.key, 9) and m.user_id <> p_person
      union all
      select from link_codes c where c.used_by = substr(i.key, 9) and c.user_id <> p_person)
    or kind = 'status' and (  -- status:<wamid>:<status>:<recipient>
      split_part(key, ':', 2) in (select wamid from sent)
      or ltrim(substring(key from '[^:]*$'), '+') in (select id from ids)
        and received_at >= p_since and not exists (
          select from outbox o where o.wamid = split_part(i.key, ':', 2)))
    or (kind = 'other' or kind = 'message' and payload like '%"system":{%')
      and received_at >= p_since and exists (
      select from ids where payload ~ ('(^|[^0-9])' || regexp_replace(id, '\W', '\\\&', 'g')
                                       || '([^0-9]|$)'))
$$;

-- --- rights --------------------------------------------------------------------------------------

do $$
declare
  v_function text;
begin
  foreach v_function in array array[
    'spellings_of(text)', 'wa_ids_of(text)',
    'lock_numbers(text[])',
    'same_number(text, text)',
    'find_person(text[], text)',
    'is_late(uuid, timestamptz)',
    'known_sender(text)',
    'is_theirs(uuid, text)',
    'may_be_sent(uuid)',
    'send_elsewhere(uuid, text[], text)',
    'lose_number(uuid[])',
    'move_bsuid(uuid, text, text)',
    'move_number(uuid, text, text, text, timestamptz)',
    'judge_number(text, text, timestamptz)',
    'judge_identity(text, text, timestamptz)',
    'recognise(text, text, timestamptz)',
    'apply_renames(jsonb)',
    'change_number(text, text, text, text, timestamptz)',
    'redeem_link_code(text, text[], text, text)'
  ] loop
    execute format('revoke execute on function public.%s from public, anon, authenticated', v_function);
    execute format('grant execute on function public.%s to service_role', v_function);
  end loop;
end $$;

insert into public.schema_migrations (name) values ('019_identities') on conflict do nothing;
commit;

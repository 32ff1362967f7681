-- 005_reply_state
-- Date:   2026-11-22
-- What:   what a turn needs to know of a message (is it answered, what does it quote, how far has
--         the reply come) and the outbox: one row for every WhatsApp message that is ours to send.
-- Why:    docs/decisions/0003-replies-are-stored-before-they-are-sent.md
-- Locks:  a moment of ACCESS EXCLUSIVE on public.messages; no table is rewritten.
-- Undo:   drop function public.queue_sends, public.drop_queued, public.doubt_send,
--         public.may_be_sent, public.move_send, public.apply_reports,
--         public.reflect_outbox, public.moves_forward; drop table public.outbox; alter table
--         public.messages drop column wamid, drop column readable, drop column attachment,
--         drop column quotes, drop column answered_by, drop column notice_for, drop column status;
--         drop type public.reply_status;
--         delete from public.schema_migrations where name = '005_reply_state';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

do $$ begin
  create type public.reply_status as enum ('queued', 'sending', 'sent', 'delivered', 'read', 'failed');
exception when duplicate_object then null;
end $$;

alter table public.messages
  add column if not exists wamid       text,     -- Meta's id of what a person wrote on WhatsApp
  add column if not exists readable    boolean not null default true,  -- false: "[image]", not words
  add column if not exists attachment  text,     -- what came along, as Meta names it
  add column if not exists quotes      uuid references public.messages on delete set null,
  add column if not exists answered_by uuid references public.messages on delete set null,
  add column if not exists notice_for  uuid references public.messages on delete cascade,
  add column if not exists status      public.reply_status;  -- replies only

alter table public.messages set (fillfactor = 80);

create unique index if not exists messages_wamid on public.messages (wamid) where wamid is not null;
create unique index if not exists messages_notice_for on public.messages (notice_for)
  where notice_for is not null;
create index if not exists messages_unanswered on public.messages (user_id, channel, created_at)
  where role = 'user' and answered_by is null;
create index if not exists messages_quotes on public.messages (quotes) where quotes is not null;
create index if not exists messages_answered_by on public.messages (answered_by)
  where answered_by is not null;

create table if not exists public.outbox (
  id            uuid        primary key default gen_random_uuid(),  -- biz_opaque_callback_data
  seq           bigint      generated always as identity,           -- the order of sending
  key           text        not null unique,                        -- what makes it happen once
  message_id    uuid        references public.messages on delete cascade,  -- null: to a stranger
  recipient     text        not null,                               -- wa:<digits> or bsuid:<id>
  body          text        not null,
  status        public.reply_status not null default 'queued',
  since         timestamptz not null default clock_timestamp(),     -- of the status
  queued_at     timestamptz not null default clock_timestamp(),
  wamid         text,
  doubted_at    timestamptz,                                        -- since when nobody knows what became of it
  error_code    integer,                                            -- Meta's
  error_details text
) with (fillfactor = 70);  -- so that a status moves a row without touching its indexes
create index if not exists outbox_unsent on public.outbox (recipient, seq) where wamid is null;
create index if not exists outbox_wamid on public.outbox (wamid) where wamid is not null;
create index if not exists outbox_message on public.outbox (message_id) where message_id is not null;

alter table public.outbox enable row level security;
revoke all on public.outbox from public, anon, authenticated;
grant select, insert, update, delete on public.outbox to service_role;
drop policy if exists service_role_all on public.outbox;
create policy service_role_all on public.outbox for all to service_role
  using (true) with check (true);

-- Whether a reply may go from one status to another: forward only, and nothing undoes a delivery.
create or replace function public.moves_forward(p_from public.reply_status, p_to public.reply_status)
returns boolean language sql immutable set search_path = public, pg_temp as $$
  select case p_to when 'failed' then p_from in ('queued', 'sending', 'sent')
                   else p_from <> 'failed' and p_to > p_from end
$$;

-- A reply is as far as the last of its parts; one part that failed fails it.
create or replace function public.reflect_outbox(p_messages uuid[])
returns void language plpgsql set search_path = public, pg_temp as $$
begin
  perform from messages where id = any (p_messages) order by id for update;
  update messages m set status = parts.status  -- sees what came while the lock was awaited
  from (
    select message_id,
           case when bool_or(status = 'failed') then 'failed' else min(status) end as status
    from outbox where message_id = any (p_messages) group by message_id
  ) parts
  where m.id = parts.message_id and m.status is distinct from parts.status;
end $$;

-- Meta's reports: [{send_id, wamid, status, error_code, error_details}]. Returns the wamids known.
create or replace function public.apply_reports(p_reports jsonb)
returns text[] language plpgsql set search_path = public, pg_temp as $$
declare
  v_known    text[];
  v_messages uuid[];
  v_settled  text[];
begin
  with reports as (
    select * from jsonb_to_recordset(p_reports) as r (
      send_id uuid, wamid text, status reply_status, error_code integer, error_details text)
  ), matched as (
    select o.id, r.* from reports r join outbox o on o.id = r.send_id
    union
    select o.id, r.* from reports r join outbox o on o.wamid = r.wamid where r.send_id is null
  ), furthest as (
    select distinct on (id) * from matched order by id, status = 'failed', status desc
  ), moved as (
    update outbox o
    set status = f.status, since = clock_timestamp(), wamid = coalesce(o.wamid, f.wamid),
        error_code = f.error_code, error_details = f.error_details
    from (select o.id, o.status from outbox o join furthest using (id) order by o.id for update of o)
         as locked
    join furthest f using (id)
    where o.id = locked.id and moves_forward(locked.status, f.status)
    returning o.message_id, o.recipient, locked.status as was
  )
  select (select array_agg(distinct wamid) from matched),
         (select array_agg(distinct message_id) from moved where message_id is not null),
         (select array_agg(distinct recipient) from moved where was = 'sending')
  into v_known, v_messages, v_settled;
  if v_settled is not null then  -- whoever waited to know what became of a send waits no longer
    update attention set due_at = least(due_at, clock_timestamp())
    where key in (
      select key from attention where key = any (v_settled) and lease is null
      order by key for update skip locked);
  end if;
  if v_messages is not null then
    perform reflect_outbox(v_messages);
  end if;
  return coalesce(v_known, '{}');
end $$;

-- A reply goes out only while the number is its person's; what belongs to nobody's chat always may.
create or replace function public.may_be_sent(p_id uuid)
returns boolean language sql stable set search_path = public, pg_temp as $$
  select not exists (
    select from outbox o join messages m on m.id = o.message_id
    where o.id = p_id and not exists (
      select from user_preferences p where p.user_id = m.user_id and p.whatsapp_phone is not null))
$$;

-- One step of a send that we make ourselves: 'sending' before the request leaves, then what came
-- of it. Back to 'queued' only from 'sending', and only where nothing was sent. False: not now, or
-- never.
create or replace function public.move_send(
  p_id uuid, p_to public.reply_status, p_wamid text, p_error_code integer)
returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
  v_message uuid;
begin
  if p_to in ('queued', 'sending') and not may_be_sent(p_id) then
    perform move_send(p_id, 'failed', null, null);
    return false;
  end if;
  update outbox
  set status = case when p_to = 'queued' or moves_forward(status, p_to) then p_to else status end,
      since = clock_timestamp(), wamid = coalesce(wamid, p_wamid), doubted_at = null,
      error_code = coalesce(p_error_code, error_code)
  where id = p_id and case p_to
    when 'sending' then status = 'queued'
    when 'queued'  then status = 'sending'
    else true end
  returning message_id into v_message;
  if not found then
    return false;
  end if;
  if p_to = 'failed' then  -- the parts behind it would make no sense alone
    update outbox set status = 'failed', since = clock_timestamp()
    where message_id = v_message and status = 'queued';
  end if;
  if v_message is not null then
    perform reflect_outbox(array[v_message]);
  end if;
  return true;
end $$;

-- Nobody knows what became of this send. Returns for how long, not counting the time before the server
-- last started: then no status could tell us.
create or replace function public.doubt_send(p_id uuid)
returns interval language sql set search_path = public, pg_temp as $$
  update outbox set doubted_at = coalesce(doubted_at, clock_timestamp()) where id = p_id
  returning clock_timestamp() - greatest(doubted_at, pg_postmaster_start_time())
$$;

-- What waits to be sent to or for these people is not sent any more: the number is somebody else's.
create or replace function public.drop_queued(p_persons uuid[])
returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_messages uuid[];
begin
  with dropped as (
    update outbox o set status = 'failed', since = clock_timestamp()
    from messages m
    where m.id = o.message_id and m.user_id = any (p_persons) and m.status = 'queued'
      and o.status = 'queued'
    returning o.message_id
  )
  select array_agg(distinct message_id) into v_messages from dropped;
  if v_messages is not null then
    perform reflect_outbox(v_messages);
  end if;
end $$;

-- Put what is to be sent into the outbox, once for each key; with p_again, once in that time. Returns
-- what is to be sent now.
create or replace function public.queue_sends(
  p_key text, p_message uuid, p_recipient text, p_parts text[], p_again interval default null)
returns setof public.outbox language sql set search_path = public, pg_temp as $$
  insert into outbox as o (key, message_id, recipient, body)
  select p_key || ':' || part, p_message, p_recipient, body
  from unnest(p_parts) with ordinality as parts (body, part)
  order by part
  on conflict (key) do update set
    id = gen_random_uuid(), body = excluded.body, status = 'queued', since = clock_timestamp(),
    queued_at = clock_timestamp(), wamid = null, error_code = null, error_details = null
  where o.queued_at <= clock_timestamp() - p_again
  returning *
$$;

revoke execute on function
  public.moves_forward(public.reply_status, public.reply_status),
  public.reflect_outbox(uuid[]),
  public.apply_reports(jsonb),
  public.move_send(uuid, public.reply_status, text, integer),
  public.may_be_sent(uuid),
  public.doubt_send(uuid),
  public.drop_queued(uuid[]),
  public.queue_sends(text, uuid, text, text[], interval)
from public, anon, authenticated;
grant execute on function
  public.moves_forward(public.reply_status, public.reply_status),
  public.reflect_outbox(uuid[]),
  public.apply_reports(jsonb),
  public.move_send(uuid, public.reply_status, text, integer),
  public.may_be_sent(uuid),
  public.doubt_send(uuid),
  public.drop_queued(uuid[]),
  public.queue_sends(text, uuid, text, text[], interval)
to service_role;

insert into public.schema_migrations (name) values ('005_reply_state') on conflict do nothing;
commit;

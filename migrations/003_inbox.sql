-- 003_inbox
-- Date:   2026-11-22
-- What:   one row for every update Meta delivers; the key makes repeated deliveries harmless.
-- Why:    docs/decisions/0001-store-before-acknowledging.md
-- Locks:  none, the table is new.
-- Undo:   drop table public.inbox;
--         delete from public.schema_migrations where name = '003_inbox';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.inbox (
  key         text        primary key,        -- message:<wamid>, status:<wamid>:<status>:<to>, other:<sha256>
  kind        text        not null check (kind in ('message', 'status', 'other')),
  sender      text,                           -- wa:<digits> or bsuid:<id>; null: wants no attention
  sent_at     timestamptz not null,           -- Meta's clock; ours where theirs made no sense
  received_at timestamptz not null default now(),
  position    integer     not null,           -- within its delivery: the order among equal times
  payload     text        not null,           -- ASCII JSON; text, because jsonb cannot hold \u0000
  handled_at  timestamptz                     -- null: nothing has been done about it yet
);

-- "What has this sender said that nobody has looked at?"
create index if not exists inbox_arrivals on public.inbox (sender, sent_at, received_at, position)
  where handled_at is null and kind = 'message';

alter table public.inbox enable row level security;
revoke all on public.inbox from public, anon, authenticated;
grant select, insert, update, delete on public.inbox to service_role;
drop policy if exists service_role_all on public.inbox;
create policy service_role_all on public.inbox for all to service_role
  using (true) with check (true);

insert into public.schema_migrations (name) values ('003_inbox') on conflict do nothing;
commit;

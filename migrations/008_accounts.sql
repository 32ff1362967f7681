-- 008_accounts
-- Date:   2026-11-22
-- What:   passwords of Ava's own accounts; the person themself is a row of auth.users.
-- Why:    on plain Postgres nobody else keeps accounts. On Supabase this table stays empty.
-- Locks:  none, the table is new.
-- Undo:   drop table public.account_passwords;
--         delete from public.schema_migrations where name = '008_accounts';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

create table if not exists public.account_passwords (
  user_id       uuid primary key references auth.users on delete cascade,
  password_hash text not null                         -- argon2id, with its own salt and parameters
);

alter table public.account_passwords enable row level security;
revoke all on public.account_passwords from public, anon, authenticated;
grant select, insert, update, delete on public.account_passwords to service_role;
drop policy if exists service_role_all on public.account_passwords;
create policy service_role_all on public.account_passwords for all to service_role
  using (true) with check (true);

insert into public.schema_migrations (name) values ('008_accounts') on conflict do nothing;
commit;

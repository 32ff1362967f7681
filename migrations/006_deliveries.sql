-- 006_deliveries
-- Date:   2026-11-22
-- What:   "take this delivery": everything the webhook does before it acknowledges, in one call.
-- Why:    docs/decisions/0001-store-before-acknowledging.md
-- Locks:  none.
-- Undo:   drop function public.take_delivery(jsonb, interval);
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

-- p_updates: [{key, kind, sender, sent_at, payload, wait, report}], wait in seconds, report as in
-- apply_reports. Stores the new ones, marks their senders for attention and applies the reports.
-- Returns how many were new. Rows are locked in the order of their keys, so that two copies of a
-- delivery cannot stop each other.
create or replace function public.take_delivery(p_updates jsonb, p_longest interval)
returns integer language plpgsql set search_path = public, pg_temp as $$
declare
  v_new   text[];
  v_known text[];
begin
  with given as (
    select u.value as update, u.ordinality as position
    from jsonb_array_elements(p_updates) with ordinality as u
  ), rows as (
    select distinct on (update ->> 'key')
      update ->> 'key' as key, update ->> 'kind' as kind, update ->> 'sender' as sender,
      (update ->> 'sent_at')::timestamptz as sent_at, update ->> 'payload' as payload, position
    from given order by update ->> 'key', position
  ), fresh as (
    insert into inbox (key, kind, sender, sent_at, position, payload)
    select key, kind, sender, coalesce(sent_at, now()), position, payload from rows order by key
    on conflict (key) do nothing
    returning key
  )
  select array_agg(key) into v_new from fresh;

  if v_new is null then
    return 0;
  end if;

  perform mark_attention(sender, make_interval(secs => wait), p_longest)
  from (
    select distinct on (u.value ->> 'sender')
      u.value ->> 'sender' as sender, (u.value ->> 'wait')::double precision as wait
    from jsonb_array_elements(p_updates) with ordinality as u
    where u.value ->> 'key' = any (v_new) and u.value ->> 'sender' is not null
    order by u.value ->> 'sender', u.ordinality desc
  ) as senders;

  if p_updates @? '$[*].report.status' then
    v_known := apply_reports((
      select jsonb_agg(u.value -> 'report') from jsonb_array_elements(p_updates) as u
      where u.value ->> 'key' = any (v_new) and u.value -> 'report' <> 'null'::jsonb));
    update inbox i set handled_at = now()
    from jsonb_array_elements(p_updates) as u
    where i.key = u.value ->> 'key' and i.key = any (v_new)
      and u.value -> 'report' ->> 'wamid' = any (v_known);
  end if;
  return cardinality(v_new);
end $$;

revoke execute on function public.take_delivery(jsonb, interval) from public, anon, authenticated;
grant execute on function public.take_delivery(jsonb, interval) to service_role;

insert into public.schema_migrations (name) values ('006_deliveries') on conflict do nothing;
commit;

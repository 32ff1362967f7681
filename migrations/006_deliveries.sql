-- 006_deliveries
-- Date:   2026-11-22
-- What:   "take this delivery": everything the webhook does before it acknowledges, in one call.
-- Why:    docs/decisions/0001-store-before-acknowledging.md
-- Locks:  none.
-- Undo:   drop function public.take_delivery(jsonb, interval);
--         delete from public.schema_migrations where name = '006_deliveries';
-- Apply:  python run.py migrate · psql -v ON_ERROR_STOP=1 -f this file · the Supabase SQL editor.
begin;

-- p_updates: [{key, kind, sender, sent_at, payload, wait, report}], wait in seconds, report as in
-- apply_reports. Applies the reports, stores the new updates and marks their senders for attention.
-- Returns the keys of the new ones. Rows are locked in the order of their keys, so that two copies of
-- a delivery cannot stop each other.
create or replace function public.take_delivery(p_updates jsonb, p_longest interval)
returns text[] language plpgsql set search_path = public, pg_temp as $$
declare
  v_known   text[];
  v_new     text[];
  v_senders text[];
  v_waits   interval[];
begin
  if p_updates @? '$[*].report.status' then  -- a repeated one moves nothing: forward only
    v_known := apply_reports((
      select jsonb_agg(u.value -> 'report') from jsonb_array_elements(p_updates) as u
      where u.value -> 'report' <> 'null'));
  end if;

  with given as (
    select * from rows from (jsonb_to_recordset(p_updates) as (
      key text, kind text, sender text, sent_at timestamptz, payload text, wait float8, report jsonb))
      with ordinality as u (key, kind, sender, sent_at, payload, wait, report, position)
  ), fresh as (
    insert into inbox (key, kind, sender, sent_at, position, payload, handled_at)
    select distinct on (key) key, kind, sender, coalesce(sent_at, now()), position, payload,
           case when known.wamid is not null then now() end
    from given left join unnest(v_known) as known (wamid) on known.wamid = report ->> 'wamid'
    order by key, position
    on conflict (key) do nothing
    returning key
  ), waiting as (
    select distinct on (sender) sender, make_interval(secs => wait) as wait
    from given join fresh using (key) where sender is not null order by sender, position desc
  )
  select (select array_agg(key) from fresh),
         (select array_agg(sender) from waiting), (select array_agg(wait) from waiting)
  into v_new, v_senders, v_waits;

  if v_senders is not null then
    perform mark_attention(v_senders, v_waits, p_longest);
  end if;
  return coalesce(v_new, '{}');
end $$;

revoke execute on function public.take_delivery(jsonb, interval) from public, anon, authenticated;
grant execute on function public.take_delivery(jsonb, interval) to service_role;

insert into public.schema_migrations (name) values ('006_deliveries') on conflict do nothing;
commit;

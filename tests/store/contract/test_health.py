"""How the store is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.store import migrate
from bot.upkeep import QueueFigures
from tests.store.contract.scenes import message, take
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_migrated_store_waits_for_no_migration(store: Store) -> None:
    assert await store.health.pending_migrations() == []


async def test_what_was_not_applied_is_pending(store: Store) -> None:
    newest = migrate.names()[-1]
    await store.owner.execute("delete from schema_migrations where name = $1", newest)

    pending = await store.health.pending_migrations()

    await store.owner.execute("insert into schema_migrations (name) values ($1)", newest)
    assert pending == [newest]


async def test_where_nobody_can_say_what_was_applied_everything_is_pending(store: Store) -> None:
    rename = "alter function {} rename to {}"
    await store.owner.execute(rename.format("applied_migrations", "forgotten"))

    pending = await store.health.pending_migrations()

    await store.owner.execute(rename.format("forgotten", "applied_migrations"))
    assert pending == migrate.names()


async def test_nobody_waits_in_an_empty_queue(store: Store) -> None:
    await store.owner.execute("delete from attention")

    assert await store.health.oldest_waiting() == timedelta(0)


async def test_the_longest_waiting_counts_from_when_it_was_due(store: Store) -> None:
    await store.owner.execute("delete from attention")
    await take(store, message(store.sender()), message(store.sender()))
    await store.owner.execute("update attention set due_at = due_at - interval '1 hour'")
    await take(store, message(store.sender()), wait=3)

    waiting = await store.health.oldest_waiting()

    assert waiting / timedelta(hours=1) == pytest.approx(1, abs=0.01)


async def test_whoever_is_tried_again_and_again_waits_as_well_though_in_no_line(
    store: Store,
) -> None:
    await store.owner.execute("delete from attention")
    await store.owner.execute(
        "insert into attention (key, due_at, attempts, waiting_since, last_error, dead) values"
        " ('wa:1', now() - interval '1 minute', 9, now() - interval '1 hour', 'Postponed', false),"
        " ('wa:2', now() - interval '1 day', 9, now() - interval '1 day', 'KeyError', true),"
        " ('wa:3', now() - interval '2 minutes', 1, now() - interval '3 minutes', null, false)"
    )

    found = await store.health.figures()

    assert found.oldest_waiting / timedelta(minutes=2) == pytest.approx(1, abs=0.1)
    assert found.longest_waiting / timedelta(hours=1) == pytest.approx(1, abs=0.1)


async def test_who_is_attended_to_waits_from_when_that_ended(store: Store) -> None:
    await store.owner.execute("delete from attention")
    await store.owner.execute(
        "insert into attention (key, due_at, lease, leased_until) values"
        " ('wa:1', now() - interval '9 min', gen_random_uuid(), now() + interval '5 s'),"
        " ('wa:2', now() - interval '8 min', gen_random_uuid(), now() - interval '1 min'),"
        " ('wa:3', now() - interval '2 min', null, null)"
    )

    waiting = await store.health.oldest_waiting()

    assert waiting / timedelta(minutes=2) == pytest.approx(1, abs=0.1)


async def test_what_there_is_to_do_is_counted(store: Store) -> None:
    await store.owner.execute("delete from attention; delete from inbox; delete from outbox")
    await store.owner.execute(
        "insert into attention (key, due_at, dead) values"
        " ('wa:1', now(), true), ('wa:2', now(), false), ('wa:3', now(), false);"
        "insert into outbox (key, recipient, body, status, dead_at) values"
        " ('1', 'wa:31600000001', 'a', 'queued', null), ('2', 'wa:31600000001', 'b', 'sent', null),"
        " ('3', 'wa:31600000001', 'c', 'failed', now());"
        "insert into inbox (key, kind, sent_at, position, payload)"
        " values ('status:w:sent', 'status', now(), 1, '')"
    )

    found = await store.health.figures()

    assert timedelta(0) <= found.oldest_waiting == found.longest_waiting < timedelta(minutes=1)
    none = timedelta(0)
    assert replace(found, oldest_waiting=none, longest_waiting=none) == QueueFigures(
        waiting=2, oldest_waiting=none, longest_waiting=none, unsent=1, dead_letters=2, parked=1
    )

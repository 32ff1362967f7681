"""What happened to an account. That nobody changes it tests/store/test_audit_log.py knows."""

import pytest

from bot.models import Caller, Event, EventKind
from tests.store.contract.scenes import make_avatar
from tests.store.contract.stores import Store

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def kinds(store: Store, caller: Caller) -> list[EventKind]:
    """What happened, newest first."""
    return [event.kind for event in await store.audit_log.page(caller, limit=200, before=None)]


async def test_every_kind_of_event_is_kept_newest_first(store: Store) -> None:
    ada = await store.person()
    for kind in EventKind:
        await store.audit_log.record(ada.id, kind)

    assert await kinds(store, ada) == [*reversed(EventKind)]


async def test_an_event_says_what_it_is_about(store: Store) -> None:
    ada = await store.person()
    avatar = await make_avatar(store, ada)
    await store.audit_log.record(ada.id, EventKind.SIGNED_OUT, about=avatar.id)

    events = await store.audit_log.page(ada, limit=2, before=None)

    assert [(event.kind, event.about) for event in events] == [
        (EventKind.SIGNED_OUT, avatar.id),
        (EventKind.AVATAR_CREATED, avatar.id),
    ]
    assert events[0].at > events[1].at


async def test_pages_miss_and_repeat_nothing(store: Store) -> None:
    ada, ben = await store.person(), await store.person()
    for kind in EventKind:
        await store.audit_log.record(ada.id, kind)
        await store.audit_log.record(ben.id, kind)

    for limit in 1, 3, len(EventKind), 200:
        assert await walked(store, ada, limit) == [*reversed(EventKind)]


async def walked(store: Store, caller: Caller, limit: int) -> list[EventKind]:
    found: list[Event] = []
    while page := await store.audit_log.page(
        caller, limit=limit, before=found[-1].id if found else None
    ):
        assert len(page) <= limit
        found += page
    return [event.kind for event in found]


async def test_a_wrong_password_is_kept_for_an_email_that_somebody_has(store: Store) -> None:
    email = store.email()
    ada = await store.person(email)

    before = await store.owner.fetchval("select count(*) from audit_log")

    await store.audit_log.record_failed_sign_in(email)
    await store.audit_log.record_failed_sign_in(store.email())

    assert await kinds(store, ada) == [EventKind.SIGN_IN_FAILED]
    assert await store.owner.fetchval("select count(*) from audit_log") == before + 1


async def test_what_happened_outlives_the_account(store: Store) -> None:
    ada = await store.person()
    await store.audit_log.record(ada.id, EventKind.DELETION_REQUESTED)

    await store.registry.delete(ada.id)

    assert await kinds(store, ada) == [EventKind.DELETION_REQUESTED]

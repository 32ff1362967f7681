"""A store as its contract sees it: every port, and what a test needs beside them."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import asyncpg
from asyncpg import Connection

from bot.accounts.supabase import SupabaseAccounts
from bot.models import Caller, PersonId, Sender
from bot.store import ports, supabase
from bot.store.account import StoredAccount
from bot.store.alarms import StoredAlarms
from bot.store.attention import StoredAttention
from bot.store.audit_log import StoredAuditLog
from bot.store.avatars import StoredAvatars
from bot.store.database import Database
from bot.store.dead_letters import StoredDeadLetters
from bot.store.first_answers import StoredFirstAnswers
from bot.store.health import StoredHealth
from bot.store.history import StoredHistory
from bot.store.inbox import StoredInbox
from bot.store.one_time_links import StoredOneTimeLinks
from bot.store.outbox import StoredOutbox
from bot.store.passwords import StoredPasswords
from bot.store.people import StoredPeople
from bot.store.phone_links import StoredPhoneLinks
from bot.store.postgres import PostgresDatabase
from bot.store.rate_limits import StoredRateLimits
from bot.store.retention import StoredRetention
from bot.store.sessions import StoredSessions
from bot.store.turns import StoredTurns
from tests.homes import Home

WAIT, LONGEST_WAIT = timedelta(0), timedelta(seconds=6)  # for the rest of a burst
NUMBER = "900100200300"  # our phone_number_id


class Registry(Protocol):
    """Whoever keeps the accounts."""

    async def sign_up(self, email: str) -> Caller: ...

    async def delete(self, person: PersonId) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """It is shared, so a test brings its own people and numbers.

    owner: the database past row-level security, for looks and time travel.
    """

    url: str
    owner: Connection
    registry: Registry
    database: Database

    account: ports.OwnAccount
    alarms: ports.Alarms
    attention: ports.Attention
    audit_log: ports.AuditLog
    avatars: ports.Avatars
    dead_letters: ports.DeadLetters
    health: ports.Health
    history: ports.History
    inbox: ports.Inbox
    links: ports.OneTimeLinks
    outbox: ports.Outbox
    passwords: ports.Passwords
    people: ports.People
    rate_limits: ports.RateLimits
    phone_links: ports.PhoneLinks
    first_answers: ports.FirstAnswers
    retention: ports.Retention
    sessions: ports.Sessions
    turns: ports.Turns

    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def email(self) -> str:
        return f"person.{next(self._numbers)}@example.com"

    def sender(self) -> Sender:
        """Somebody with a number that nobody else has."""
        return Sender(wa_id=str(31610000000 + next(self._numbers)))

    def number(self) -> str:
        """Return the id of a number of ours that nothing was sent from."""
        return str(900200000000 + next(self._numbers))

    async def person(self, email: str | None = None) -> Caller:
        return await self.registry.sign_up(email or self.email())

    async def gone(self) -> Caller:
        """Somebody whose token outlived their account."""
        caller = await self.person()
        await self.registry.delete(caller.id)
        return caller


@asynccontextmanager
async def on_postgres(home: Home) -> AsyncIterator[Store]:
    database = PostgresDatabase(home.owner_url)
    await database.open()
    owner = await asyncpg.connect(home.owner_url)
    yield _store(home, owner, _OwnRegistry(owner), database)
    await owner.close()
    await database.close()


@asynccontextmanager
async def on_supabase(home: Home) -> AsyncIterator[Store]:
    project = home.standin
    assert project is not None
    keys = {"anon_key": project.anon_key, "service_role_key": project.service_role_key}
    async with project, supabase.pool() as http:
        database = supabase.SupabaseDatabase(http, url=project.url, **keys)
        accounts = SupabaseAccounts(http, url=project.url, **keys)
        owner = await asyncpg.connect(home.owner_url)
        yield _store(home, owner, _ProjectRegistry(accounts), database)
        await owner.close()


@dataclass(frozen=True, slots=True)
class _OwnRegistry:
    owner: Connection

    async def sign_up(self, email: str) -> Caller:
        insert = "insert into auth.users (email) values ($1) returning id"
        return Caller(id=PersonId(await self.owner.fetchval(insert, email)), token="")

    async def delete(self, person: PersonId) -> None:
        await self.owner.execute("delete from auth.users where id = $1", person)


@dataclass(frozen=True, slots=True)
class _ProjectRegistry:
    accounts: SupabaseAccounts

    async def sign_up(self, email: str) -> Caller:
        session = await self.accounts.sign_up(email, "correct horse battery", address="")
        assert session is not None
        return Caller(id=session.person, token=session.access_token)

    async def delete(self, person: PersonId) -> None:
        await self.accounts.delete(person)


def _store(home: Home, owner: Connection, registry: Registry, database: Database) -> Store:
    return Store(
        url=home.owner_url,
        owner=owner,
        registry=registry,
        database=database,
        account=StoredAccount(database),
        alarms=StoredAlarms(database),
        attention=StoredAttention(database),
        audit_log=StoredAuditLog(database),
        avatars=StoredAvatars(database),
        dead_letters=StoredDeadLetters(database),
        health=StoredHealth(database, database),
        history=StoredHistory(database, WAIT, LONGEST_WAIT),
        inbox=StoredInbox(database, number=NUMBER, longest_wait=LONGEST_WAIT),
        links=StoredOneTimeLinks(database),
        outbox=StoredOutbox(database),
        passwords=StoredPasswords(database),
        people=StoredPeople(database),
        rate_limits=StoredRateLimits(database),
        phone_links=StoredPhoneLinks(database),
        first_answers=StoredFirstAnswers(database),
        retention=StoredRetention(database),
        sessions=StoredSessions(database),
        turns=StoredTurns(database),
    )

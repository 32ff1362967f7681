"""Many people and the bot share a pool, and nobody is ever somebody else."""

import asyncio
import itertools
from collections.abc import Awaitable, Iterator
from uuid import uuid4

import pytest

from bot.accounts.supabase import SupabaseAccounts
from bot.errors import (
    Conflict,
    WrongCredentials,
)
from bot.models import Account, Caller, Personality
from bot.store.avatars import StoredAvatars
from bot.store.supabase import SupabaseDatabase
from tests.store.supabase.ways import PASSWORD, RPC, refusal, signed_up
from tests.supabase.standin import Standin
from tests.supabase.weather import Fault

PEOPLE, ROUNDS, AT_ONCE = 6, 11, 20


class Crowd:
    """People, the bot, and newcomers, who all use the same pool at the same time."""

    def __init__(self, database: SupabaseDatabase, accounts: SupabaseAccounts) -> None:
        self._database = database
        self._accounts = accounts
        self._turnstile = asyncio.Semaphore(AT_ONCE)
        self.tokens: set[str] = set()
        self.bots = 0

    async def join(self) -> tuple[Account, Caller]:
        email = f"{uuid4().hex}@example.com"
        session = await self._accounts.sign_up(email, PASSWORD, address="192.0.2.1")
        assert session is not None
        self.tokens.add(session.access_token)
        caller = Caller(id=session.person, token=session.access_token)
        return Account(id=session.person, email=email), caller

    def day_of(self, account: Account, caller: Caller) -> Iterator[Awaitable[None]]:
        """What goes on around one person, in no particular order."""
        for n in range(ROUNDS):
            yield self._through(self._looks_at_their_avatar(caller))
            if n % 2:
                yield self._through(self._bot_works())
            if n % 10 == 0:
                yield self._through(self._somebody_signs_up())
                yield self._through(self._mistypes(account))
            if n % 10 == 5:
                yield self._through(self._signs_in_and_looks(account))

    async def _through(self, act: Awaitable[None]) -> None:
        async with self._turnstile:
            await act

    async def _looks_at_their_avatar(self, caller: Caller) -> None:
        avatar = await self._database.as_person(caller, "my_avatar")
        assert avatar["user_id"] == str(caller.id)
        assert await self._database.as_person(caller, "who") == f"authenticated {caller.id}"

    async def _bot_works(self) -> None:
        self.bots += 1
        assert await self._database.as_bot("who") == "service_role nobody"

    async def _somebody_signs_up(self) -> None:
        _, caller = await self.join()
        assert await self._database.as_person(caller, "my_avatar") is None

    async def _mistypes(self, account: Account) -> None:
        with pytest.raises(WrongCredentials):
            await self._accounts.sign_in(account.email, "wrong", address="192.0.2.1")

    async def _signs_in_and_looks(self, account: Account) -> None:
        session = await self._accounts.sign_in(account.email, PASSWORD, address="192.0.2.1")
        assert session.person == account.id
        session = await self._accounts.refresh(session.refresh_token, address="192.0.2.1")
        assert session.person == account.id
        self.tokens.add(session.access_token)
        await self._looks_at_their_avatar(Caller(id=account.id, token=session.access_token))


@pytest.mark.usefixtures("owner")
async def test_among_many_at_once_everybody_is_themselves(
    database: SupabaseDatabase, accounts: SupabaseAccounts, standin: Standin
) -> None:
    crowd = Crowd(database, accounts)
    people = [await crowd.join() for _ in range(PEOPLE)]
    for _, caller in people:
        await StoredAvatars(database).create(
            caller, name="Mia", age=27, personality=Personality.SHY, physical_description=None
        )
    standin.seen.clear()

    days = [crowd.day_of(*person) for person in people]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*days))
    await asyncio.gather(*(turn for turn in turns if turn is not None))

    data = [seen for seen in standin.seen if seen.path.startswith("/rest/")]
    bots = [seen for seen in data if seen.apikey == standin.service_role_key]
    persons = [seen for seen in data if seen.apikey == standin.anon_key]
    assert len(bots) + len(persons) == len(data)
    assert {seen.authorization for seen in bots} == {None}
    assert len(bots) == crowd.bots
    assert {seen.authorization for seen in persons} <= {f"Bearer {one}" for one in crowd.tokens}


@pytest.mark.usefixtures("owner")
async def test_a_call_that_is_asked_once_more_is_asked_by_the_same_person(
    database: SupabaseDatabase, accounts: SupabaseAccounts, standin: Standin
) -> None:
    ada, ben = await signed_up(accounts), await signed_up(accounts)
    fault = Fault(path=RPC, status=500, body=refusal("40001"), delay=(gate := asyncio.Event()))
    standin.faults.append(fault)

    hers = asyncio.create_task(database.as_person(ada, "who"))
    await fault.reached.wait()
    his = await database.as_person(ben, "who")
    gate.set()

    assert (await hers, his) == (f"authenticated {ada.id}", f"authenticated {ben.id}")


@pytest.mark.usefixtures("owner")
async def test_whoever_signs_in_signs_nobody_else_in(
    database: SupabaseDatabase, accounts: SupabaseAccounts, standin: Standin
) -> None:
    """After every call that makes a session, the clients are still who they were."""
    email = f"{uuid4().hex}@example.com"
    session = await accounts.sign_up(email, PASSWORD, address="192.0.2.1")
    assert session is not None
    account = Account(id=session.person, email=email)
    with pytest.raises(Conflict):
        await accounts.sign_up(email, PASSWORD, address="192.0.2.1")
    signed_in = await accounts.sign_in(email, PASSWORD, address="192.0.2.1")
    await accounts.refresh(signed_in.refresh_token, address="192.0.2.1")
    await accounts.open(account, address="192.0.2.1")
    await accounts.change_password(account, f"{PASSWORD}!", address="192.0.2.1")
    standin.seen.clear()

    assert await database.as_bot("who") == "service_role nobody"
    await accounts.delete(account.id)

    assert [(seen.apikey, seen.authorization) for seen in standin.seen] == [
        (standin.service_role_key, None)
    ] * 2

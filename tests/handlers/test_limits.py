"""Who asks too often is told when to come back, by every Ava on the same database.

This is the one Ava of the tests with its real limits. It stands behind a proxy, so that everybody
has an address of their own.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import pytest
import pytest_asyncio
from aiohttp import web
from asyncpg import Connection

from bot.app import create_app
from bot.handlers.calls import Call, call_of
from bot.handlers.openapi import routes_of
from bot.limits import LIMITS, Act, By, Limit
from tests.ava import Ava, Person, ava_in
from tests.homes import KINDS, Home, lent
from tests.ports import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "correct horse battery"
TWO_AN_HOUR = Limit(2, timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    wait: str | None  # Retry-After
    body: Any


class Front:
    """The way in, from any address."""

    def __init__(self, ava: Ava) -> None:
        self._ava = ava

    async def ask(self, method: str, path: str, address: str, body: object) -> Answer:
        headers = {"X-Forwarded-For": address}
        async with self._ava.client.request(method, path, headers=headers, json=body) as answer:
            return Answer(answer.status, answer.headers.get("Retry-After"), await answer.json())

    async def sign_in(self, email: str, address: str, password: str = PASSWORD) -> Answer:
        body = {"email": email, "password": password}
        return await self.ask("POST", "/auth/signin", address, body)

    async def sign_up(self, email: str, address: str) -> Answer:
        body = {"email": email, "password": PASSWORD}
        return await self.ask("POST", "/auth/signup", address, body)

    async def try_sign_up(self, address: str, email: str = "") -> Answer:
        """Ask for what is refused behind the limit, before anything is hashed."""
        body = {"email": email or f"{uuid4().hex}@example.com", "password": "password1"}
        return await self.ask("POST", "/auth/signup", address, body)


@pytest.fixture(scope="module", params=KINDS)
def limited_home(request: pytest.FixtureRequest) -> Iterator[Home]:
    with lent(request.param, request) as home:
        yield home


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ava(limited_home: Home) -> AsyncIterator[Ava]:
    async with ava_in(limited_home, limits=LIMITS) as ava:
        await ava.stop()
        ava.settings = ava.settings.model_copy(update={"trusted_proxies": 1})
        await ava.start()
        yield ava


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other_ava(ava: Ava) -> AsyncIterator[Ava]:
    """Another process in the same home. Its limits are reached without hashing for seconds."""
    settings = ava.settings.model_copy(update={"port": free_port(), "run_worker": False})
    limits = {
        Act.SIGN_IN: {By.EMAIL: TWO_AN_HOUR},
        Act.LINK_CODE: {By.ADDRESS: TWO_AN_HOUR},
        Act.SAY: {By.PERSON: TWO_AN_HOUR},
    }
    async with aiohttp.ClientSession(f"http://127.0.0.1:{settings.port}") as client:
        other = replace(ava, settings=settings, limits=limits, client=client, server=None)
        await other.start()
        yield other
        await other.stop()


@pytest.fixture(scope="module")
def front(ava: Ava) -> Front:
    return Front(ava)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(limited_home: Home) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(limited_home.owner_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="module")
def addresses() -> Iterator[str]:
    return (f"198.51.100.{n}" for n in itertools.count(1))


@pytest.fixture
def address(addresses: Iterator[str]) -> str:
    """One that no other test asks from."""
    return next(addresses)


async def later(owner: Connection, seconds: float) -> None:
    passed = timedelta(seconds=seconds)
    await owner.execute("update rate_limits set spent_until = spent_until - $1::interval", passed)


# --- who is counted -----------------------------------------------------------------------------


async def test_after_ten_sign_ins_even_the_right_password_has_to_wait(
    front: Front, address: str, addresses: Iterator[str], owner: Connection
) -> None:
    await front.sign_up("ada@example.com", address)
    guesses = [await front.sign_in("ada@example.com", address, "guess") for _ in range(10)]

    refused = await front.sign_in("ada@example.com", address)
    elsewhere = await front.sign_in("ada@example.com", next(addresses))
    await later(owner, int(refused.wait or 0))
    waited = await front.sign_in("ada@example.com", address)

    assert {guess.status for guess in guesses} == {401}
    assert (refused.status, refused.body["title"]) == (429, "Too Many Requests")
    assert 1 <= int(refused.wait or 0) <= 90
    assert (elsewhere.status, waited.status) == (200, 200)


async def test_twenty_sign_ups_an_hour_are_heard_from_one_address(
    front: Front, address: str
) -> None:
    tried = [await front.try_sign_up(address) for _ in range(21)]

    assert [answer.status for answer in tried] == [422] * 20 + [429]
    assert 1 <= int(tried[-1].wait or 0) <= 180


async def test_five_sign_ups_an_hour_are_heard_with_one_email(
    front: Front, addresses: Iterator[str]
) -> None:
    tried = [await front.try_sign_up(next(addresses), "bombed@example.com") for _ in range(6)]

    assert [answer.status for answer in tried] == [422] * 5 + [429]


async def test_what_is_not_even_valid_costs_nothing(front: Front, address: str) -> None:
    wrong = [await front.sign_up("not an e-mail", address) for _ in range(25)]

    assert {answer.status for answer in wrong} == {422}
    assert (await front.try_sign_up(address)).status == 422


async def test_an_address_that_is_made_up_is_not_counted_instead(
    front: Front, address: str
) -> None:
    made_up = [f"203.0.113.{n}, {address}" for n in range(21)]
    tried = [await front.try_sign_up(line) for line in made_up]

    assert [answer.status for answer in tried] == [422] * 20 + [429]


async def test_the_addresses_of_one_ipv6_network_are_one(front: Front) -> None:
    neighbours = [f"2001:db8:1:2::{n:x}" for n in range(21)]
    tried = [await front.try_sign_up(neighbour) for neighbour in neighbours]

    assert [answer.status for answer in tried] == [422] * 20 + [429]
    assert (await front.try_sign_up("2001:db8:1:3::1")).status == 422


# --- people who are signed in -------------------------------------------------------------------


async def person(ava: Ava, front: Front, email: str, address: str) -> Person:
    made = await front.sign_up(email, address)
    assert made.status == 201, made.body
    return Person(
        id=made.body["user_id"],
        email=email,
        token=made.body["access_token"],
        _client=ava.client,
    )


async def test_ten_link_codes_an_hour_for_each_person(ava: Ava, front: Front, address: str) -> None:
    ada = await person(ava, front, "ada@codes.example", address)
    ben = await person(ava, front, "ben@codes.example", address)

    async def ask(who: Person) -> int:
        phone = {"phone": "+31600000001"}
        return (await who.ask("PUT", "/preferences/whatsapp", json=phone))[0]

    statuses = [await ask(ada) for _ in range(11)]

    assert statuses == [202] * 10 + [429]
    assert await ask(ben) == 202


async def test_a_burst_of_thirty_messages_is_heard_and_then_one_every_two_seconds(
    ava: Ava, front: Front, address: str
) -> None:
    ada = await person(ava, front, "ada@talks.example", address)
    began = monotonic()

    statuses = [  # she has no avatar to talk with, which is found out behind the limit
        (await ada.ask("POST", "/messages", json={"content": "Hello?"}))[0] for _ in range(60)
    ]

    heard = statuses.count(409)
    assert heard + statuses.count(429) == 60
    assert statuses[:30] == [409] * 30
    assert heard <= 30 + (monotonic() - began) / 2 + 1


async def test_an_address_has_a_limit_for_all_who_are_signed_in_there(
    other_ava: Ava, addresses: Iterator[str]
) -> None:
    front, address = Front(other_ava), next(addresses)
    people = [await person(other_ava, front, f"{n}@office.example", address) for n in range(3)]

    async def ask(who: Person, address: str) -> int:
        headers = {"X-Forwarded-For": address}
        phone = {"phone": "+31600000002"}
        path = "/preferences/whatsapp"
        return (await who.ask("PUT", path, json=phone, headers=headers))[0]

    statuses = [await ask(who, address) for who in people]

    assert statuses == [202, 202, 429]
    assert await ask(people[2], next(addresses)) == 202


async def test_a_repeat_costs_nothing(other_ava: Ava, address: str) -> None:
    ada = await person(other_ava, Front(other_ava), "ada@again.example", address)

    async def say(key: str) -> int:
        said = {"content": "Hello?"}
        headers = {"Idempotency-Key": key}
        return (await ada.ask("POST", "/messages", json=said, headers=headers))[0]

    await ada.make_avatar()
    statuses = [await say(key) for key in ("one", "one", "one", "two", "three", "one", "two")]

    assert statuses == [202, 202, 202, 202, 429, 202, 202]


# --- all processes together ---------------------------------------------------------------------


async def test_two_avas_on_one_database_count_together(
    front: Front, other_ava: Ava, addresses: Iterator[str]
) -> None:
    other = Front(other_ava)
    await front.sign_in("shared@example.com", next(addresses))
    await other.sign_in("shared@example.com", next(addresses))

    elsewhere = await other.sign_in("shared@example.com", next(addresses))

    assert elsewhere.status == 429


async def test_an_email_has_a_limit_from_all_addresses_together(
    other_ava: Ava, addresses: Iterator[str]
) -> None:
    front = Front(other_ava)
    statuses = [
        (await front.sign_in(" Many@Example.com", next(addresses))).status for _ in range(3)
    ]

    assert statuses == [401, 401, 429]
    assert (await front.sign_in("few@example.com", next(addresses))).status == 401


async def test_a_database_that_is_away_is_no_limit(
    limited_home: Home, front: Front, address: str
) -> None:
    await limited_home.shut()
    away = await front.sign_in("away@example.com", address)
    await limited_home.open()

    assert (away.status, away.wait) == (503, "5")


# --- the table ----------------------------------------------------------------------------------


def limited(app: web.Application) -> list[Call]:
    calls = (call_of(handler) for _, _, handler in routes_of(app))
    return [call for call in calls if call and call.limit]


def _takes(call: Call, by: By) -> bool:
    match by:
        case By.PERSON:
            return call.signed_in
        case By.EMAIL | By.EMAIL_AND_ADDRESS:
            given = call.body or call.form
            return given is not None and "email" in given.model_fields
        case By.ADDRESS:
            return True


async def test_everything_in_the_table_has_limits() -> None:
    assert [act for act in Act if not LIMITS.get(act)] == []


async def test_every_limited_call_takes_what_it_is_limited_by(ava: Ava) -> None:
    calls = limited(create_app(ava.settings, ()))

    for call in calls:
        assert call.limit
        assert [by for by in LIMITS[call.limit] if not _takes(call, by)] == [], call.about


async def test_every_limited_call_says_so(ava: Ava) -> None:
    calls = limited(create_app(ava.settings, ()))

    assert [call.about for call in calls if 429 not in call.refuses] == []

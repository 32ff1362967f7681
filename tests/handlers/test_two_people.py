"""Eve tries every route of the application with her own token, and nothing of Ada's comes back.

A new route needs a line in one of the two tables. The routes that exist are read from the
application, so that none is forgotten.

Ada's links and her refresh token work all the while. What they are for they do for whoever holds
them, see ``test_found_tokens.py``; anywhere else they are nothing.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from asyncpg import Connection

from bot.app import create_app
from tests.ava import Ava, Person, eventually
from tests.handlers.conftest import Newcomer
from tests.handlers.rows import rows_of
from tests.handlers.visits import link, sign_in, token_in

pytestmark = pytest.mark.asyncio(loop_scope="package")

NOBODYS = {
    "GET /": "a page that is the same for everybody",
    "GET /docs": "the reference, the same for everybody",
    "GET /openapi.json": "the reference, the same for everybody",
    "GET /health": "about the process",
    "GET /metrics": "about the process, with numbers of everybody together",
    "GET /ready": "about the process, and how long the queue is",
    "GET /webhook": "Meta's, who knows the verify token",
    "POST /webhook": "Meta's, who signs it",
    "POST /auth/signup": "makes a person, and takes nothing of another",
    "POST /auth/signin": "wants the password of whom it lets in",
    "POST /auth/refresh": "wants the token that the person got last",
    "POST /auth/magic-link": "answers everybody the same, and writes to the person alone",
    "POST /auth/password/reset": "answers everybody the same, and writes to the person alone",
    "GET /auth/password/forgotten": "a page that is the same for everybody",
    "POST /auth/password/forgotten": "answers everybody the same, and writes to the person alone",
}
"""Routes behind which there is no person, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What Eve asks for. In texts ``{…}`` stands for something of Ada's, see ``Ada.things``."""

    route: str
    empty: int  # the answer when she has nothing
    own: int  # the answer when she has an avatar
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    signed_in: bool = True  # or it answers people without a Bearer token, too
    proof: str = ""  # which of Ada's tokens opens it to whoever holds that


_AVATAR = {"name": "Noa", "age": 31, "personality": "shy"}

_LINK = {"token": "{avatar_key}"}  # known to Ada alone, and no link
_LIVE = ("sign_in_link", "password_link", "refresh_token")  # of Ada's things

CASES = [
    *(
        Case(route=route, empty=410, own=410, path=_LINK, signed_in=False, proof="sign_in_link")
        for route in (
            "GET /auth/magic-link/{token}",
            "POST /auth/magic-link/{token}",
            "POST /auth/magic-link/{token}/open",
        )
    ),
    Case(
        route="GET /auth/password/{token}",
        empty=410,
        own=410,
        path=_LINK,
        signed_in=False,
        proof="password_link",
    ),
    # Takes a form, and looks at nothing before there is one.
    Case(
        route="POST /auth/password/{token}",
        empty=415,
        own=415,
        path=_LINK,
        signed_in=False,
        proof="password_link",
    ),
    Case(
        route="POST /auth/password",
        empty=410,
        own=410,
        body=_LINK | {"password": "a better one, by far"},
        signed_in=False,
        proof="password_link",
    ),
    Case(route="POST /auth/signout", empty=204, own=204, body={"scope": "all"}),
    Case(route="GET /account", empty=200, own=200),
    Case(route="GET /account/export", empty=200, own=200),
    Case(route="DELETE /account", empty=200, own=200),
    Case(route="GET /account/events", empty=200, own=200),
    Case(route="POST /avatars", empty=201, own=409, body=_AVATAR),
    Case(route="GET /avatars/me", empty=404, own=200),
    Case(route="PATCH /avatars/me", empty=404, own=200, body={"age": 32}),
    Case(route="DELETE /avatars/me", empty=404, own=204),
    Case(route="GET /preferences", empty=200, own=200),
    # She may say that Ada's number is hers; it stays Ada's until a code comes from it.
    Case(route="PUT /preferences/whatsapp", empty=202, own=202, body={"phone": "+{phone}"}),
    Case(route="DELETE /preferences/whatsapp", empty=204, own=204),
    Case(route="GET /messages", empty=200, own=200, query={"before": "{cursor}"}),
    Case(route="POST /messages", empty=409, own=202, body={"content": "Hello?"}),
]

_REFUSED = {400, 401, 403, 404, 409, 422, 429}
_ID_NAMES = ("user_id", "person", "id", "avatar_id", "message_id")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _routes(app: web.Application) -> set[str]:
    return {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


def _forgotten(app: web.Application) -> list[str]:
    known = NOBODYS.keys() | {case.route for case in CASES}
    return [
        f"{route} has no case: say in {__name__} what somebody else gets there"
        for route in sorted(_routes(app) - known)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ada:
    """Somebody who has everything, and what of it nobody else may see."""

    person: Person
    things: dict[str, str]
    marks: set[str]

    def found_in(self, answer: str) -> list[str]:
        return [mark for mark in self.marks if mark in answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request, with something of Ada's somewhere in it."""

    method: str
    path: str
    body: dict[str, Any] | None
    query: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)

    async def made(self, ava: Ava, token: str) -> tuple[int, str]:
        """The status, and everything that came with it."""
        headers = ({"Authorization": f"Bearer {token}"} if token else {}) | self.headers
        asking = ava.client.request(
            self.method, self.path, params=self.query, json=self.body, headers=headers
        )
        async with asking as answer:
            return answer.status, f"{answer.headers}\n{await answer.text()}"


def _attempts(case: Case, things: dict[str, str]) -> Iterator[Attempt]:
    """What the case says, and then the same with Ada's ids wherever an id could be looked for."""
    plain = _plain(case, things)
    yield plain
    yield replace(plain, headers={"X-User-Id": things["id"]})
    for key in ("avatar_key", "message_key"):
        yield replace(plain, headers={"Idempotency-Key": things[key]})
    for name in _ID_NAMES:
        hers = {name: things["avatar" if name == "avatar_id" else "id"]}
        yield replace(plain, query=plain.query | hers)
        if plain.body is not None:
            yield replace(plain, body=plain.body | hers)


def _live_attempts(case: Case, things: dict[str, str]) -> Iterator[Attempt]:
    """The same with a token that Ada could use, in every place but where it is a proof."""
    plain = _plain(case, things)
    for kind in _LIVE:
        live = things[kind]
        yield replace(plain, headers={"Authorization": f"Bearer {live}"})
        hers = {"token": live, "refresh_token": live}
        yield replace(plain, query=plain.query | hers)
        if case.path and kind != case.proof:
            yield _plain(replace(case, path={"token": live}), things)
        if plain.body is not None:
            yield replace(plain, body=plain.body | {"refresh_token": live})
            if kind != case.proof:
                yield replace(plain, body=plain.body | {"token": live})


def _plain(case: Case, things: dict[str, str]) -> Attempt:
    method, path = case.route.split()
    return Attempt(
        method=method,
        path=path.format_map(_filled(case.path, things)),
        body=None if case.body is None else _filled(case.body, things),
        query=_filled(case.query, things),
    )


def _filled(given: Mapping[str, Any], things: dict[str, str]) -> dict[str, Any]:
    return {
        name: value.format_map(things) if isinstance(value, str) else value
        for name, value in given.items()
    }


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def ada(ava: Ava, newcomer: Newcomer, number: Callable[[], str]) -> AsyncIterator[Ada]:
    person, phone, next_phone = await newcomer(), number(), number()
    things = {"id": person.id, "email": person.email, "phone": phone}
    things |= {"avatar_key": str(uuid4()), "message_key": str(uuid4())}
    await _make_avatar(person, things["avatar_key"])
    await ava.link(person, phone)
    await ava.simulator.say(phone, "My secret is a marzipan quokka.")
    await _say(person, "Hush, obsidian!", things["message_key"])
    _, asked = await person.ask("PUT", "/preferences/whatsapp", json={"phone": f"+{next_phone}"})
    await eventually(lambda: _has_settled(person))
    _, page = await person.ask("GET", "/messages", params={"limit": "1"})
    _, avatar = await person.ask("GET", "/avatars/me")
    things |= {"avatar": avatar["id"], "cursor": page["next"]} | await _live(ava, person)
    marks = {person.id, person.email, phone, next_phone, asked["code"], page["next"]}
    marks |= {"Zephyrine", "shaped like Corsica", "marzipan quokka", "obsidian"}
    marks |= set(_UUID.findall(f"{avatar}{await person.messages()}"))
    yield Ada(person=person, things=things, marks=marks)


async def _live(ava: Ava, person: Person) -> dict[str, str]:
    reset = await link(ava, person.email, ask="/auth/password/reset")
    return {
        "sign_in_link": token_in(await link(ava, person.email)),
        "password_link": token_in(reset),
        "refresh_token": (await sign_in(ava, person.email))["refresh_token"],
    }


async def _make_avatar(person: Person, key: str) -> None:
    avatar = {"name": "Zephyrine", "age": 44, "personality": "caring"}
    avatar["physical_description"] = "A scar shaped like Corsica."
    headers = {"Idempotency-Key": key}
    status, answer = await person.ask("POST", "/avatars", json=avatar, headers=headers)
    assert status == 201, answer


async def _say(person: Person, text: str, key: str) -> None:
    headers = {"Idempotency-Key": key}
    status, answer = await person.ask("POST", "/messages", json={"content": text}, headers=headers)
    assert status == 202, answer


async def _has_settled(person: Person) -> bool:
    """Both of her messages are answered, and nothing more will happen to the answers."""
    replies = [line for line in await person.messages() if line["role"] == "assistant"]
    settled = {"app": "sent", "whatsapp": "delivered"}
    return {reply["channel"]: reply["status"] for reply in replies} == settled


@dataclass(frozen=True, slots=True, kw_only=True)
class Eve:
    """Somebody who has nothing to do with Ada."""

    person: Person
    has_avatar: bool

    def expects(self, case: Case) -> int:
        return case.own if self.has_avatar else case.empty


@pytest_asyncio.fixture(params=[False, True], ids=["empty", "own"], loop_scope="package")
async def eve(request: pytest.FixtureRequest, newcomer: Newcomer) -> Eve:
    person = await newcomer()
    if request.param:
        await person.make_avatar(name="Noa")
    return Eve(person=person, has_avatar=request.param)


async def test_every_route_has_a_case_or_a_reason_for_none(ava: Ava) -> None:
    app = create_app(ava.settings)

    assert _forgotten(app) == []
    assert NOBODYS.keys() | {case.route for case in CASES} == _routes(app)
    assert [route for route in NOBODYS if "{" in route] == []


async def test_a_route_without_a_case_is_found(ava: Ava) -> None:
    app = create_app(ava.settings)
    app.router.add_view("/avatars/{id}", web.View)

    (finding,) = _forgotten(app)

    assert finding.startswith("* /avatars/{id} has no case: say in")


async def test_what_is_looked_for_is_what_ada_sees_herself(ada: Ada) -> None:
    """Or nothing could ever be found in the answers to Eve."""
    seen = f"{ada.person.id} {ada.person.email}"
    for path in ("/avatars/me", "/preferences", "/messages", "/messages?limit=1"):
        seen += str(await ada.person.ask("GET", path))

    (code,) = {mark for mark in ada.marks if mark not in seen}
    assert code.startswith("AVA-")  # shown once, before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.route)
async def test_somebody_else_gets_nothing_of_hers(
    ava: Ava, ada: Ada, eve: Eve, owner: Connection, case: Case
) -> None:
    before = await rows_of(owner, ada.person.id)
    allowed = {eve.expects(case)}
    for attempt in (*_attempts(case, ada.things), *_live_attempts(case, ada.things)):
        status, answer = await attempt.made(ava, eve.person.token)

        assert status in allowed, (attempt, status, answer)
        assert ada.found_in(answer) == [], (attempt, answer)
        allowed = {case.empty, case.own} | _REFUSED
    assert await rows_of(owner, ada.person.id) == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.route)
async def test_nobody_gets_anything_without_a_token(
    ava: Ava, ada: Ada, owner: Connection, case: Case
) -> None:
    before = await rows_of(owner, ada.person.id)
    allowed = {401} if case.signed_in else {case.empty} | _REFUSED
    for attempt in (*_attempts(case, ada.things), *_live_attempts(case, ada.things)):
        for token in ("", ada.person.id):
            status, answer = await attempt.made(ava, token)

            assert status in allowed, (attempt, token, status, answer)
            assert ada.found_in(answer) == [], (attempt, answer)
    assert await rows_of(owner, ada.person.id) == before

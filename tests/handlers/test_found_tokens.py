"""Eve, who is signed in herself, holds a link or a refresh token of Ada's that works.

Holding it is the proof, so that she gets what it is for, a session of Ada's or a new password for
Ada, whoever else her request says she is; it tells her nothing more of Ada, and neither her own
session nor her own password is touched. In every other place it is nothing: ``test_two_people.py``.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import pytest
from asyncpg import Connection

from bot.app import create_app
from bot.handlers.openapi import document, routes_of
from tests.ava import Ava, Person
from tests.handlers.conftest import Newcomer
from tests.handlers.rows import rows_of
from tests.handlers.visits import PASSWORD, link, lives, post, sign_in, token_in, whose

pytestmark = pytest.mark.asyncio(loop_scope="package")

NEW = "a better one, by far"
SIGN_IN, RESET, REFRESH = "/auth/magic-link", "/auth/password/reset", "/auth/refresh"
SESSION = {"user_id", "access_token", "refresh_token", "token_type", "expires_in"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Where a token is one. gets_it: where Ada gets such a token; in texts ``{token}`` is it."""

    route: str
    gets_it: str
    status: int
    body: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    sets_password: bool = False

    async def token(self, ava: Ava, ada: Person) -> str:
        if self.gets_it == REFRESH:
            return str((await sign_in(ava, ada.email))["refresh_token"])
        return token_in(await link(ava, ada.email, ask=self.gets_it))


PROOFS = [
    Proof(route="GET /auth/magic-link/{token}", gets_it=SIGN_IN, status=200),
    Proof(route="POST /auth/magic-link/{token}", gets_it=SIGN_IN, status=200),
    Proof(route="POST /auth/magic-link/{token}/open", gets_it=SIGN_IN, status=303),
    Proof(route="GET /auth/password/{token}", gets_it=RESET, status=200),
    Proof(
        route="POST /auth/password/{token}",
        gets_it=RESET,
        status=303,
        form={"password": NEW},
        sets_password=True,
    ),
    Proof(
        route="POST /auth/password",
        gets_it=RESET,
        status=200,
        body={"token": "{token}", "password": NEW},
        sets_password=True,
    ),
    Proof(
        route="POST /auth/refresh", gets_it=REFRESH, status=200, body={"refresh_token": "{token}"}
    ),
]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    whole: str  # with the headers
    session: dict[str, Any]  # empty for a page


async def shown(ava: Ava, proof: Proof, token: str, eve: Person) -> Answer:
    """Send Ada's token in a request that otherwise is Eve's in every way."""
    method, path = proof.route.format(token=token).split()
    body = proof.body and {name: text.format(token=token) for name, text in proof.body.items()}
    asking = ava.client.request(
        method,
        path,
        params={"user_id": eve.id, "email": eve.email},
        headers={"Authorization": f"Bearer {eve.token}", "X-User-Id": eve.id},
        json=body,
        data=proof.form,
        allow_redirects=False,
    )
    async with asking as answer:
        text = await answer.text()
        location = answer.headers.get("Location", "")
        session = dict(parse_qsl(location.partition("#")[2]))
        if answer.content_type == "application/json":
            session = json.loads(text)
        return Answer(answer.status, f"{answer.headers}\n{text}", session)


def takers(described: Mapping[str, Any]) -> Iterator[str]:
    """Yield the routes that take a token in their path or their body."""
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            names = [
                parameter["name"]
                for parameter in operation.get("parameters", [])
                if parameter["in"] == "path"
            ]
            for content in operation.get("requestBody", {}).get("content", {}).values():
                schema = content["schema"].get("$ref", "").rpartition("/")[2]
                names += described["components"]["schemas"].get(schema, {}).get("properties", {})
            if any("token" in name for name in names):
                yield f"{method.upper()} {path}"


async def test_every_route_that_takes_a_token_has_a_case(ava: Ava) -> None:
    found = set(takers(document(routes_of(create_app(ava.settings, ())))))
    known = {proof.route for proof in PROOFS}

    assert known - found == set()
    assert [
        f"{route} has no case: say in {__name__} what somebody else gets with a token of Ada's"
        for route in sorted(found - known)
    ] == []


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.route)
async def test_who_found_a_token_gets_what_it_is_for_and_stays_who_they_are(
    ava: Ava, owner: Connection, newcomer: Newcomer, proof: Proof
) -> None:
    ada, eve = await newcomer(), await newcomer()
    await ada.make_avatar(name="Zephyrine")
    await eve.make_avatar(name="Noa")
    session = await sign_in(ava, eve.email)
    token = await proof.token(ava, ada)
    before = await rows_of(owner, eve.id)

    answer = await shown(ava, proof, token, eve)

    assert answer.status == proof.status, answer
    assert [
        mark for mark in (ada.email, "Zephyrine", eve.id, eve.email) if mark in answer.whole
    ] == []
    assert answer.session.keys() <= SESSION
    if answer.session:
        assert await whose(ava, answer.session) == ada.id
    else:
        assert ada.id not in answer.whole
    assert await rows_of(owner, eve.id) == before
    assert await whose(ava, {"access_token": eve.token}) == eve.id
    assert await lives(ava, session)
    assert await sign_in(ava, eve.email, PASSWORD)
    assert await sign_in(ava, ada.email, NEW if proof.sets_password else PASSWORD)


async def test_a_found_link_and_a_password_of_ones_own_do_not_go_together(
    ava: Ava, newcomer: Newcomer
) -> None:
    ada, eve = await newcomer(), await newcomer()
    token = token_in(await link(ava, ada.email, ask=RESET))
    mixed = {"token": token, "current_password": PASSWORD, "password": NEW}

    status, _ = await post(ava, "/auth/password", mixed, token=eve.token)

    assert status == 422
    assert await sign_in(ava, ada.email)
    assert await sign_in(ava, eve.email)
    async with ava.client.get(f"/auth/password/{token}") as page:
        assert page.status == 200

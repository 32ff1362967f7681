"""A token is believed when the project signed it, with a key that it lists, for our people."""

import asyncio
import gzip
import json
import string
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from pytest_aiohttp import AiohttpServer

from bot.accounts.public_keys import KeysUnavailable
from bot.accounts.supabase_tokens import SupabaseTokens
from bot.errors import NotSignedIn, Unavailable
from bot.models import PersonId
from tests.accounts.attacks import SECRET, attacks, claims, token, wrong_claims
from tests.accounts.project import Handler, Project, SigningKey, hanging_up, saying

ADA = PersonId(uuid.UUID("00000000-0000-4000-8000-0000000000ad"))
EVE = PersonId(uuid.UUID("00000000-0000-4000-8000-0000000000ee"))
OLD, NEW, RSA = SigningKey("old"), SigningKey("new"), SigningKey("rsa", "RS256")
MINUTE, HOUR = 60.0, 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


@pytest.fixture(name="project")
async def _project(aiohttp_server: AiohttpServer) -> Project:
    project = Project(OLD, RSA)
    server = await aiohttp_server(project.app())
    project.url = str(server.make_url("")).rstrip("/")
    return project


@pytest.fixture(name="http")
async def _http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as http:
        yield http


@pytest.fixture(name="tokens")
def _tokens(project: Project, http: httpx.AsyncClient, clock: Clock) -> SupabaseTokens:
    return SupabaseTokens(f"{project.url}/", http, clock=clock)


@pytest.fixture(name="legacy")
def _legacy(project: Project, http: httpx.AsyncClient, clock: Clock) -> SupabaseTokens:
    """Of a project that signs with a shared secret, too."""
    return SupabaseTokens(project.url, http, legacy_secret=SecretStr(SECRET), clock=clock)


async def refused(tokens: SupabaseTokens, given: str) -> bool:
    try:
        await tokens.verify(given)
    except NotSignedIn:
        return True
    return False


# --- good ones ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [OLD, RSA], ids=lambda key: key.algorithm)
async def test_a_token_says_who_it_was_made_for(
    tokens: SupabaseTokens, project: Project, key: SigningKey
) -> None:
    issued = project.token(ADA, by=key)

    caller = await tokens.verify(issued)

    assert (caller.id, caller.token) == (ADA, issued)


async def test_a_token_of_the_shared_secret_is_believed_where_the_secret_is_configured(
    tokens: SupabaseTokens, legacy: SupabaseTokens, project: Project
) -> None:
    issued = token(claims(str(ADA), issuer=project.issuer))

    assert (await legacy.verify(issued)).id == ADA
    assert await refused(tokens, issued)


async def test_clocks_may_differ_by_a_few_seconds(tokens: SupabaseTokens, project: Project) -> None:
    now = int(time.time())

    assert (await tokens.verify(project.token(ADA, exp=now - 5))).id == ADA
    assert await refused(tokens, project.token(ADA, exp=now - 15))


def test_there_is_no_empty_secret(http: httpx.AsyncClient) -> None:
    with pytest.raises(ValueError, match="empty secret"):
        SupabaseTokens("https://project.example", http, legacy_secret=SecretStr(""))


# --- attacks --------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", attacks(str(ADA), str(EVE)))
async def test_a_token_that_proves_nothing_is_refused(
    legacy: SupabaseTokens, tokens: SupabaseTokens, project: Project, attack: str
) -> None:
    made = attacks(str(ADA), str(EVE), project.issuer)[attack]

    assert await refused(legacy, made)
    assert await refused(tokens, made)


@pytest.mark.parametrize("wrong", wrong_claims(str(ADA)))
async def test_what_no_token_may_say_is_refused_though_the_project_signed_it(
    tokens: SupabaseTokens, project: Project, wrong: str
) -> None:
    signed = OLD.sign(wrong_claims(str(ADA), project.issuer)[wrong])

    assert await refused(tokens, signed)


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
@pytest.mark.parametrize("key", [OLD, RSA], ids=lambda key: key.algorithm)
async def test_a_public_key_is_no_shared_secret(
    legacy: SupabaseTokens, project: Project, key: SigningKey, encoding: Encoding
) -> None:
    payload = claims(str(ADA), issuer=project.issuer)
    public = key.public(encoding).decode("latin-1")

    for algorithm in ("HS256", key.algorithm):
        forged = token(payload, secret=public, alg=algorithm, kid=key.kid)
        assert await refused(legacy, forged)


async def test_a_key_is_used_with_its_own_algorithm_only(
    tokens: SupabaseTokens, project: Project
) -> None:
    payload = claims(str(ADA), issuer=project.issuer)

    assert await refused(tokens, SigningKey(RSA.kid, "RS512").sign(payload))
    assert await refused(tokens, RSA.sign(payload, kid=OLD.kid))
    assert await refused(tokens, OLD.sign(payload, kid=RSA.kid))


@pytest.mark.parametrize("kid", [None, "", 1, [], {}, "unknown", RSA.kid])
async def test_a_token_names_the_key_that_signed_it(
    tokens: SupabaseTokens, project: Project, kid: Any
) -> None:
    signed = OLD.sign(claims(str(ADA), issuer=project.issuer), kid=kid)

    assert await refused(tokens, signed)


async def test_a_stranger_who_takes_the_name_of_our_key_is_refused(
    tokens: SupabaseTokens, project: Project
) -> None:
    stranger = SigningKey("stranger")
    payload = claims(str(ADA), issuer=project.issuer)

    assert await refused(tokens, stranger.sign(payload, kid=OLD.kid))
    assert await refused(tokens, stranger.sign(payload, kid=OLD.kid, jwk=stranger.listed()))


async def test_what_would_have_to_be_understood_is_refused(
    tokens: SupabaseTokens, project: Project
) -> None:
    payload = claims(str(ADA), issuer=project.issuer)

    assert await refused(tokens, OLD.sign(payload, crit=["exp"]))


async def test_a_signed_token_of_any_length_is_refused_unread(
    tokens: SupabaseTokens, project: Project
) -> None:
    assert await refused(tokens, project.token(ADA, more="x" * 8192))
    assert project.asked == 0


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
async def test_a_token_that_was_touched_is_refused(
    legacy: SupabaseTokens, project: Project, data: st.DataObject
) -> None:
    payload = claims(str(ADA), issuer=project.issuer)
    good = data.draw(st.sampled_from([OLD.sign(payload), RSA.sign(payload), token(payload)]))
    at = data.draw(st.integers(0, len(good) - 1))
    put = data.draw(st.text(string.ascii_letters + string.digits + "-_.= \n\0é", max_size=3))
    touched = good[:at] + put + good[at + data.draw(st.integers(0, 3)) :]

    assert touched == good or _means_the_same(touched, good) or await refused(legacy, touched)


def _means_the_same(touched: str, good: str) -> bool:
    """The last character of base64 has bits that say nothing."""
    *signed, signature = good.split(".")
    *resigned, other = touched.split(".")
    return signed == resigned and len(signature) == len(other) and signature[:-1] == other[:-1]


# --- rotation -------------------------------------------------------------------------------


async def test_keys_are_fetched_once_and_kept(
    tokens: SupabaseTokens, project: Project, clock: Clock
) -> None:
    for _ in range(3):
        await tokens.verify(project.token(ADA))
        clock.now += MINUTE

    assert project.asked == 1


async def test_those_who_come_together_share_one_fetch(
    tokens: SupabaseTokens, project: Project
) -> None:
    issued = [project.token(ADA, by=key) for key in (OLD, RSA)] * 20

    callers = await asyncio.gather(*(tokens.verify(each) for each in issued))

    assert ({caller.id for caller in callers}, project.asked) == ({ADA}, 1)


async def test_a_new_key_is_found_when_its_first_token_comes(
    tokens: SupabaseTokens, project: Project, clock: Clock
) -> None:
    await tokens.verify(project.token(ADA))
    project.keys.append(NEW)
    clock.now += 31
    issued = [project.token(ADA, by=NEW) for _ in range(10)]

    callers = await asyncio.gather(*(tokens.verify(each) for each in issued))

    assert ({caller.id for caller in callers}, project.asked) == ({ADA}, 2)


async def test_made_up_names_cost_one_fetch_in_thirty_seconds(
    tokens: SupabaseTokens, project: Project, clock: Clock
) -> None:
    await tokens.verify(project.token(ADA))
    asked = []
    for _ in range(7):
        clock.now += 10
        assert await refused(tokens, project.token(ADA, by=SigningKey("made up")))
        asked.append(project.asked)

    assert asked == [1, 1, 2, 2, 2, 3, 3]


async def test_a_revoked_key_is_gone_with_the_next_fetch(
    tokens: SupabaseTokens, project: Project, clock: Clock
) -> None:
    issued = project.token(ADA, by=OLD)
    await tokens.verify(issued)
    project.keys = [NEW]
    before = await refused(tokens, issued)
    clock.now += 10 * MINUTE

    assert (before, await refused(tokens, issued)) == (False, True)
    assert (await tokens.verify(project.token(ADA, by=NEW))).id == ADA


async def test_whoever_has_keys_does_not_wait_for_a_slow_list(
    tokens: SupabaseTokens, project: Project, clock: Clock
) -> None:
    issued = project.token(ADA)
    await tokens.verify(issued)
    clock.now += 10 * MINUTE
    project.called.clear()
    project.let_go.clear()
    slow = asyncio.create_task(tokens.verify(issued))
    await project.called.wait()

    assert (await tokens.verify(issued)).id == ADA
    project.let_go.set()
    assert (await slow).id == ADA


# --- outage ---------------------------------------------------------------------------------

BROKEN: dict[str, Handler] = {
    "hangs up": hanging_up,
    "says 503": saying({"message": "down"}, 503),
    "sends elsewhere": saying(b"", 302, {"Location": "https://elsewhere.example/"}),
    "says HTML": saying(b"<!doctype html><h1>Hello", 200),
    "says too much": saying({"keys": [], "more": "x" * 100_000}),
    "packs": saying(gzip.compress(b'{"keys": []}'), 200, {"Content-Encoding": "gzip"}),
    "says no text": saying(b"\xff\xfe\x00"),
    "nests": saying(b"[" * 60_000),
    "has no keys": saying({}),
    "says a list": saying([]),
    "says a number": saying(1),
    "has keys that are no list": saying({"keys": {"kid": "old"}}),
}


@pytest.mark.parametrize("broken", BROKEN)
async def test_without_ever_a_key_nobody_is_told_to_sign_in_again(
    tokens: SupabaseTokens, project: Project, clock: Clock, broken: str
) -> None:
    project.answer = BROKEN[broken]
    with pytest.raises(KeysUnavailable) as raised:
        await tokens.verify(project.token(ADA))
    project.answer = None
    clock.now += 3

    assert isinstance(raised.value, Unavailable)
    assert (await tokens.verify(project.token(ADA))).id == ADA


@pytest.mark.parametrize("broken", BROKEN)
async def test_through_an_outage_the_old_keys_hold_for_an_hour(
    tokens: SupabaseTokens, project: Project, clock: Clock, broken: str
) -> None:
    issued = project.token(ADA)
    await tokens.verify(issued)
    project.answer = BROKEN[broken]
    clock.now += HOUR - 1
    assert (await tokens.verify(issued)).id == ADA
    clock.now += 1

    with pytest.raises(KeysUnavailable):
        await tokens.verify(issued)


async def test_in_an_outage_a_name_we_do_not_know_may_be_a_new_key(
    tokens: SupabaseTokens, project: Project, clock: Clock
) -> None:
    await tokens.verify(project.token(ADA))
    project.answer = hanging_up
    clock.now += MINUTE

    with pytest.raises(KeysUnavailable):
        await tokens.verify(project.token(ADA, by=NEW))


async def test_a_project_that_is_down_is_not_asked_for_every_token(
    tokens: SupabaseTokens, project: Project, clock: Clock
) -> None:
    project.answer = hanging_up
    for _ in range(5):
        with pytest.raises(KeysUnavailable):
            await tokens.verify(project.token(ADA))
    clock.now += 2
    with pytest.raises(KeysUnavailable):
        await tokens.verify(project.token(ADA))

    assert project.asked == 2


async def test_the_shared_secret_needs_no_list(legacy: SupabaseTokens, project: Project) -> None:
    project.answer = hanging_up

    assert (await legacy.verify(token(claims(str(ADA), issuer=project.issuer)))).id == ADA
    assert project.asked == 0


async def test_keys_that_cannot_be_used_are_passed_over(
    tokens: SupabaseTokens, project: Project
) -> None:
    odd: list[Any] = [
        None,
        "key",
        {},
        {"kid": "a"},
        {"kid": "b", "kty": "EC"},
        {"kid": "c", "kty": "EC", "crv": "P-256", "x": "!", "y": "!"},
        {"kid": "d", "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"},
        {"kid": "e", "kty": "RSA", "n": 1, "e": []},
        {"kid": "f", "kty": ["RSA"]},
        {"kid": "g", "kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        RSA.listed(kid=["rsa"]),
        OLD.listed(kid="encryption", use="enc"),
        OLD.listed(kid="another curve", crv="P-384"),
        OLD.listed(kid="another algorithm", alg="HS256"),
    ]
    project.answer = saying({"keys": [*odd, OLD.listed()]})

    assert (await tokens.verify(project.token(ADA))).id == ADA
    for name in ("encryption", "another curve", "another algorithm"):
        assert await refused(tokens, OLD.sign(claims(str(ADA), issuer=project.issuer), kid=name))


async def test_a_secret_in_the_list_is_no_secret_of_ours(
    tokens: SupabaseTokens, project: Project
) -> None:
    project.answer = saying({"keys": [{"kid": "g", "kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]})

    forged = token(claims(str(ADA), issuer=project.issuer), secret="secret", kid="g")

    assert await refused(tokens, forged)


async def test_the_list_is_asked_for_without_any_key_of_ours(
    tokens: SupabaseTokens, project: Project
) -> None:
    seen: list[web.Request] = []

    async def remember(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(text=json.dumps({"keys": [OLD.listed()]}))

    project.answer = remember
    await tokens.verify(project.token(ADA))

    assert not {"apikey", "authorization"} & {name.lower() for name in seen[0].headers}

"""What only a Supabase project can be set to."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.ava import ADA, Ava, ava_in
from tests.homes import Home
from tests.supabase.standin import Standin

pytestmark = pytest.mark.parametrize("home", ["supabase"], indirect=True)

CREDENTIALS = {"email": "ada@example.com", "password": "correct horse battery"}


@pytest.fixture
def other_url(home: Home) -> Iterator[str]:
    """A database that may be away while the project is there."""
    with home.databases.lent() as url:
        yield url


def project(ava: Ava) -> Standin:
    assert ava.home.standin
    return ava.home.standin


async def test_everything_goes_through_the_two_clients(ava: Ava) -> None:
    person = await ava.acquainted()
    await ava.simulator.say(ADA, "Hello there.")
    await ava.heard(ADA, 2)

    asked = project(ava).seen
    service = [seen for seen in asked if seen.apikey == project(ava).service_role_key]
    theirs = [seen for seen in asked if seen.authorization == f"Bearer {person.token}"]
    assert {"/rest/v1/rpc/take_delivery", "/rest/v1/rpc/claim_due"} <= {s.path for s in service}
    assert {seen.authorization for seen in service if "/rest/" in seen.path} == {None}
    assert {seen.path for seen in theirs if "/rest/" in seen.path} == {
        "/rest/v1/rpc/create_avatar",
        "/rest/v1/rpc/request_link",
    }
    assert {seen.apikey for seen in theirs} == {project(ava).anon_key}


async def test_with_the_pooler_beside_it_messages_are_taken_directly(home: Home) -> None:
    async with ava_in(replace(home, pooler_url=home.owner_url)) as ava:
        await ava.acquainted()
        await ava.simulator.say(ADA, "Hello there.")

        assert (await ava.heard(ADA, 2))[1] == "You said: Hello there."
        paths = {seen.path for seen in project(ava).seen}
        assert "/rest/v1/rpc/open_turn" in paths
        assert not {p for p in paths if p.endswith(("take_delivery", "claim_due"))}


async def test_without_the_pooler_beside_it_ava_is_not_ready(home: Home, other_url: str) -> None:
    async with ava_in(replace(home, pooler_url=other_url), run_worker=False) as ava:
        await ava.home.shut_pooler()

        async with ava.client.get("/ready") as answer:
            assert answer.status == 503
            assert (await answer.json())["database"] == "unreachable"


async def test_whoever_has_to_confirm_is_told_so_and_nobody_learns_who_is_there(ava: Ava) -> None:
    await ava.sign_up("known@example.com")
    project(ava).autoconfirm = False

    answers = []
    for email in "known@example.com", "ada@example.com":
        async with ava.client.post("/auth/signup", json=CREDENTIALS | {"email": email}) as answer:
            answers.append((answer.status, await answer.json()))
    async with ava.client.post("/auth/signin", json=CREDENTIALS) as answer:
        refused = answer.status, (await answer.json())["detail"]

    assert answers == [(202, {"status": "check your e-mail"})] * 2
    assert refused == (403, "Open the link in our e-mail first.")


async def test_a_project_that_takes_nobody_says_so(ava: Ava) -> None:
    project(ava).policy.signup_enabled = False

    async with ava.client.post("/auth/signup", json=CREDENTIALS) as answer:
        assert answer.status == 403


async def test_the_older_keys_open_the_same_project(home: Home) -> None:
    assert home.standin
    async with ava_in(replace(home, has_older_keys=True)) as ava:
        person = await ava.acquainted()

        assert (await person.ask("GET", "/avatars/me"))[0] == 200

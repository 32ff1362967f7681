"""A person's account as they see it: what it is, everything in it, and what happened to it."""

import asyncio
import itertools
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asyncpg import Connection

from bot.link_codes import hash_of
from tests.ava import Ava, Person
from tests.handlers.conftest import Newcomer
from tests.handlers.visits import (
    PASSWORD,
    Session,
    eleven_seconds_pass,
    link,
    mailed,
    path_in,
    post,
    refresh,
    set_up,
    sign_in,
    sign_up,
    token_in,
)
from tests.homes import own_accounts

pytestmark = pytest.mark.asyncio(loop_scope="package")

NEW = "a better one, by far"
_numbers = itertools.count(1)


@pytest.fixture
def email() -> str:
    """Somebody whom no other test knows."""
    return f"account.{next(_numbers)}@example.com"


async def events(ava: Ava, session: Session) -> list[str]:
    """What happened to the account, oldest first."""
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    async with ava.client.get("/account/events", headers=headers) as answer:
        assert answer.status == 200
        return [event["event"] for event in reversed((await answer.json())["events"])]


async def export_of(person: Person) -> dict[str, Any]:
    status, export = await person.ask("GET", "/account/export")
    assert status == 200, export
    assert isinstance(export, dict)
    return export


# --- what it is -----------------------------------------------------------------------------


async def test_an_account_says_whose_it_is_and_since_when(newcomer: Newcomer) -> None:
    person = await newcomer()

    status, account = await person.ask("GET", "/account")

    assert status == 200
    assert account.keys() == {"id", "email", "created_at"}
    assert (account["id"], account["email"]) == (person.id, person.email)
    age = datetime.now(UTC) - datetime.fromisoformat(account["created_at"])
    assert abs(age) < timedelta(minutes=1)


# --- everything in it -----------------------------------------------------------------------


async def test_an_export_is_a_file_that_names_its_day(ava: Ava, somebody: Person) -> None:
    headers = {"Authorization": f"Bearer {somebody.token}"}

    async with ava.client.get("/account/export", headers=headers) as answer:
        assert answer.content_type == "application/json"
        disposition = answer.headers["Content-Disposition"]

    today = datetime.now(UTC).date()
    assert disposition == f'attachment; filename="ava-export-{today}.json"'


async def test_an_export_has_both_channels_and_what_whatsapp_delivered(
    ava: Ava, newcomer: Newcomer, number: Callable[[], str]
) -> None:
    person, wa_id = await newcomer(), number()
    await person.make_avatar(name="Ximena")
    await ava.link(person, wa_id)
    await ava.simulator.say(wa_id, "On WhatsApp.", context={"id": "wamid.unknown"})
    await ava.heard(wa_id, 2)
    await person.ask("POST", "/messages", json={"content": "In the app."})
    async with asyncio.timeout(5):
        while len(await person.messages()) < 4:
            pass
    await ava.simulator.until_quiet()

    export = await export_of(person)

    assert export["account"]["email"] == person.email
    assert export["avatars"][0]["name"] == "Ximena"
    assert export["user_preferences"]["whatsapp_phone"] == f"+{wa_id}"
    assert export["link_codes"]["used"]
    assert [(line["channel"], line["content"]) for line in export["messages"]] == [
        ("whatsapp", "On WhatsApp."),
        ("whatsapp", "You said: On WhatsApp."),
        ("app", "In the app."),
        ("app", "You said: In the app."),
    ]
    assert [sent["body"] for sent in export["outbox"]][-1] == "You said: On WhatsApp."
    kinds = [row["kind"] for row in export["inbox"]]
    assert kinds.count("message") == 2
    assert kinds.count("status") >= 2
    assert export["audit_log"][-1]["event"] == "exported"


async def test_an_export_opens_nothing(ava: Ava, email: str, number: Callable[[], str]) -> None:
    session = await sign_up(ava, email)
    person = Person(
        id=session["user_id"], email=email, token=session["access_token"], _client=ava.client
    )
    _, asked = await person.ask("PUT", "/preferences/whatsapp", json={"phone": f"+{number()}"})
    path = await link(ava, email)

    export = json.dumps(await export_of(person))

    secrets = session["access_token"], session["refresh_token"], token_in(path), asked["code"]
    for secret in secrets:
        assert secret not in export
        assert hash_of(secret) not in export
    assert "argon2" not in export
    assert '"purpose": "sign_in"' in export


async def test_an_export_has_nothing_of_anybody_else(newcomer: Newcomer) -> None:
    ada, eve = await newcomer(), await newcomer()
    await ada.make_avatar(name="Ximena")
    await ada.ask("POST", "/messages", json={"content": "My secret."})

    export = json.dumps(await export_of(eve))

    assert not any(word in export for word in ("Ximena", "secret", ada.id, ada.email))


async def test_of_a_number_each_owner_exports_their_own_time(
    ava: Ava, newcomer: Newcomer, number: Callable[[], str]
) -> None:
    ada, ben, wa_id = await newcomer(), await newcomer(), number()
    for owner, said in ((ada, "It is Ada."), (ben, "It is Ben.")):
        await owner.make_avatar()
        await ava.link(owner, wa_id)
        await ava.simulator.say(wa_id, said)
        await ava.heard(wa_id, len(ava.simulator.replies(wa_id)) + 1)
    await ava.simulator.until_quiet()
    taken = json.dumps(await export_of(ada)), json.dumps(await export_of(ben))

    await ben.ask("DELETE", "/preferences/whatsapp")

    for adas, bens in (taken, (json.dumps(await export_of(ada)), json.dumps(await export_of(ben)))):
        assert "It is Ada." in adas
        assert "It is Ben." not in adas
        assert "It is Ben." in bens
        assert "It is Ada." not in bens


# --- what happened to it --------------------------------------------------------------------


async def test_what_is_done_to_sign_in_is_kept(ava: Ava, email: str) -> None:
    session = await sign_up(ava, email)
    await post(ava, "/auth/signin", {"email": email, "password": "a wrong one"})
    await sign_in(ava, email)
    await post(ava, f"/auth/magic-link/{token_in(await link(ava, email))}")
    await post(ava, "/auth/signout", {"scope": "others"}, token=session["access_token"])

    assert await events(ava, session) == [
        "signed_up",
        "sign_in_failed",
        "signed_in",
        "signed_in",
        "signed_out",
    ]


async def test_a_new_password_is_kept(ava: Ava, email: str) -> None:
    await sign_up(ava, email)
    token = token_in(await link(ava, email, ask="/auth/password/reset"))

    _, session = await post(ava, "/auth/password", {"token": token, "password": NEW})

    assert await events(ava, session) == ["signed_up", "password_changed"]


async def test_a_new_password_with_the_current_one_is_no_sign_in(ava: Ava, email: str) -> None:
    session = await sign_up(ava, email)
    body = {"current_password": PASSWORD, "password": NEW}
    wrong = body | {"current_password": "a wrong one"}
    await post(ava, "/auth/password", wrong, token=session["access_token"])

    _, session = await post(ava, "/auth/password", body, token=session["access_token"])

    assert await events(ava, session) == ["signed_up", "sign_in_failed", "password_changed"]


@own_accounts  # Supabase Auth confirms by itself, and tells nobody
async def test_a_sign_up_is_kept_once_it_is_confirmed(ava: Ava, email: str) -> None:
    async with set_up(ava, confirm_email=True):
        for _ in range(2):
            await post(ava, "/auth/signup", {"email": email, "password": PASSWORD})
        path = path_in(await mailed(ava, email, count=2))

        _, session = await post(ava, path)

        assert await events(ava, session) == ["signed_up", "signed_in"]


@own_accounts  # Supabase Auth does not tell whose token it was
async def test_a_refresh_token_that_came_twice_is_kept(
    ava: Ava, owner: Connection, email: str
) -> None:
    stolen = await sign_up(ava, email)
    await refresh(ava, stolen)
    await eleven_seconds_pass(ava, owner)

    await refresh(ava, stolen)

    session = await sign_in(ava, email)
    assert await events(ava, session) == ["signed_up", "session_reused", "signed_in"]


async def test_what_happens_to_avatar_and_number_is_kept(
    ava: Ava, newcomer: Newcomer, number: Callable[[], str]
) -> None:
    former, person, wa_id = await newcomer(), await newcomer(), number()
    await ava.link(former, wa_id)
    await person.make_avatar()
    _, avatar = await person.ask("PATCH", "/avatars/me", json={"age": 31})
    await ava.link(person, wa_id)
    await person.ask("DELETE", "/preferences/whatsapp")
    await person.ask("DELETE", "/preferences/whatsapp")
    await person.ask("DELETE", "/avatars/me")

    _, page = await person.ask("GET", "/account/events")

    assert [(event["event"], event["about"]) for event in reversed(page["events"])] == [
        ("signed_up", None),
        ("avatar_created", avatar["id"]),
        ("avatar_changed", avatar["id"]),
        ("phone_linked", None),
        ("phone_unlinked", None),
        ("avatar_deleted", avatar["id"]),
    ]
    _, lost = await former.ask("GET", "/account/events?limit=1")
    assert lost["events"][0]["event"] == "phone_taken_over"


async def test_nobody_sees_what_happened_to_somebody_else(newcomer: Newcomer) -> None:
    ada, eve = await newcomer(), await newcomer()
    await ada.make_avatar()
    _, hers = await ada.ask("GET", "/account/events?limit=1")

    _, seen = await eve.ask("GET", f"/account/events?before={hers['next']}")

    assert [event["event"] for event in seen["events"]] == ["signed_up"]


async def test_an_unknown_email_leaves_nothing(ava: Ava, owner: Connection) -> None:
    before = await owner.fetchval("select count(*) from audit_log")

    await post(ava, "/auth/signin", {"email": "nobody@example.com", "password": PASSWORD})

    assert await owner.fetchval("select count(*) from audit_log") == before


async def test_pages_of_events_miss_and_repeat_nothing(newcomer: Newcomer) -> None:
    person = await newcomer()
    await person.make_avatar(age=20)
    for age in range(21, 25):
        await person.ask("PATCH", "/avatars/me", json={"age": age})
    _, whole = await person.ask("GET", "/account/events")
    assert (len(whole["events"]), whole["next"]) == (6, None)

    for limit in 1, 4, 6, 200:
        found, before = [], ""
        while before is not None:
            _, page = await person.ask("GET", f"/account/events?limit={limit}&before={before}")
            assert len(page["events"]) <= limit
            found += page["events"]
            before = page["next"]

        assert found == whole["events"]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "====",
        "é",
        "1",
        *(
            urlsafe_b64encode(text.encode()).decode()
            for text in ("-1", "1.5", "x", "²", "9" * 19, "9" * 100, "2026-11-22T12:00:00/1")
        ),
    ],
)
async def test_what_is_not_a_cursor_is_refused(somebody: Person, cursor: str) -> None:
    status, problem = await somebody.ask("GET", f"/account/events?before={cursor}")

    assert (status, [error["field"] for error in problem["errors"]]) == (422, ["before"])

"""Who did not hear the answer asks again, and gets the answer; nothing happens twice."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from asyncpg import Connection
from multidict import CIMultiDict

from tests.ava import Ava, Person
from tests.handlers.conftest import Newcomer
from tests.handlers.visits import mailed, mails_to

pytestmark = pytest.mark.asyncio(loop_scope="package")

AVATAR = {"name": "Mia", "age": 27, "personality": "playful"}
A_MINUTE, A_DAY = timedelta(minutes=1, seconds=1), timedelta(days=1, seconds=1)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    headers: Mapping[str, str]


async def post(
    ava: Ava, path: str, body: object, *keys: str, person: Person | None = None
) -> Answer:
    """Ask with *keys* as Idempotency-Key, usually one."""
    headers = CIMultiDict([("Idempotency-Key", key) for key in keys])
    if person:
        headers["Authorization"] = f"Bearer {person.token}"
    async with ava.client.post(path, json=body, headers=headers) as answer:
        kept = {"Content-Type", "Location", "Retry-After"}
        headers_kept = {name: value for name, value in answer.headers.items() if name in kept}
        return Answer(answer.status, await answer.json(content_type=None), headers_kept)


def new_key() -> str:
    return f'"{uuid4()}"'


def credentials(email: str, password: str = "correct horse battery") -> dict[str, str]:
    return {"email": email, "password": password}


async def later(owner: Connection, passed: timedelta) -> None:
    await owner.execute(
        "update idempotency_keys set created_at = created_at - $1::interval", passed
    )


# --- a repeat -----------------------------------------------------------------------------------


async def test_a_repeated_sign_up_gets_the_same_tokens(ava: Ava) -> None:
    key, ada = new_key(), credentials("ada@again.example")

    first = await post(ava, "/auth/signup", ada, key)
    again = await post(ava, "/auth/signup", ada, key)

    assert first.status == 201
    assert again == first


async def test_a_repeated_avatar_is_the_same_avatar(ava: Ava, newcomer: Newcomer) -> None:
    key, ada = new_key(), await newcomer()

    first = await post(ava, "/avatars", AVATAR, key, person=ada)
    again = await post(ava, "/avatars", AVATAR, key, person=ada)

    assert first.status == 201
    assert first.headers["Location"] == "/avatars/me"
    assert again == first


async def test_a_repeated_message_is_said_once(ava: Ava, newcomer: Newcomer) -> None:
    key, ada = new_key(), await newcomer()
    await ada.make_avatar()

    first = await post(ava, "/messages", {"content": "Hello?"}, key, person=ada)
    again = await post(ava, "/messages", {"content": "Hello?"}, key, person=ada)

    assert (first.status, again) == (202, first)
    assert await said(ada) == ["Hello?"]


async def test_without_a_key_a_message_is_said_again(ava: Ava, newcomer: Newcomer) -> None:
    ada = await newcomer()
    await ada.make_avatar()

    for key in ([], [], [new_key()], [new_key()]):
        await post(ava, "/messages", {"content": "Hello?"}, *key, person=ada)

    assert await said(ada) == ["Hello?"] * 4


async def test_of_many_at_once_one_has_an_effect(ava: Ava, newcomer: Newcomer) -> None:
    key, ada = new_key(), await newcomer()
    await ada.make_avatar()
    asked = [post(ava, "/messages", {"content": "Hello?"}, key, person=ada) for _ in range(10)]

    answers = await asyncio.gather(*asked)

    done = [answer for answer in answers if answer.status == 202]
    waiting = [answer for answer in answers if answer.status == 409]
    assert len(done) >= 1
    assert len(done) + len(waiting) == 10
    assert all(answer == done[0] for answer in done)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in waiting)
    assert await said(ada) == ["Hello?"]


async def test_a_refusal_is_an_answer_too(ava: Ava, newcomer: Newcomer) -> None:
    key, ada = new_key(), await newcomer()
    await ada.make_avatar()

    first = await post(ava, "/avatars", AVATAR, key, person=ada)
    await ada.ask("DELETE", "/avatars/me")
    again = await post(ava, "/avatars", AVATAR, key, person=ada)

    assert (first.status, again) == (409, first)
    assert (await ada.ask("GET", "/avatars/me"))[0] == 404


async def said(person: Person) -> list[str]:
    return [line["content"] for line in await person.messages() if line["role"] == "user"]


# --- a key --------------------------------------------------------------------------------------


async def test_a_key_with_another_body_is_refused(ava: Ava, newcomer: Newcomer) -> None:
    key, ada = new_key(), await newcomer()
    await post(ava, "/avatars", AVATAR, key, person=ada)

    other = await post(ava, "/avatars", AVATAR | {"age": 28}, key, person=ada)

    assert other.status == 422
    assert other.body["errors"][0]["field"] == "Idempotency-Key"


async def test_a_key_with_another_password_opens_nothing(ava: Ava) -> None:
    key = new_key()
    await post(ava, "/auth/signup", credentials("ada@guessed.example"), key)

    guess = credentials("ada@guessed.example", "battery horse correct")
    other = await post(ava, "/auth/signup", guess, key)

    assert other.status == 422


async def test_a_key_of_another_call_is_refused(ava: Ava, newcomer: Newcomer) -> None:
    key, ada = new_key(), await newcomer()
    await post(ava, "/avatars", AVATAR, key, person=ada)

    other = await post(ava, "/messages", {"content": "Hello?"}, key, person=ada)

    assert other.status == 422
    assert await said(ada) == []


async def test_the_same_key_of_somebody_else_is_another_key(ava: Ava, newcomer: Newcomer) -> None:
    key, ada, ben = new_key(), await newcomer(), await newcomer()

    adas = await post(ava, "/avatars", AVATAR, key, person=ada)
    bens = await post(ava, "/avatars", AVATAR, key, person=ben)

    assert (adas.status, bens.status) == (201, 201)
    assert adas.body["id"] != bens.body["id"]


async def test_signed_out_the_same_key_for_another_email_is_another_key(ava: Ava) -> None:
    key = new_key()

    ada = await post(ava, "/auth/signup", credentials("ada@same.example"), key)
    ben = await post(ava, "/auth/signup", credentials("ben@same.example"), key)

    assert (ada.status, ben.status) == (201, 201)
    assert ada.body["user_id"] != ben.body["user_id"]


@pytest.mark.parametrize("keys", [[""], ["a key"], ["x" * 256], ["clé"], ["\t"], ["one", "two"]])
async def test_what_cannot_be_a_key_is_refused(ava: Ava, somebody: Person, keys: list[str]) -> None:
    refused = await post(ava, "/avatars", AVATAR, *keys, person=somebody)

    assert refused.status == 400
    assert "Idempotency-Key" in refused.body["detail"]


async def test_a_long_key_of_every_visible_character_is_a_key(ava: Ava, newcomer: Newcomer) -> None:
    key, ada = "".join(chr(code) for code in range(33, 127)).ljust(255, "~"), await newcomer()

    first = await post(ava, "/avatars", AVATAR, key, person=ada)
    again = await post(ava, "/avatars", AVATAR, key, person=ada)

    assert (first.status, again) == (201, first)


async def test_nobody_gets_an_answer_without_signing_in(ava: Ava, newcomer: Newcomer) -> None:
    key, ada = new_key(), await newcomer()
    await post(ava, "/avatars", AVATAR, key, person=ada)

    assert (await post(ava, "/avatars", AVATAR, key)).status == 401


# --- what may go wrong --------------------------------------------------------------------------


async def test_after_a_crash_before_the_answer_a_message_is_still_said_once(
    ava: Ava, newcomer: Newcomer, owner: Connection
) -> None:
    key, ada = new_key(), await newcomer()
    await ada.make_avatar()
    hello = {"content": "Hello?"}
    first = await post(ava, "/messages", hello, key, person=ada)
    await owner.execute("update idempotency_keys set answer = null where user_id = $1", ada.id)

    at_once = await post(ava, "/messages", hello, key, person=ada)
    await later(owner, A_MINUTE)
    taken_over = await post(ava, "/messages", hello, key, person=ada)

    assert at_once.status == 409
    assert int(at_once.headers["Retry-After"]) > 0
    assert taken_over == first
    assert await said(ada) == ["Hello?"]


async def test_after_a_crash_before_the_answer_there_is_still_one_avatar(
    ava: Ava, newcomer: Newcomer, owner: Connection
) -> None:
    key, ada = new_key(), await newcomer()
    await post(ava, "/avatars", AVATAR, key, person=ada)
    await owner.execute("update idempotency_keys set answer = null where user_id = $1", ada.id)

    await later(owner, A_MINUTE)
    taken_over = await post(ava, "/avatars", AVATAR, key, person=ada)

    assert (taken_over.status, taken_over.body["detail"]) == (409, "You have an avatar already.")


async def test_what_failed_may_be_asked_again_at_once(
    ava: Ava, newcomer: Newcomer, owner: Connection
) -> None:
    key, ada = new_key(), await newcomer()
    create = "function create_avatar(text, integer, personality_type, text)"
    await owner.execute(f"revoke execute on {create} from authenticated")
    await owner.execute("alter function create_avatar rename to not_there")
    try:
        failed = await post(ava, "/avatars", AVATAR, key, person=ada)
    finally:
        await owner.execute("alter function not_there rename to create_avatar")
        await owner.execute(f"grant execute on {create} to authenticated")

    again = await post(ava, "/avatars", AVATAR, key, person=ada)

    assert (failed.status, again.status) == (500, 201)


async def test_after_a_day_a_key_is_new(ava: Ava, newcomer: Newcomer, owner: Connection) -> None:
    key, ada = new_key(), await newcomer()
    await post(ava, "/avatars", AVATAR, key, person=ada)

    await later(owner, A_DAY)
    other = await post(ava, "/avatars", AVATAR | {"age": 28}, key, person=ada)

    assert other.status == 409  # asked anew, and she has one


async def test_after_a_day_the_same_message_is_said_again(
    ava: Ava, newcomer: Newcomer, owner: Connection
) -> None:
    key, ada = new_key(), await newcomer()
    await ada.make_avatar()
    await post(ava, "/messages", {"content": "Hello?"}, key, person=ada)

    await later(owner, A_DAY)
    other = await post(ava, "/messages", {"content": "Hello?"}, key, person=ada)

    assert other.status == 202
    assert await said(ada) == ["Hello?"] * 2


async def test_a_message_of_a_call_that_failed_afterwards_is_said_once(
    ava: Ava, newcomer: Newcomer, owner: Connection
) -> None:
    key, ada = new_key(), await newcomer()
    await ada.make_avatar()
    hello = {"content": "Hello?"}
    first = await post(ava, "/messages", hello, key, person=ada)
    gave_up = "update idempotency_keys set answer = null, holder = null where user_id = $1"
    await owner.execute(gave_up, ada.id)

    again = await post(ava, "/messages", hello, key, person=ada)

    assert again == first
    assert await said(ada) == ["Hello?"]


@pytest.mark.parametrize("path", ["/auth/magic-link", "/auth/password/reset"])
async def test_a_repeated_link_is_mailed_once(ava: Ava, newcomer: Newcomer, path: str) -> None:
    key, ada = new_key(), await newcomer()

    first = await post(ava, path, {"email": ada.email}, key)
    again = await post(ava, path, {"email": ada.email}, key)
    await post(ava, path, {"email": ada.email}, new_key())
    await mailed(ava, ada.email, count=2)

    assert (first.status, again) == (202, first)
    assert len(mails_to(ava, ada.email)) == 2


async def test_nothing_of_a_call_can_be_read_in_the_table(ava: Ava, owner: Connection) -> None:
    key = new_key()
    first = await post(ava, "/auth/signup", credentials("ada@sealed.example"), key)

    rows = await owner.fetch("select k::text as row from idempotency_keys k")

    table = "".join(row["row"] for row in rows)
    tokens = [first.body[name] for name in ("access_token", "refresh_token", "user_id")]
    secrets = [key.strip('"'), "ada@sealed", "correct horse", *tokens]
    assert [secret for secret in secrets if secret in table] == []

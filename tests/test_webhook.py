"""What the webhook takes, what it refuses, and what is there afterwards.

One Ava for all of these tests, which answers nobody; each begins with an empty inbox.
"""

import hmac
import json
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from tests.ava import ADA, Ava, at, ava_in
from tests.homes import KINDS, Home, lent

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]

NUMBER_ID = "900100200300"


@pytest.fixture(scope="module", params=KINDS)
def shared_home(request: pytest.FixtureRequest) -> Iterator[Home]:
    with lent(request.param, request) as home:
        yield home


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_ava(shared_home: Home) -> AsyncIterator[Ava]:
    async with ava_in(shared_home, run_worker=False) as ava:
        yield ava


@pytest_asyncio.fixture(loop_scope="module")
async def ava(shared_ava: Ava) -> Ava:
    owner = await asyncpg.connect(shared_ava.home.owner_url)
    await owner.execute("truncate inbox, attention")
    await owner.close()
    return shared_ava


def text(body: str = "Hello.", *, wamid: str = "wamid.1", **more: Any) -> Json:
    return {"from": ADA, "id": wamid, "timestamp": at(0), "type": "text"} | {
        "text": {"body": body},
        **more,
    }


def delivery(*messages: Any, number_id: str = NUMBER_ID, **value: Any) -> Json:
    metadata = {"display_phone_number": "15550001111", "phone_number_id": number_id}
    change = {"messaging_product": "whatsapp", "metadata": metadata, "messages": messages, **value}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": change}]}],
    }


async def deliver(ava: Ava, body: Json | bytes) -> int:
    """Post it, signed, and return the status."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = "sha256=" + hmac.digest(b"the-app-secret", raw, "sha256").hex()
    headers = {"X-Hub-Signature-256": signature}
    async with ava.client.post("/webhook", data=BytesIO(raw), headers=headers) as answer:
        return answer.status


async def inbox(ava: Ava) -> list[tuple[str, str]]:
    """Return (kind, payload) of everything stored, in order."""
    connection = await asyncpg.connect(ava.home.owner_url)
    try:
        rows = await connection.fetch("select kind, payload from inbox order by position, key")
    finally:
        await connection.close()
    return [(row["kind"], row["payload"]) for row in rows]


# --- verification ---------------------------------------------------------------------------


async def test_the_challenge_comes_back_as_text_for_the_right_token(ava: Ava) -> None:
    query = {
        "hub.mode": "subscribe",
        "hub.challenge": "<b>1</b>",
        "hub.verify_token": "the-verify-token",
    }
    async with ava.client.get("/webhook", params=query) as answer:
        body = await answer.text()

    assert (answer.status, answer.content_type, body) == (200, "text/plain", "<b>1</b>")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"hub.mode": "subscribe", "hub.challenge": "1"},
        {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "wrong"},
        {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "wröng\udcff"},
        {"hub.mode": "unsubscribe", "hub.verify_token": "the-verify-token"},
    ],
)
async def test_any_other_challenge_is_refused(ava: Ava, query: dict[str, str]) -> None:
    query = {name: value.encode(errors="replace").decode() for name, value in query.items()}
    async with ava.client.get("/webhook", params=query) as answer:
        assert answer.status == 403


# --- signature ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        "sha256=" + hmac.digest(b"another secret", b"{}", "sha256").hex(),
        "sha256=é",
    ],
)
async def test_what_meta_did_not_sign_is_refused_and_leaves_nothing(
    ava: Ava, signature: str
) -> None:
    status = await ava.simulator.post(json.dumps(delivery(text())).encode(), signature=signature)

    assert status == 401
    assert await inbox(ava) == []


async def test_a_body_changed_on_its_way_is_refused(ava: Ava) -> None:
    body = json.dumps(delivery(text("I owe you 1"))).encode()
    signature = "sha256=" + hmac.digest(b"the-app-secret", body, "sha256").hex()

    status = await ava.simulator.post(body.replace(b"you 1", b"you 9"), signature=signature)

    assert status == 401


# --- what is in it --------------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"", b"hello", b"[1]", b'"text"', b"null", b"\xff\xfe{}"])
async def test_a_signed_body_that_is_no_delivery_is_a_bad_request(ava: Ava, body: bytes) -> None:
    assert await deliver(ava, body) == 400
    assert await inbox(ava) == []


async def test_three_megabytes_are_taken_and_one_byte_more_is_not(ava: Ava) -> None:
    frame = len(json.dumps(delivery(text(""))).encode())
    largest = 3 * 1024 * 1024

    assert await deliver(ava, delivery(text("x" * (largest - frame)))) == 200
    assert await deliver(ava, delivery(text("x" * (largest - frame + 1)))) == 413
    assert len(await inbox(ava)) == 1


async def test_every_entry_change_message_and_status_is_stored(ava: Ava) -> None:
    status = {"id": "wamid.9", "status": "sent", "timestamp": "1790000001", "recipient_id": ADA}
    both = delivery(text(wamid="wamid.1"), text(wamid="wamid.2"), statuses=[status])
    both["entry"].append(delivery(text(wamid="wamid.3"))["entry"][0])
    both["entry"][0]["changes"].append({"field": "account_update", "value": {"event": "X"}})

    assert await deliver(ava, both) == 200
    kinds = sorted(kind for kind, _ in await inbox(ava))
    assert kinds == ["message", "message", "message", "other", "status"]


async def test_a_thousand_updates_are_one_delivery(ava: Ava) -> None:
    everything = delivery(*(text(wamid=f"wamid.{n}") for n in range(1000)))

    assert await deliver(ava, everything) == 200
    assert len(await inbox(ava)) == 1000


async def test_a_message_is_kept_once_in_whatever_company_it_comes(ava: Ava) -> None:
    await deliver(ava, delivery(text(wamid="wamid.1"), text(wamid="wamid.1")))
    await deliver(ava, delivery(text(wamid="wamid.2"), text(wamid="wamid.1")))

    assert len(await inbox(ava)) == 2


async def test_updates_for_another_number_are_ignored(ava: Ava) -> None:
    assert await deliver(ava, delivery(text(), number_id="1")) == 200
    assert await inbox(ava) == []


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        "text",
        [],
        {},
        {"id": 5},
        {"id": "wamid.x"},
        {"id": "a\0b", "from": ADA},
        {"from": ADA},
    ],
)
async def test_one_malformed_item_does_not_sink_the_others(ava: Ava, bad: object) -> None:
    assert await deliver(ava, delivery(bad, text("Good."))) == 200

    stored = await inbox(ava)
    assert [kind for kind, _ in stored].count("message") == 1
    assert len(stored) == 2  # the bad one is kept as it came


@pytest.mark.parametrize(
    "timestamp", ["", "soon", "-1", "9" * 30, "NaN", 1790000001, True, None, [], 1e300]
)
async def test_a_timestamp_of_nonsense_is_no_reason_to_lose_a_message(
    ava: Ava, timestamp: object
) -> None:
    assert await deliver(ava, delivery(text(timestamp=timestamp))) == 200
    assert [kind for kind, _ in await inbox(ava)] == ["message"]


async def test_the_line_about_a_delivery_says_what_it_held_and_how_long_each_step_took(
    ava: Ava,
) -> None:
    with capture_logs() as lines:
        await deliver(ava, delivery(text(), {"id": "wamid.2", "type": "strange"}))

    (line,) = [line for line in lines if line["event"] == "delivery.stored"]
    assert (line["updates"], line["new"]) == (2, 2)
    assert list(line["milliseconds"]) == ["read", "verify", "parse", "store"]


async def test_what_failed_after_it_was_sent_is_counted_once_by_its_code(ava: Ava) -> None:
    def status(wamid: str, reached: str, *codes: int) -> Json:
        about = {"id": wamid, "status": reached, "timestamp": at(0), "recipient_id": ADA}
        return about | {"errors": [{"code": code} for code in codes]}

    reports = [status("1", "failed", 131026), status("2", "failed", 131026), status("3", "sent")]

    for _ in range(2):
        await deliver(ava, delivery(statuses=[*reports, status("4", "failed")]))

    async with ava.client.get("/metrics") as answer:
        counted = set((await answer.text()).splitlines())
    assert {
        'ava_sends_total{code="131026",outcome="failed"} 2.0',
        'ava_sends_total{code="",outcome="failed"} 1.0',
    } <= counted


async def test_a_refused_delivery_is_one_line_in_the_log(
    ava: Ava, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()

    await ava.simulator.post(b"{}", signature="sha256=00")

    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"entry":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"entry":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}",
        b'{"entry": ' + b"9" * 5000 + b"}",
        b'{"entry": [{"changes": NaN}]}',
        b'{"object": "page", "entry": []}',
        b"{}",
    ],
    ids=["nested 100,000", "nested 900", "5,000 digits", "NaN", "another object", "empty"],
)
async def test_what_cannot_be_understood_is_kept_and_acknowledged(ava: Ava, body: bytes) -> None:
    assert await deliver(ava, body) == 200
    assert [kind for kind, _ in await inbox(ava)] == ["other"]


async def test_a_delivery_that_could_not_be_stored_is_asked_for_again(ava: Ava) -> None:
    await ava.home.shut()

    with capture_logs() as lines:
        assert await deliver(ava, delivery(text())) == 503

    await ava.home.open()
    (line,) = [line for line in lines if line["event"].startswith("delivery.")]
    assert (line["event"], line["updates"]) == ("delivery.failed", 1)
    assert line["reason"].startswith("Store")
    assert list(line["milliseconds"]) == ["read", "verify", "parse", "store"]

    assert await deliver(ava, delivery(text())) == 200
    assert await deliver(ava, delivery(text())) == 200
    assert len(await inbox(ava)) == 1

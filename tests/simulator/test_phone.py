"""The phone in the browser, seen from its page."""

import json
import re
from pathlib import Path

import aiohttp
import pytest

import bot.simulator
from tests.simulator.desk import ADA, Desk, Json

PAGE = Path(bot.simulator.__file__).parent / "page"


async def test_the_page_allows_itself_nothing_but_the_simulator_and_ava(desk: Desk) -> None:
    async with desk.client.get(desk.url) as answer:
        page = await answer.text()
        policy = answer.headers["Content-Security-Policy"]

    assert "default-src 'self'; connect-src 'self' http://localhost:8080" in policy
    assert page.startswith("<!doctype html>")


async def test_everything_the_page_asks_for_is_there(desk: Desk) -> None:
    sources = "".join(path.read_text() for path in PAGE.iterdir())
    modules = {f"/page/{name}" for name in re.findall(r'from "\./([\w.]+)"', sources)}
    for path in {*re.findall(r'(?:src|href)="(/page/[^"]+)"', sources), *modules}:
        async with desk.client.get(desk.url + path) as answer:
            assert answer.status == 200, path


def test_the_page_needs_nothing_from_elsewhere_and_parses_no_html() -> None:
    for path in PAGE.iterdir():
        source = path.read_text()
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|eval\(", source), path
        assert not re.search(r'(?:src|href|url\(|import)[=\s"\'(]+https?:', source), path


async def test_a_phone_is_added_and_shown(desk: Desk) -> None:
    status, person = await desk.post(
        "/phone/people", {"name": " Ada ", "number": "+31 (6) 0000-0001"}
    )
    _, overview = await desk.get("/phone")

    assert status == 201
    assert (person["name"], person["wa_id"], person["chat"]) == ("Ada", ADA, ADA)
    assert overview["people"] == [person]
    assert overview["business"]["number"] == "15550001111"
    assert overview["scripted"] is False


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"name": "Ada", "number": "12"}, "number"),
        ({"name": "Ada", "number": "0600000001"}, "number"),
        ({"name": "Ada", "number": 31600000001}, "number"),
        ({"name": " ", "number": ADA}, "name"),
        ({"name": None, "number": ADA}, "name"),
    ],
)
async def test_a_wrong_phone_is_refused_at_its_field(desk: Desk, wish: Json, field: str) -> None:
    status, problem = await desk.post("/phone/people", wish)

    assert (status, problem["errors"][0]["field"]) == (422, field)


async def test_what_is_typed_reaches_the_bot_with_its_quote(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    quoted = await desk.reply("hello")
    status, _ = await desk.post(
        f"/phone/chats/{ADA}/messages", {"text": " \ud83d well ", "quoted": quoted}
    )
    await desk.simulator.until_quiet()

    (answer,) = [m for v in desk.bot.values() for m in v.get("messages", []) if "context" in m]
    assert status == 201
    assert answer["text"]["body"] == "? well"
    assert answer["context"] == {"from": "15550001111", "id": quoted}


async def test_a_chat_shows_both_sides_with_their_ticks(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    quoted = await desk.reply("hello")
    reaction = {"message_id": quoted, "emoji": "❤️"}
    await desk.graph(
        {
            "messaging_product": "whatsapp",
            "to": ADA,
            "type": "reaction",
            "reaction": reaction,
        }
    )
    await desk.simulator.until_quiet()
    _, chat = await desk.get(f"/phone/chats/{ADA}")

    shown = [(m["mine"], m["text"], m["status"], m["on"]) for m in chat["messages"]]
    assert shown == [
        (True, "hi", "delivered", None),
        (False, "hello", "delivered", None),
        (False, "❤️", "sent", quoted),
    ]


async def test_a_picture_from_the_page_is_an_image_for_the_bot(desk: Desk) -> None:
    await desk.post("/phone/people", {"name": "Ada", "number": ADA})
    await desk.client.post(
        f"{desk.url}/phone/chats/{ADA}/files?name=me.png&caption=me",
        data=b"\x89PNG",
        headers={"Content-Type": "image/png"},
    )
    await desk.simulator.until_quiet()
    (value,) = desk.bot.values()
    image = value["messages"][0]["image"]

    assert (image["caption"], image["mime_type"]) == ("me", "image/png")
    async with desk.client.get(f"{desk.url}/phone/files/{image['id']}") as answer:
        assert await answer.read() == b"\x89PNG"
        assert answer.headers["Content-Security-Policy"] == "sandbox"


async def test_the_page_hears_what_happens_and_counts_as_looking(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    await desk.reply("unseen yet")
    async with desk.client.get(f"{desk.url}/phone/events?chat={ADA}") as events:
        await events.content.readuntil(b"\n\n")
        await desk.simulator.until(lambda: desk.simulator.replies(ADA)[0].status == "read")
        await desk.simulator.until_quiet()
        heard = await _next_event(events)

    assert heard == {"kind": "chat", "chat": ADA}


async def test_a_closed_page_no_longer_reads(desk: Desk) -> None:
    async with desk.client.get(f"{desk.url}/phone/events?chat={ADA}") as events:
        await events.content.readuntil(b"\n\n")
    events.close()
    await desk.simulator.say(ADA, "hi")  # whatever happens next shows the page has gone
    await desk.simulator.until_quiet()
    await desk.reply("unseen")

    assert desk.simulator.replies(ADA)[0].status == "delivered"


async def test_wa_me_leads_to_the_page_with_the_text(desk: Desk) -> None:
    link = f"{desk.url}/wa.me/15550001111?text=AVA-7K3M9Q%20%26"
    async with desk.client.get(link, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, "/?text=AVA-7K3M9Q+%26")


async def test_nobody_s_chat_is_not_there(desk: Desk) -> None:
    async with desk.client.get(f"{desk.url}/phone/chats/31699999999") as answer:
        assert answer.status == 404


async def _next_event(events: aiohttp.ClientResponse) -> Json:
    line = await events.content.readuntil(b"\n\n")
    event: Json = json.loads(line.removeprefix(b"data: "))
    return event

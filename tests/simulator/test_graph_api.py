"""What the bot gets from the Graph API, and what becomes of its messages."""

import time

import aiohttp
import pytest

from tests.simulator.desk import ADA, BOB, NUMBER_ID, TOKEN, Desk, Json, text_message


async def test_a_text_is_accepted_and_reaches_the_phone(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    status, answer = await desk.graph(text_message("hello", biz_opaque_callback_data="out-1"))
    (reply,) = await desk.simulator.until_replies(ADA, 1)

    assert status == 200
    assert answer == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": f"+{ADA}", "wa_id": ADA}],
        "messages": [{"id": reply.wamid}],
    }
    assert (reply.text, reply.callback_data) == ("hello", "out-1")
    assert reply.wamid.startswith("wamid.")
    assert desk.simulator.received == [text_message("hello", biz_opaque_callback_data="out-1")]


async def test_statuses_echo_the_callback_data_and_the_recipient(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    wamid = await desk.reply("hello", biz_opaque_callback_data="out-1")
    await desk.simulator.until_quiet()

    statuses = [value for value in desk.bot.values() if "statuses" in value]
    assert sorted(desk.bot.told) == ["delivered", "sent"]
    for value in statuses:
        (item,) = value["statuses"]
        assert item["id"] == wamid
        assert item["biz_opaque_callback_data"] == "out-1"
        assert item["recipient_id"] == ADA
        assert item["pricing"]["category"] == "service"
        assert value["contacts"][0]["wa_id"] == ADA


async def test_read_comes_only_when_the_person_looks(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    await desk.reply("unseen")
    await desk.simulator.until_quiet()
    before = sorted(desk.bot.told)
    desk.simulator.open_chat(ADA)
    await desk.reply("seen")
    await desk.simulator.until_quiet()

    assert before == ["delivered", "sent"]
    assert sorted(desk.bot.told) == ["delivered", "delivered", "read", "read", "sent", "sent"]
    assert [reply.status for reply in desk.simulator.replies(ADA)] == ["read", "read"]


async def test_a_phone_without_network_gets_its_messages_later(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    desk.simulator.switch_off(ADA)
    await desk.reply("are you there?")
    await desk.simulator.until_quiet()
    before = list(desk.bot.told)
    desk.simulator.switch_on(ADA)
    await desk.simulator.until_quiet()

    assert before == ["sent"]
    assert desk.bot.told == ["sent", "delivered"]


async def test_a_number_nobody_has_is_accepted_and_fails_later_without_contacts(
    desk: Desk,
) -> None:
    wamid = await desk.reply("hello?", to=f"+{BOB}")
    await desk.simulator.until_quiet()

    (value,) = desk.bot.values()
    (item,) = value["statuses"]
    assert "contacts" not in value
    assert (item["id"], item["status"], item["recipient_id"]) == (wamid, "failed", BOB)
    assert item["errors"][0]["code"] == 131026
    assert desk.simulator.replies(BOB) == []


async def test_somebody_without_a_number_is_reached_by_bsuid(desk: Desk) -> None:
    await desk.simulator.send(None, {"type": "text", "text": {"body": "hi"}}, bsuid="NL.77")
    body = text_message("hello")
    del body["to"]
    _, answer = await desk.graph({**body, "recipient": "NL.77"})
    await desk.simulator.until_quiet()

    (reply,) = desk.simulator.replies("NL.77")
    statuses = [value["statuses"][0] for value in desk.bot.values() if "statuses" in value]
    assert answer["contacts"] == [{"input": "NL.77", "user_id": "NL.77"}]
    assert reply.text == "hello"
    assert all("recipient_id" not in item for item in statuses)
    assert {item["recipient_user_id"] for item in statuses} == {"NL.77"}


@pytest.mark.parametrize(
    ("theirs", "dialled"),
    [
        ("551187654321", "5511987654321"),
        ("5511987654321", "551187654321"),
        ("5215512345678", "525512345678"),
        ("541112345678", "5491112345678"),
    ],
)
async def test_national_spellings_reach_the_same_phone(
    desk: Desk, theirs: str, dialled: str
) -> None:
    await desk.simulator.say(theirs, "oi")
    _, answer = await desk.graph(text_message("olá", to=f"+{dialled}"))

    assert answer["contacts"] == [{"input": f"+{dialled}", "wa_id": theirs}]
    assert [reply.text for reply in desk.simulator.replies(theirs)] == ["olá"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"messaging_product": None}, 100),
        ({"to": None}, 100),
        ({"type": "hologram"}, 100),
        ({"text": None}, 131008),
        ({"text": {"body": " "}}, 100),
        ({"text": {"body": "x" * 4097}}, 100),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
        ({"to": "15550001111"}, 131021),
        ({"type": "image", "image": {}}, 131008),
        ({"type": "image", "image": {"id": "1", "caption": "x" * 1025}}, 100),
        ({"type": "interactive", "interactive": {"action": {"buttons": [{}] * 4}}}, 131009),
        ({"type": "interactive", "interactive": {"action": {"buttons": [{}]}}}, 131009),
        ({"type": "reaction", "reaction": {"emoji": "👍"}}, 131008),
        ({"type": "template", "template": {"name": "hello"}}, 131008),
    ],
)
async def test_a_malformed_message_is_refused(desk: Desk, change: Json, code: int) -> None:
    status, answer = await desk.graph({**text_message("hello"), **change})

    assert (status, answer["error"]["code"]) == (400, code)
    assert answer["error"].keys() >= {"message", "type", "fbtrace_id"}


async def test_a_text_of_4096_characters_fits(desk: Desk) -> None:
    status, _ = await desk.graph(text_message("x" * 4096))

    assert status == 200


async def test_a_wrong_token_is_code_190_and_leaves_no_trace(desk: Desk) -> None:
    status, answer = await desk.graph(text_message("hello"), token="expired")

    assert (status, answer["error"]["code"]) == (401, 190)
    assert desk.simulator.received == []


async def test_another_number_than_ours_does_not_exist(desk: Desk) -> None:
    async with desk.client.post(
        f"{desk.url}/v25.0/1234/messages", json={}, headers={"Authorization": f"Bearer {TOKEN}"}
    ) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, 100)


async def test_reading_marks_everything_up_to_the_message_and_shows_typing(desk: Desk) -> None:
    await desk.simulator.say(ADA, "one")
    second = await desk.simulator.say(ADA, "two")
    await desk.simulator.say(ADA, "three")
    await desk.simulator.until_quiet()
    answer = await desk.graph(_read(second, typing_indicator={"type": "text"}))

    _, chat = await desk.get(f"/phone/chats/{ADA}")
    assert answer == (200, {"success": True})
    assert [m.status for m in desk.simulator.messages(ADA)] == ["read", "read", "delivered"]
    assert 24 < chat["typing_seconds"] <= 25


async def test_an_answer_ends_the_typing(desk: Desk) -> None:
    wamid = await desk.simulator.say(ADA, "one")
    await desk.graph(_read(wamid, typing_indicator={"type": "text"}))
    await desk.reply("done")

    _, chat = await desk.get(f"/phone/chats/{ADA}")
    assert chat["typing_seconds"] == 0


async def test_reading_an_unknown_own_or_stale_message_is_refused(desk: Desk) -> None:
    month_ago = str(int(time.time()) - 31 * 86_400)
    stale = await desk.simulator.say(ADA, "old", timestamp=month_ago)
    own = await desk.reply("mine")

    for wamid in ("wamid.UNKNOWN", own, stale):
        status, answer = await desk.graph(_read(wamid))
        assert (status, answer["error"]["code"]) == (400, 131009)


async def test_any_answer_can_be_planned(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    desk.simulator.faults.answer(131016, times=2)
    desk.simulator.faults.answer(4, http_status=429)
    answers = [await desk.graph(text_message("try")) for _ in range(4)]

    codes = [(status, answer.get("error", {}).get("code")) for status, answer in answers]
    assert codes == [(503, 131016), (503, 131016), (429, 4), (200, None)]
    assert len(desk.simulator.replies(ADA)) == 1


async def test_an_answer_need_not_be_json(desk: Desk) -> None:
    desk.simulator.faults.answer(1, http_status=502, raw=b"<html>Bad Gateway")

    with pytest.raises(aiohttp.ContentTypeError):
        await desk.graph(text_message("try"))


@pytest.mark.parametrize(("moment", "arrived"), [("before", 0), ("after", 1)])
async def test_the_connection_breaks_before_or_after_accepting(
    desk: Desk, moment: str, arrived: int
) -> None:
    await desk.simulator.say(ADA, "hi")
    await desk.post("/controls", {"drop": {"moment": moment}})
    with pytest.raises(aiohttp.ClientConnectionError):
        await desk.graph(text_message("hello"))

    assert len(desk.simulator.replies(ADA)) == arrived


async def test_a_planned_failure_is_reported_after_acceptance(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    desk.simulator.faults.fail(131049)
    await desk.reply("hello")
    await desk.simulator.until_quiet()

    assert desk.bot.told == ["failed"]
    assert desk.simulator.replies(ADA) == []


async def test_held_statuses_leave_when_they_are_released(desk: Desk) -> None:
    await desk.simulator.say(ADA, "hi")
    desk.simulator.faults.hold_statuses = True
    await desk.reply("hello")
    await desk.simulator.until_quiet()
    before = list(desk.bot.told)
    desk.simulator.faults.hold_statuses = False
    await desk.simulator.until_quiet()

    assert before == []
    assert sorted(desk.bot.told) == ["delivered", "sent"]


async def test_the_window_closes_after_24_hours(desk: Desk) -> None:
    desk.simulator.faults.window_hours = 24
    await desk.simulator.say(ADA, "hi", timestamp=str(int(time.time()) - 86_401))
    _, refused = await desk.graph(text_message("too late"))
    template = {"name": "hello", "language": {"code": "en"}}
    _, allowed = await desk.graph({**text_message(""), "type": "template", "template": template})

    assert refused["error"]["code"] == 131047
    assert allowed["messages"]


async def test_the_pair_rate_allows_a_burst_of_45(desk: Desk) -> None:
    desk.simulator.faults.pair_rate = True
    await desk.simulator.say(ADA, "hi")
    answers = [await desk.graph(text_message(str(number))) for number in range(46)]

    assert [status for status, _ in answers] == [200] * 45 + [400]
    assert answers[-1][1]["error"]["code"] == 131056


async def test_a_test_number_sends_to_its_allow_list_only(desk: Desk) -> None:
    desk.simulator.faults.allow_list = frozenset({BOB})
    _, answer = await desk.graph(text_message("hello"))

    assert answer["error"]["code"] == 131030


async def test_a_person_s_picture_can_be_downloaded_with_the_token_only(desk: Desk) -> None:
    await desk.simulator.send_file(ADA, b"\xff\xd8jpeg", "image/jpeg", caption="me")
    await desk.simulator.until_quiet()
    (value,) = desk.bot.values()
    _, found = await desk.get(f"/v25.0/{value['messages'][0]['image']['id']}")

    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with desk.client.get(found["url"], headers=headers) as answer:
        assert (answer.content_type, await answer.read()) == ("image/jpeg", b"\xff\xd8jpeg")
    async with desk.client.get(found["url"]) as answer:
        assert answer.status == 401
    async with desk.client.get(found["url"] + "0", headers=headers) as answer:
        assert answer.status == 404


async def test_the_bot_uploads_a_file_and_sends_it(desk: Desk) -> None:
    await desk.simulator.say(ADA, "send me something")
    form = aiohttp.FormData({"messaging_product": "whatsapp"})
    form.add_field("file", b"OggS", filename="note.ogg", content_type="audio/ogg")
    async with desk.client.post(
        f"{desk.url}/v25.0/{NUMBER_ID}/media",
        data=form,
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as answer:
        file_id = (await answer.json())["id"]
    await desk.graph({**text_message(""), "type": "audio", "audio": {"id": file_id}})

    (reply,) = desk.simulator.replies(ADA)
    _, found = await desk.get(f"/v25.0/{file_id}")
    assert (reply.type, found["mime_type"], found["file_size"]) == ("audio", "audio/ogg", 4)


async def test_the_number_tells_the_asked_facts(desk: Desk) -> None:
    status, answer = await desk.get(f"/v25.0/{NUMBER_ID}?fields=display_phone_number")

    assert status == 200
    assert answer == {"display_phone_number": "+15550001111", "id": NUMBER_ID}


def _read(wamid: str, **more: object) -> Json:
    return {"messaging_product": "whatsapp", "status": "read", "message_id": wamid, **more}

"""What reaches the webhook, however the weather is."""

import json

import pytest

from tests.simulator.desk import ADA, NUMBER_ID, Desk


async def test_a_text_arrives_signed_and_in_metas_shape(desk: Desk) -> None:
    wamid = await desk.simulator.say(ADA, "hé 👋 / @you")
    await desk.simulator.until_quiet()

    (delivery,) = desk.bot.deliveries
    (entry,) = delivery["entry"]
    (change,) = entry["changes"]
    (message,) = change["value"]["messages"]
    (contact,) = change["value"]["contacts"]
    assert delivery["object"] == "whatsapp_business_account"
    assert change["field"] == "messages"
    assert change["value"]["metadata"] == {
        "display_phone_number": "15550001111",
        "phone_number_id": NUMBER_ID,
    }
    assert (message["from"], message["id"], message["type"]) == (ADA, wamid, "text")
    assert message["text"] == {"body": "hé 👋 / @you"}
    assert message["timestamp"].isdigit()
    assert message["from_user_id"].startswith("NL.")
    assert contact["wa_id"] == ADA
    assert contact["user_id"] == message["from_user_id"]
    assert contact["profile"]["name"]


async def test_somebody_who_hides_the_number_is_known_by_the_bsuid_alone(desk: Desk) -> None:
    await desk.simulator.send(None, {"type": "text", "text": {"body": "psst"}}, bsuid="NL.77")
    await desk.simulator.until_quiet()

    (value,) = desk.bot.values()
    assert "from" not in value["messages"][0]
    assert value["messages"][0]["from_user_id"] == "NL.77"
    assert "wa_id" not in value["contacts"][0]


async def test_a_known_person_can_hide_the_number_and_stays_the_same_person(desk: Desk) -> None:
    hello = {"type": "text", "text": {"body": "it is me"}}
    await desk.simulator.send(ADA, hello, bsuid="NL.77")
    await desk.simulator.send(None, hello, bsuid="NL.77")
    await desk.simulator.until_quiet()

    messages = [message for value in desk.bot.values() for message in value["messages"]]
    assert sorted("from" in message for message in messages) == [False, True]
    assert len(desk.simulator.messages(f"+{ADA}")) == 2


async def test_a_number_that_moved_to_somebody_else_is_theirs(desk: Desk) -> None:
    hello = {"type": "text", "text": {"body": "new here"}}
    await desk.simulator.send(ADA, hello, bsuid="NL.77")
    await desk.simulator.send(ADA, hello, bsuid="NL.88")
    await desk.simulator.until_quiet()

    assert {value["contacts"][0]["user_id"] for value in desk.bot.values()} == {"NL.77", "NL.88"}


async def test_what_a_test_writes_into_an_item_is_sent_as_it_is(desk: Desk) -> None:
    item = {"type": "hologram", "hologram": {"x": 1}, "timestamp": "nonsense", "id": "wamid.X"}
    await desk.simulator.send(ADA, item, contact={"wa_id": ADA})
    await desk.simulator.until_quiet()

    (value,) = desk.bot.values()
    assert value["messages"][0].items() >= item.items()
    assert value["contacts"] == [{"wa_id": ADA}]


async def test_a_system_message_comes_without_contacts(desk: Desk) -> None:
    system = {"type": "user_changed_number", "body": "…", "wa_id": "31600000002"}
    await desk.simulator.send(ADA, {"type": "system", "system": system})
    await desk.simulator.until_quiet()

    (value,) = desk.bot.values()
    assert "contacts" not in value


async def test_a_delivery_is_repeated_with_the_same_bytes_until_200(desk: Desk) -> None:
    desk.bot.statuses += [503, 404, 204]
    await desk.simulator.say(ADA, "are you there?")
    await desk.simulator.until_quiet()

    assert len(desk.bot.bodies) == 4
    assert len(set(desk.bot.bodies)) == 1


async def test_the_ticks_of_a_person_follow_the_acknowledgement(desk: Desk) -> None:
    desk.bot.let_go.clear()
    await desk.simulator.say(ADA, "hello")
    (before,) = desk.simulator.messages(ADA)
    desk.bot.let_go.set()
    await desk.simulator.until_quiet()

    (after,) = desk.simulator.messages(ADA)
    assert (before.status, after.status) == ("sent", "delivered")


async def test_deliveries_are_attempted_concurrently_but_not_without_bound(desk: Desk) -> None:
    desk.bot.let_go.clear()
    for number in range(100):
        await desk.simulator.say(ADA, str(number))
    await desk.bot.crowded.wait()
    desk.bot.let_go.set()
    await desk.simulator.until_quiet()

    assert desk.bot.most_at_once == 32
    assert sorted(desk.bot.heard, key=int) == [str(number) for number in range(100)]


async def test_duplicates_are_whole_deliveries(desk: Desk) -> None:
    desk.simulator.faults.duplicate = 2
    await desk.simulator.say(ADA, "once")
    await desk.simulator.until_quiet()

    assert desk.bot.heard == ["once"] * 3


async def test_a_batch_packs_neighbours_into_one_delivery(desk: Desk) -> None:
    desk.simulator.faults.batch = 4
    for text in ("one", "two", "three"):
        await desk.simulator.say(ADA, text)
    await desk.simulator.notify("user_id_update", {"user_id_update": []})
    await desk.simulator.until_quiet()

    (delivery,) = desk.bot.deliveries
    messages, other = delivery["entry"][0]["changes"]
    assert desk.bot.heard == ["one", "two", "three"]
    assert len(messages["value"]["contacts"]) == 1
    assert other == {"field": "user_id_update", "value": {"user_id_update": []}}


async def test_a_batch_that_does_not_fill_leaves_after_a_while(desk: Desk) -> None:
    desk.simulator.faults.batch = 1000
    desk.simulator.faults.linger_seconds = 0.01
    await desk.simulator.say(ADA, "alone")
    await desk.simulator.until_quiet()

    assert desk.bot.heard == ["alone"]


async def test_shuffled_messages_arrive_in_another_order(desk: Desk) -> None:
    desk.simulator.faults.shuffle = True
    desk.simulator.faults.batch = 5
    for text in "abcde":
        await desk.simulator.say(ADA, text)
    await desk.simulator.until_quiet()

    assert sorted(desk.bot.heard) == list("abcde")
    assert desk.bot.heard != list("abcde")


async def test_a_raw_post_is_signed_unless_told_otherwise(desk: Desk) -> None:
    body = json.dumps({"object": "x", "entry": []}).encode()

    assert await desk.simulator.post(body) == 200
    assert await desk.simulator.post(body, signature="sha256=ünsigned") == 401
    assert await desk.simulator.post(body, signature="") == 401


async def test_the_webhook_is_verified_by_its_token(desk: Desk) -> None:
    assert await desk.simulator.verify_webhook()
    assert not await desk.simulator.verify_webhook("another token")


async def test_a_wait_that_is_too_long_says_what_is_missing(desk: Desk) -> None:
    with pytest.raises(TimeoutError, match="0 of 1 replies"):
        await desk.simulator.until_replies(ADA, 1, timeout=0.01)

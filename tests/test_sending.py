"""Replies on their way out, when Meta is slow, wrong or gone."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg

from bot.simulator import SentMessage
from tests.ava import ADA, AT_ONCE, BEN, Ava, at, ava_in, eventually
from tests.homes import Home, in_one_home


def report(sent: SentMessage, status: str, *, wamid: str | None = None) -> dict[str, Any]:
    return {
        "id": wamid or sent.wamid,
        "status": status,
        "timestamp": "1790000001",
        "recipient_id": ADA,
        "biz_opaque_callback_data": sent.callback_data,
    }


def statuses(*reports: dict[str, Any]) -> bytes:
    value = {"messaging_product": "whatsapp", "statuses": reports}
    change = {"field": "messages", "value": value}
    delivery = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    return json.dumps(delivery).encode()


async def asked_about(ava: Ava, text: str) -> bool:
    return any(text in messages[-1]["content"] for messages in ava.model.asked)


@in_one_home
async def test_a_refusal_that_passes_is_tried_again_and_sent_once(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.answer(131000)

    await ava.simulator.say(ADA, "Hello.")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]
    assert len(ava.model.asked) == 1  # the reply is not composed and paid for twice


@in_one_home
async def test_an_answer_in_html_with_an_error_status_is_no_reason_to_send_twice(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.answer(1, http_status=502, raw=b"<html>Bad gateway</html>")

    await ava.simulator.say(ADA, "Hello.")
    await ava.simulator.until(lambda: ava.simulator.faults.planned == 0)
    await ava.simulator.until_quiet()
    assert len(ava.simulator.replies(ADA)) == 1
    await ava.simulator.say(ADA, "And?")  # so that statuses would have come as well

    assert (await ava.heard(ADA, 3))[1:] == ["You said: Hello.", "You said: And?"]


@in_one_home
async def test_a_reply_whose_answer_got_lost_is_settled_by_its_status(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.drop("after")

    await ava.simulator.say(ADA, "Hello.")
    await ava.heard(ADA, 2)
    await ava.simulator.until_quiet()
    await ava.simulator.say(ADA, "And?")

    assert (await ava.heard(ADA, 3))[1:] == ["You said: Hello.", "You said: And?"]
    assert [line["status"] for line in await person.messages()][1] == "delivered"


@in_one_home
async def test_a_request_that_never_arrived_is_repeated_when_no_status_came(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.drop("before")

    await ava.simulator.say(ADA, "Hello.")
    await ava.simulator.until(lambda: ava.simulator.faults.planned == 0)
    assert len(ava.simulator.replies(ADA)) == 1
    await ava.simulator.say(ADA, "And?")

    assert (await ava.heard(ADA, 3))[1:] == ["You said: Hello.", "You said: And?"]


@in_one_home
async def test_what_meta_will_never_send_is_marked_as_failed_and_the_chat_goes_on(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.answer(131026)

    await ava.simulator.say(ADA, "Hello.")
    await ava.simulator.until(lambda: ava.simulator.faults.planned == 0)
    await ava.simulator.say(ADA, "And?")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: And?"]
    assert [line["status"] for line in await person.messages()][1] == "failed"


@in_one_home
async def test_no_part_of_a_long_reply_is_sent_behind_one_that_failed(ava: Ava) -> None:
    await ava.acquainted()
    ava.model.answers.append("This is a sentence. " * 300)
    ava.simulator.faults.answer(131026)

    await ava.simulator.say(ADA, "Tell me a story.")
    await ava.simulator.until(lambda: ava.simulator.faults.planned == 0)
    await ava.simulator.say(ADA, "And?")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: And?"]


@in_one_home
async def test_a_read_receipt_that_is_refused_stops_nothing(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.answer(131009, kind="read")

    await ava.simulator.say(ADA, "Hello.")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]


@in_one_home
async def test_statuses_in_any_order_leave_the_furthest(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.open_chat(ADA)
    ava.simulator.faults.shuffle = True
    ava.simulator.faults.duplicate = 2

    await ava.simulator.say(ADA, "Hello.")

    await ava.heard(ADA, 2)
    await ava.simulator.until_quiet()
    assert (await person.messages())[-1]["status"] == "read"


@in_one_home
async def test_delivered_and_failed_in_one_delivery_is_delivered(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.hold_statuses = True
    await ava.simulator.say(ADA, "Hello.")
    (sent,) = (await ava.simulator.until_replies(ADA, 2))[1:]

    await ava.simulator.post(statuses(report(sent, "failed"), report(sent, "delivered")))

    assert [line["status"] for line in await person.messages()] == [None, "delivered"]


@in_one_home
async def test_two_reports_that_cannot_both_be_true_stop_no_delivery(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.hold_statuses = True
    for text, count in ("One.", 2), ("Two.", 3):
        await ava.simulator.say(ADA, text)
        await ava.simulator.until_replies(ADA, count)
    first, second = ava.simulator.replies(ADA)[1:]

    assert (
        await ava.simulator.post(
            statuses(
                report(first, "read", wamid="wamid.same"),
                report(second, "sent", wamid="wamid.same"),
            )
        )
        == 200
    )


async def test_a_status_that_woke_nobody_is_found_all_the_same(home: Home) -> None:
    patient = replace(AT_ONCE, outcome=timedelta(seconds=36))
    async with ava_in(home, pace=patient) as ava:
        await ava.acquainted()
        ava.simulator.faults.hold_statuses = True
        ava.simulator.faults.drop("after")
        await ava.simulator.say(ADA, "Hello.")
        await ava.simulator.until_replies(ADA, 2)
        owner = await asyncpg.connect(home.owner_url)

        doubted = "select exists (select from outbox where doubted_at is not null)"
        await eventually(lambda: owner.fetchval(doubted))
        await owner.execute(
            "update outbox set status = 'sent', wamid = 'w' where status = 'sending'"
        )
        await ava.simulator.say(ADA, "And?")

        assert (await ava.heard(ADA, 3))[1:] == ["You said: Hello.", "You said: And?"]
        await owner.close()


# --- what each refusal asks for -----------------------------------------------------------------

_PROBE = "update whatsapp_numbers set probe_at = clock_timestamp() where stopped_code is not null"
_NOW = "update attention set due_at = clock_timestamp()"
_STOPPED = "select exists (select from whatsapp_numbers where stopped_code = $1)"
_HELD = "select exists (select from outbox where status = 'queued' and error_code = $1)"
_NOBODY_WAITS = "select not exists (select from attention)"


@in_one_home
async def test_what_an_operator_must_cure_loses_nothing_and_everybody_is_answered_then(
    ava: Ava,
) -> None:
    await ava.acquainted("ada@example.com", ADA)
    await ava.acquainted("ben@example.com", BEN)
    ava.simulator.faults.answer(190)
    await ava.simulator.say(ADA, "Hello.")
    await eventually(lambda: ava.home.look(_STOPPED, 190))

    await ava.simulator.say(BEN, "Anybody?")
    await ava.simulator.until_quiet()
    silent = len(ava.simulator.replies(BEN))
    await ava.home.look(_PROBE)
    await ava.home.look(_NOW)

    assert silent == 1
    assert (await ava.heard(ADA, 2))[1] == "You said: Hello."
    assert (await ava.heard(BEN, 2))[1] == "You said: Anybody?"


@in_one_home
async def test_a_window_that_meta_calls_closed_holds_the_reply_until_they_write(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.answer(131047)
    await ava.simulator.say(ADA, "Hello.")
    await eventually(lambda: ava.home.look(_HELD, 131047))
    await eventually(lambda: ava.home.look(_NOBODY_WAITS))

    await ava.simulator.say(ADA, "And?")

    assert (await ava.heard(ADA, 3))[1:] == ["You said: Hello.", "You said: And?"]


@in_one_home
async def test_outside_the_window_nothing_is_composed_and_all_of_it_is_answered_at_once_later(
    ava: Ava,
) -> None:
    await ava.acquainted()
    await ava.home.look("update user_preferences set linked_at = now() - interval '3 days'")
    await ava.home.look("update whatsapp_chats set last_heard_at = now() - interval '3 days'")
    await ava.simulator.say(ADA, "Yesterday.", timestamp=at(-25 * 3600))
    await eventually(lambda: ava.home.look(_NOBODY_WAITS))
    composed = len(ava.model.asked)

    await ava.simulator.say(ADA, "Today.")

    assert composed == 0
    assert (await ava.heard(ADA, 2))[1].endswith("\n\nYou said: Yesterday.\nToday.")


@asynccontextmanager
async def with_a_template(home: Home) -> AsyncIterator[Ava]:
    async with ava_in(home) as ava:
        await ava.stop()
        ava.settings = ava.settings.model_copy(update={"whatsapp_template": "reply_waiting:en_US"})
        await ava.start()
        await ava.acquainted()
        yield ava


@in_one_home
async def test_a_closed_window_is_opened_by_a_template_where_there_is_one(home: Home) -> None:
    async with with_a_template(home) as ava:
        ava.simulator.faults.answer(131047)

        await ava.simulator.say(ADA, "Hello.")

        await ava.simulator.until(lambda: ava.simulator.received[-1].get("type") == "template")
        assert ava.simulator.received[-1]["template"] == {
            "name": "reply_waiting",
            "language": {"code": "en_US"},
        }


@in_one_home
async def test_a_window_that_turns_out_to_be_closed_is_opened_by_a_template_too(home: Home) -> None:
    async with with_a_template(home) as ava:
        ava.simulator.faults.fail(131047)

        await ava.simulator.say(ADA, "Hello.")

        await ava.simulator.until(lambda: ava.simulator.received[-1].get("type") == "template")


@in_one_home
async def test_one_chat_that_is_too_fast_slows_no_other(ava: Ava) -> None:
    await ava.acquainted("ada@example.com", ADA)
    await ava.acquainted("ben@example.com", BEN)
    ava.simulator.faults.answer(131056)
    await ava.simulator.say(ADA, "Hello.")
    await eventually(lambda: ava.home.look(_HELD, 131056))

    await ava.simulator.say(BEN, "Hi.")

    assert (await ava.heard(BEN, 2))[1] == "You said: Hi."
    assert (await ava.heard(ADA, 2))[1] == "You said: Hello."


@in_one_home
async def test_what_fails_after_meta_took_it_is_sent_again_where_that_may_help(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.fail(131000)

    await ava.simulator.say(ADA, "Hello.")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]
    await ava.simulator.until_quiet()
    assert [line["status"] for line in await person.messages()][1] == "delivered"


@in_one_home
async def test_what_waited_for_hours_is_answered_with_a_word_about_the_wait(ava: Ava) -> None:
    await ava.acquainted()
    ava.model.down = True
    await ava.simulator.say(ADA, "Are you there?")
    await ava.heard(ADA, 2)
    await ava.simulator.say(ADA, "Hello?")
    await eventually(lambda: asked_about(ava, "Hello?"))
    await ava.home.look("update messages set created_at = created_at - interval '2 hours'")

    ava.model.down = False
    await ava.home.look(_NOW)

    late = (await ava.heard(ADA, 3))[2]
    assert late.endswith("You said: Are you there?\nHello?")
    assert not late.startswith("You said")

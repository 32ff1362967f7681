"""Replies on their way out, when Meta is slow, wrong or gone."""

import asyncpg

from tests.ava import ADA, Ava, eventually

_NOBODY_IS_ATTENDED_TO = "select not exists (select from attention where lease is not null)"


async def later(ava: Ava, seconds: int) -> None:
    """Once nobody is being attended to, let time pass for what waits, and let the workers look."""
    assert ava.settings.database_url
    connection = await asyncpg.connect(ava.settings.database_url.get_secret_value())
    await eventually(lambda: connection.fetchval(_NOBODY_IS_ATTENDED_TO))
    await connection.execute("update outbox set since = since - make_interval(secs => $1)", seconds)
    await connection.execute(
        "update attention set due_at = due_at - make_interval(secs => $1)", seconds
    )
    await connection.execute("notify attention")
    await connection.close()


async def test_a_refusal_that_passes_is_tried_again_and_sent_once(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.answer(131000)

    await ava.simulator.say(ADA, "Hello.")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]
    assert len(ava.model.asked) == 1  # the reply is not composed and paid for twice


async def test_an_answer_in_html_with_an_error_status_is_no_reason_to_send_twice(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.answer(1, http_status=502, raw=b"<html>Bad gateway</html>")

    await ava.simulator.say(ADA, "Hello.")
    await ava.simulator.until(lambda: ava.simulator.faults.planned == 0)
    await ava.simulator.until_quiet()
    assert len(ava.simulator.replies(ADA)) == 1
    await later(ava, seconds=60)

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]


async def test_a_reply_whose_answer_got_lost_is_settled_by_its_status(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.drop("after")

    await ava.simulator.say(ADA, "Hello.")
    await ava.heard(ADA, 2)
    await ava.simulator.until_quiet()
    await later(ava, seconds=60)
    await ava.simulator.say(ADA, "And?")

    assert (await ava.heard(ADA, 3))[1:] == ["You said: Hello.", "You said: And?"]
    assert [line["status"] for line in await person.messages()][1] == "delivered"


async def test_a_request_that_never_arrived_is_repeated_when_no_status_came(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.drop("before")

    await ava.simulator.say(ADA, "Hello.")
    await ava.simulator.until(lambda: ava.simulator.faults.planned == 0)
    assert len(ava.simulator.replies(ADA)) == 1
    await later(ava, seconds=60)

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]


async def test_what_meta_will_never_send_is_marked_as_failed_and_the_chat_goes_on(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.answer(131026)

    await ava.simulator.say(ADA, "Hello.")
    await ava.simulator.until(lambda: ava.simulator.faults.planned == 0)
    await ava.simulator.say(ADA, "And?")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: And?"]
    assert [line["status"] for line in await person.messages()][1] == "failed"


async def test_no_part_of_a_long_reply_is_sent_behind_one_that_failed(ava: Ava) -> None:
    await ava.acquainted()
    ava.model.answers.append("This is a sentence. " * 300)
    ava.simulator.faults.answer(131026)

    await ava.simulator.say(ADA, "Tell me a story.")
    await ava.simulator.until(lambda: ava.simulator.faults.planned == 0)
    await ava.simulator.say(ADA, "And?")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: And?"]


async def test_a_read_receipt_that_is_refused_stops_nothing(ava: Ava) -> None:
    await ava.acquainted()
    ava.simulator.faults.answer(131009, kind="read")

    await ava.simulator.say(ADA, "Hello.")

    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]


async def test_statuses_in_any_order_leave_the_furthest(ava: Ava) -> None:
    person = await ava.acquainted()
    ava.simulator.open_chat(ADA)
    ava.simulator.faults.shuffle = True
    ava.simulator.faults.duplicate = 2

    await ava.simulator.say(ADA, "Hello.")

    await ava.heard(ADA, 2)
    await ava.simulator.until_quiet()
    assert (await person.messages())[-1]["status"] == "read"

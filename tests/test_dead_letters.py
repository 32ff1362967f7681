"""``python run.py dead`` as an operator meets it."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest
from asyncpg import Connection

from bot import dead_letters
from bot.dead_letters import Order, Refused, Verb
from bot.store.dead_letters import StoredDeadLetters
from bot.store.postgres import PostgresDatabase
from run import see_to_dead_letters
from tests.ava import ADA, Ava, eventually


async def command(ava: Ava, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return what is said, by the command with Ava's own settings and by a log beside it."""
    capsys.readouterr()
    await see_to_dead_letters(ava.settings, None, order=dead_letters.order_of(words))
    return capsys.readouterr().out


async def test_a_reply_that_meta_will_not_have_is_seen_and_sent_once_that_is_mended(
    ava: Ava, capsys: pytest.CaptureFixture[str]
) -> None:
    person = await ava.acquainted()
    ava.simulator.faults.answer(100)
    await ava.simulator.say(ADA, "Hello.")

    async def has_failed() -> bool:
        return any(line["status"] == "failed" for line in await person.messages())

    await eventually(has_failed)

    (letter,) = re.findall(r"(send-\w+) .* 100: a bad", await command(ava, capsys))
    told = await command(ava, capsys, "replay", letter)

    assert "It is tried again, within seconds.\n" in told
    assert (await ava.heard(ADA, 2))[1:] == ["You said: Hello."]
    assert "There are no dead letters.\n" in await command(ava, capsys)


# --- what it takes ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ([], Order(Verb.LIST)),
        (["list"], Order(Verb.LIST)),
        (["show", "turn-1"], Order(Verb.SHOW, "turn-1")),
        (["replay", "send-1"], Order(Verb.REPLAY, "send-1")),
        (["replay", "all"], Order(Verb.REPLAY_ALL)),
        (["drop", "turn-1"], Order(Verb.DROP, "turn-1")),
    ],
)
def test_words_are_an_order(words: list[str], order: Order) -> None:
    assert dead_letters.order_of(words) == order


@pytest.mark.parametrize("words", [["sing"], ["show"], ["list", "all"], ["drop", "1", "2"]])
def test_other_words_are_none(words: list[str]) -> None:
    with pytest.raises(Refused, match=r"^usage: python run\.py dead "):
        dead_letters.order_of(words)


# --- what it says -------------------------------------------------------------------------------

FAILED = """
    insert into outbox (key, recipient, body, status, error_code, error_details, tries, queued_at,
                        dead_at)
    values ('invitation:' || $1, $1, 'My opal.', 'failed', 131000, $2, 2,
            '2026-11-20 07:31Z', '2026-11-20 07:35Z')
"""
GIVEN_UP = """
    insert into attention (key, due_at, waiting_since, attempts, failures, dead, last_error)
    values ($1, now(), '2026-11-20 08:00Z', 8, 8, true, 'KeyError')
"""


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def letters(database_url: str) -> AsyncIterator[StoredDeadLetters]:
    database = PostgresDatabase(database_url, size=1)
    await database.open()
    yield StoredDeadLetters(database)
    await database.close()


async def say(letters: StoredDeadLetters, *words: str) -> str:
    return await dead_letters.carry_out(dead_letters.order_of(words), letters)


async def ids(letters: StoredDeadLetters) -> list[str]:
    return [letter.id for letter in await letters.standing()]


async def test_everything_an_operator_needs_is_there_but_no_text_and_no_number(
    owner: Connection, letters: StoredDeadLetters
) -> None:
    assert await say(letters) == "There are no dead letters."
    await owner.execute(FAILED, f"wa:{ADA}", f"To +{ADA} it is not possible.")
    await owner.execute(GIVEN_UP, "bsuid:NL.7")
    await owner.execute(
        "insert into whatsapp_chats (key, last_heard_at, silenced_at)"
        " values ($1, '2026-11-20 07:30Z', now())",
        f"wa:{ADA}",
    )
    send, turn = await ids(letters)

    listed, *shown = [await say(letters, *words) for words in ([], ["show", send], ["show", turn])]

    assert listed == (
        "ID                 WAITS SINCE (UTC)  TRIES  ERROR\n"
        f"{send}  2026-11-20 07:31       3  131000: unknown failure\n"
        f"{turn}  2026-11-20 08:00       8  KeyError"
    )
    assert shown[0] == (
        f"{send}\n"
        "  what         invitation (whatsapp, number ends in 01)\n"
        "  waits since  2026-11-20 07:31 UTC\n"
        "  given up     2026-11-20 07:35 UTC\n"
        "  tries        3\n"
        "  error        131000: unknown failure\n"
        "  details      outbox.error_details has Meta's words, which may quote what was sent\n"
        "  messages     1 to be sent\n"
        "  heard of     2026-11-20 07:30 UTC; their 24 hours are over: Meta takes templates only\n"
        "  silenced     they said STOP: a replay sends nothing"
    )
    assert shown[1] == (
        f"{turn}\n"
        "  what         turn (whatsapp)\n"
        "  waits since  2026-11-20 08:00 UTC\n"
        "  tries        8\n"
        "  error        KeyError\n"
        "  messages     0 unanswered"
    )


async def test_all_are_replayed_but_to_whom_said_stop(
    owner: Connection, letters: StoredDeadLetters
) -> None:
    await owner.execute(FAILED, "wa:31600000002", None)
    await owner.execute(GIVEN_UP, "bsuid:NL.7")
    await owner.execute(FAILED, f"wa:{ADA}", None)
    await owner.execute(
        "insert into whatsapp_chats (key, silenced_at) values ($1, now())", f"wa:{ADA}"
    )

    assert await say(letters, "replay", "all") == ("Tried again: 2. Left, since they said STOP: 1.")

    (left,) = await ids(letters)
    with pytest.raises(Refused, match="They have said STOP"):
        await say(letters, "replay", left)
    assert await say(letters, "drop", left) == f"{left} is given up for good."
    assert await ids(letters) == []


async def test_what_is_not_there_is_refused(letters: StoredDeadLetters) -> None:
    for verb in "show", "replay", "drop":
        with pytest.raises(Refused, match="no dead letter turn-000000000000"):
            await say(letters, verb, "turn-000000000000")

"""What failed, and whether the message may have been sent."""

import asyncio
import traceback
from datetime import timedelta

import aiohttp
import pytest

from bot.errors import GraphUnavailable, OutcomeUnknown, SendRejected
from bot.whatsapp.graph import Graph
from tests.whatsapp.meta import (
    ACCEPTED,
    PRIVATE,
    Handler,
    Meta,
    answering,
    break_off,
    drop,
    failure,
    graph_at,
    hang,
    refusing,
    send,
)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "http://nowhere.invalid", "ftp://x", "nonsense"]
)
async def test_without_a_connection_nothing_was_sent(
    session: aiohttp.ClientSession, url: str
) -> None:
    assert type(await failure(graph_at(url, session))) is GraphUnavailable


async def test_without_a_secure_connection_nothing_was_sent(graph: Graph, meta: Meta) -> None:
    graph.api_url = graph.api_url.replace("http:", "https:")

    assert type(await failure(graph)) is GraphUnavailable
    assert meta.asked == []


async def test_waiting_too_long_for_a_connection_sends_nothing(graph: Graph, meta: Meta) -> None:
    meta.answer = hang
    first = asyncio.create_task(failure(graph))  # holds the only connection
    await meta.arrived.wait()

    assert type(await failure(graph)) is GraphUnavailable
    assert type(await first) is OutcomeUnknown
    assert len(meta.asked) == 1


@pytest.mark.parametrize("breaking", [drop, break_off, hang])
async def test_a_connection_that_breaks_later_leaves_the_outcome_open(
    graph: Graph, meta: Meta, breaking: Handler
) -> None:
    meta.answer = breaking

    assert type(await failure(graph)) is OutcomeUnknown
    assert len(meta.asked) == 1


async def test_a_kept_connection_that_breaks_is_not_tried_again(graph: Graph, meta: Meta) -> None:
    await send(graph)
    meta.answer = drop

    assert type(await failure(graph)) is OutcomeUnknown
    assert len(meta.asked) == 2


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("<html>Bad gateway</html>", 502),
        ("", 200),
        ("[" * 100_000, 200),
        ({}, 500),
        ({"error": "down"}, 503),
        ({"error": {"code": "190"}}, 401),
        ({"messages": []}, 200),
        ({"messages": [{"id": 7}]}, 200),
        ([], 200),
        (ACCEPTED, 307),
    ],
)
async def test_an_answer_without_code_or_id_leaves_the_outcome_open(
    graph: Graph, meta: Meta, answer: object, status: int
) -> None:
    meta.answer = answering(answer, status)

    assert type(await failure(graph)) is OutcomeUnknown


@pytest.mark.parametrize("code", [0, 1, 2, 4, 190, 200, 131000, 131042, 131056, 987654])
async def test_what_time_or_the_operator_cures_can_be_sent_later(
    graph: Graph, meta: Meta, code: int
) -> None:
    meta.answer = refusing(code, 500)

    assert type(await failure(graph)) is GraphUnavailable


async def test_after_a_throttle_there_is_a_pause(graph: Graph, meta: Meta) -> None:
    meta.answer = refusing(130429)

    error = await failure(graph)

    assert isinstance(error, GraphUnavailable)
    assert error.again_in == timedelta(minutes=1)


@pytest.mark.parametrize("code", [100, 131009, 131026, 131047])
async def test_what_will_never_be_sent_comes_with_its_code(
    graph: Graph, meta: Meta, code: int
) -> None:
    meta.answer = refusing(code)

    error = await failure(graph)

    assert isinstance(error, SendRejected)
    assert error.code == code


@pytest.mark.parametrize(
    "breaking", [drop, hang, refusing(190), refusing(131026), answering("<html>")]
)
async def test_no_error_tells_who_wrote_what(
    graph: Graph,
    meta: Meta,
    breaking: Handler,
    capsys: pytest.CaptureFixture[str],
) -> None:
    meta.answer = breaking

    told = "".join(traceback.format_exception(await failure(graph)))

    printed = capsys.readouterr()
    for private in PRIVATE:
        assert private not in told
        assert private not in printed.out + printed.err
    assert "secret-token" not in repr(graph)

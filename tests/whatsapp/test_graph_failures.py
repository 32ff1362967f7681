"""What failed, and whether the message may have been sent."""

import asyncio
import traceback

import aiohttp
import pytest

from bot.errors import Cure, GraphUnavailable, OutcomeUnknown, SendRefused
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


@pytest.mark.parametrize(
    ("code", "what_helps"),
    [
        (0, Cure.OPERATOR),
        (2, Cure.TRANSIENT),
        (100, Cure.OURS),
        (130429, Cure.THROTTLED),
        (131000, Cure.FEW_TRIES),
        (131026, Cure.UNREACHABLE),
        (131047, Cure.WINDOW_CLOSED),
        (131056, Cure.PAIR_RATE),
        (987654, Cure.FEW_TRIES),
    ],
)
@pytest.mark.parametrize("status", [200, 400, 500])
async def test_a_refusal_comes_with_its_code_and_what_helps_whatever_the_status(
    graph: Graph, meta: Meta, code: int, what_helps: Cure, status: int
) -> None:
    meta.answer = refusing(code, status)

    error = await failure(graph)

    assert isinstance(error, SendRefused)
    assert (error.code, error.cure) == (code, what_helps)


@pytest.mark.parametrize("breaking", [drop, refusing(190), answering("<html>", 502)])
async def test_whatever_fails_while_the_number_is_asked_can_be_asked_again(
    graph: Graph, meta: Meta, breaking: Handler
) -> None:
    meta.answer = breaking

    with pytest.raises(GraphUnavailable):
        await graph.display_phone_number()


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

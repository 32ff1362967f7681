import pytest

from bot.errors import GraphUnavailable
from bot.models import ReplyStatus, Send, SendKind
from bot.whatsapp.graph import Graph
from tests.whatsapp.meta import ADA, BEN, INCOMING, SEND_ID, Meta, answering, send


async def test_a_text_is_sent_with_our_id_and_its_wamid_comes_back(
    graph: Graph, meta: Meta
) -> None:
    assert await send(graph) == "wamid.OUT"

    assert meta.authorized_by == "Bearer secret-token"
    assert meta.asked == [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+31600000001",
            "biz_opaque_callback_data": str(SEND_ID),
            "type": "text",
            "text": {"body": "good evening", "preview_url": False},
        }
    ]


async def test_somebody_without_a_phone_is_reached_by_their_business_scoped_id(
    graph: Graph, meta: Meta
) -> None:
    await send(graph, BEN)

    assert meta.asked[0]["recipient"] == "BE.77"
    assert "to" not in meta.asked[0]


async def test_a_message_that_quotes_nothing_has_no_context(graph: Graph, meta: Meta) -> None:
    await send(graph)

    assert "context" not in meta.asked[0]


async def test_a_template_is_named_with_its_language(graph: Graph, meta: Meta) -> None:
    template = Send(
        id=SEND_ID,
        to=ADA,
        text="write_again:pt_BR",
        status=ReplyStatus.SENDING,
        kind=SendKind.TEMPLATE,
    )

    assert await graph.send(template) == "wamid.OUT"

    assert meta.asked == [
        {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": "+31600000001",
            "biz_opaque_callback_data": str(SEND_ID),
            "type": "template",
            "template": {"name": "write_again", "language": {"code": "pt_BR"}},
        }
    ]


async def test_read_and_typing_are_one_call(graph: Graph, meta: Meta) -> None:
    meta.answer = answering({"success": True})

    await graph.show_typing(INCOMING)

    assert meta.asked == [
        {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": "wamid.IN",
            "typing_indicator": {"type": "text"},
        }
    ]


async def test_our_own_number_is_asked_once(graph: Graph, meta: Meta) -> None:
    meta.answer = answering({"display_phone_number": "+1 555-000-1111", "id": "900100200300"})

    assert await graph.display_phone_number() == "15550001111"
    assert await graph.display_phone_number() == "15550001111"
    assert meta.asked == [{"fields": "display_phone_number"}]


@pytest.mark.parametrize("answer", [{}, {"display_phone_number": None}, "<html>", []])
async def test_a_number_that_is_not_told_is_asked_again(
    graph: Graph, meta: Meta, answer: object
) -> None:
    meta.answer = answering(answer)
    with pytest.raises(GraphUnavailable):
        await graph.display_phone_number()

    meta.answer = answering({"display_phone_number": "15550001111"})
    assert await graph.display_phone_number() == "15550001111"

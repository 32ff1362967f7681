"""What is to be done about each kind of refusal of the Graph API."""

import pytest

from bot.doctor.findings import Level
from bot.doctor.graph_answers import refusal
from bot.doctor.service import Answer


def answer(code: object) -> Answer:
    return Answer(400, "", {"error": {"message": "for +31600000001", "code": code}})


@pytest.mark.parametrize(
    ("code", "level", "advice"),
    [
        (0, Level.FAILED, "System User token"),
        (190, Level.FAILED, "System User token"),
        (100, Level.FAILED, "WHATSAPP_PHONE_NUMBER_ID"),
        (3, Level.FAILED, "lacks a permission"),
        (10, Level.FAILED, "lacks a permission"),
        (200, Level.FAILED, "lacks a permission"),
        (299, Level.FAILED, "lacks a permission"),
        (2, Level.WARNING, "try again"),
        (80007, Level.WARNING, "try again"),
        (368, Level.FAILED, "error 368"),
        ("190", Level.FAILED, "without saying why"),
        (None, Level.FAILED, "without saying why"),
    ],
)
def test_a_refusal_is_followed_by_what_to_do(code: object, level: Level, advice: str) -> None:
    found = refusal(answer(code))

    assert found is not None
    assert (found.level, advice in found.text) == (level, True)
    assert "31600000001" not in found.text


@pytest.mark.parametrize("body", [None, [], "text", 1])
def test_what_is_no_answer_of_the_graph_api_is_a_failure(body: object) -> None:
    found = refusal(Answer(502, "", body))

    assert found is not None
    assert "HTTP 502" in found.text


def test_an_answer_is_no_refusal() -> None:
    assert refusal(Answer(200, "", {"id": "1"})) is None

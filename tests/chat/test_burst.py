"""A finished sentence waits shortly, a fragment longer, and nobody waits for ever."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.burst import Pace

SHORT, LONG = timedelta(seconds=0.8), timedelta(seconds=2)


@pytest.mark.parametrize(
    "text",
    [
        "I'm home.",
        "really?",
        "no way!!",
        "well...",
        "hm\u2026",
        'she said "no."',
        "(honestly!)",
        "*wow!*",
        "haha \U0001f602",
        "thumbs up \U0001f44d\U0001f3fd",
        "love you \u2764\ufe0f",
        "ok :)",
        "bye <3",
        "\u4f60\u597d\u5417\uff1f",
        "\u3053\u3093\u306b\u3061\u306f\u3002",
        "\u0643\u064a\u0641 \u062d\u0627\u0644\u0643\u061f",
        "\u03c4\u03b9 \u03ba\u03ac\u03bd\u03b5\u03b9\u03c2\u037e",
        "\u0906\u092a \u0915\u0948\u0938\u0947 \u0939\u0948\u0902\u0964",
        "bye.  ",
    ],
)
def test_after_a_finished_sentence_the_wait_is_short(text: str) -> None:
    assert Pace().after(text) == SHORT


@pytest.mark.parametrize(
    "text", ["hey", "so yesterday", "I went to the shop and", "wait,", "2", "x:y"]
)
def test_after_a_fragment_the_wait_is_longer(text: str) -> None:
    assert Pace().after(text) == LONG


def test_anything_that_is_not_text_waits_shortly() -> None:
    assert Pace().after(None) == SHORT


@pytest.mark.parametrize("text", ["AVA-7K2M9Q", "ava 7k2m9q"])
def test_a_link_code_does_not_wait(text: str) -> None:
    assert Pace().after(text) == timedelta(0)


@given(st.none() | st.text())
def test_a_zero_pace_does_not_wait_at_all(text: str | None) -> None:
    zero = timedelta(0)

    assert Pace(finished=zero, fragment=zero, longest=zero).after(text) == zero

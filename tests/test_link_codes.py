"""The codes that a phone sends."""

import pytest

from bot.link_codes import code_in


@pytest.mark.parametrize(
    "text",
    [
        "AVA-7K2M9Q",
        "ava-7k2m9q",
        "  Ava-7K2M9Q. ",
        "my code is AVA-7K2M9Q, thanks",
        "AVA 7K2M9Q",
        "AVA7K2M9Q",
        "AVA \u2013 7K2M9Q",
        "ava - 7k2 m9q",
        "AVA-7K2-M9Q",
        "AVA-7 K 2 M 9 Q",
    ],
)
def test_a_link_code_is_found_however_it_was_typed(text: str) -> None:
    assert code_in(text) == "AVA-7K2M9Q"


@pytest.mark.parametrize(
    "text",
    [
        "Ava please",
        "ava-please",
        "ava people!",
        "AVA-7K2M9",
        "AVA-7K2M9QX",
        "LAVA-7K2M9Q",
        "AVA-7K2M0Q",
        "AVA",
        "",
    ],
)
def test_what_only_looks_like_a_link_code_is_none(text: str) -> None:
    assert code_in(text) is None

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.whatsapp.text import for_whatsapp, split
from tests.whatsapp.generated import patiently

ASTRONAUT = "👩🏽‍🚀"  # a woman, a skin tone, a joiner, a rocket
CLUSTERS = ("e\u0301", ASTRONAUT, "🇳🇱", "❤️", "क्ष", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "한", "ﾊ\uff9e", "👨‍👩‍👧‍👦")


# --- marks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**bold** and *leaning* and _leaning_", "*bold* and _leaning_ and _leaning_"),
        ("***both***", "*_both_*"),
        ("**bold *and leaning* again**", "*bold _and leaning_ again*"),
        ("~~gone~~", "~gone~"),
        ('*sighs* "*hm*" (*no*).', '_sighs_ "_hm_" (_no_).'),
        ("これは**重要**です", "これは*重要*です"),
        ("# Plan\ntext", "*Plan*\ntext"),
        ("### The **big** plan ##", "*The big plan*"),
        ("## Learn C#", "*Learn C#*"),
        ("* one\n+ two\n• three\n  - four", "- one\n- two\n- three\n  - four"),
        ("1. **One**: first", "1. *One*: first"),
        ("> **quoted**", "> *quoted*"),
        ("above\n\n---\n\nbelow", "above\n\nbelow"),
        ("[the map](https://a.example/x_y_z)", "the map (https://a.example/x_y_z)"),
        ("[https://a.example](https://a.example)", "https://a.example"),
        ("![a cat](https://a.example/c.png)", "a cat (https://a.example/c.png)"),
        ("[it](https://a.example/Ava_(bot))", "it (https://a.example/Ava_(bot))"),
        ("<https://a.example>", "https://a.example"),
        ("| a | b |\n|---|:-:|\n| 1 | **2** |\nend", "a · b\n1 · *2*\nend"),
        ("`**code**` and **bold**", "`**code**` and *bold*"),
        ("``a`**b**`` **c**", "``a`**b**`` *c*"),
        (
            "```python\nx = a**b**c\n# no heading\n```\n**bold**",
            "```\nx = a**b**c\n# no heading\n```\n*bold*",
        ),
        ("```\nnever closed", "```\nnever closed\n```"),
        (r"\*as it is\*", "*as it is*"),
    ],
)
def test_markdown_becomes_whatsapp_marks(markdown: str, shown: str) -> None:
    assert for_whatsapp(markdown) == shown


@pytest.mark.parametrize(
    "plain",
    [
        "snake_case_name and __init__",
        "2*3*4, 2**3**4, 5 * 3 * 2, (2)*(3)*(4)",
        "https://a.example/x_*y*_z?q=**1**",
        "#hashtag and C# and a | b",
        "*unfinished and **unfinished",
        r"¯\_(ツ)_/¯",
        "_leaning_ ~gone~ `code` - dash",
        "- one\n- two\n\n> said\n\n```\ncode\n```",
        "<3 and <b>",
        "What?! [sic] (yes)",
        "",
    ],
)
def test_what_is_no_markdown_stays_as_it_is(plain: str) -> None:
    assert for_whatsapp(plain) == plain


@patiently
@given(st.text(alphabet="ab *_~`#[]()<>|\\-\n:!/.1"))
def test_any_text_can_be_marked_up_and_loses_no_letter(text: str) -> None:
    shown = for_whatsapp("x " + text)

    assert shown.startswith("x")
    assert shown.count("\0") == 0


@pytest.mark.parametrize(
    "marks",
    ["**a ", "*a ", "[a](", "`a ", "`", "*", "~~a", "[", "``` \n", "# ", "|", "**~~*", "[a](b(c)"],
)
def test_a_reply_of_nothing_but_marks_does_not_hold_up_the_others(marks: str) -> None:
    started = time.perf_counter()
    split(for_whatsapp(marks * (20_000 // len(marks))))

    assert time.perf_counter() - started < 2


# --- parts ------------------------------------------------------------------------------------


def test_a_text_that_fits_is_one_part() -> None:
    assert split("x" * 4096) == ["x" * 4096]
    assert split(" a ") == [" a "]


def test_a_blank_text_is_no_part() -> None:
    assert split(" \n ") == []


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("One. Two.\n\nThree. Four.", 18, ["One. Two.", "Three. Four."]),
        ("One two. Three four.", 15, ["One two.", "Three four."]),
        ("One two three four", 10, ["One two", "three four"]),
        ("one: first\ntwo: second", 15, ["one: first", "two: second"]),
        ("Really?! (Yes.) Fine", 16, ["Really?! (Yes.)", "Fine"]),
        ("这是第一句。这是第二句。", 8, ["这是第一句。", "这是第二句。"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
        ("exactly ten", 7, ["exactly", "ten"]),
        ("version 1.2.3 is out", 12, ["version", "1.2.3 is out"]),
    ],
)
def test_a_long_text_is_cut_where_it_hurts_least(text: str, limit: int, parts: list[str]) -> None:
    assert split(text, limit) == parts


def test_an_early_end_is_not_worth_a_message_of_its_own() -> None:
    assert split("Hi.\n\n" + "word " * 10, 40)[0] == "Hi.\n\n" + "word " * 6 + "word"


def test_an_address_that_fits_is_never_cut() -> None:
    address = "https://a.example/" + "x" * 20

    assert split("a" * 20 + address + " end", 40) == ["a" * 20, address, "end"]


def test_an_address_that_fits_nowhere_is_cut_all_the_same() -> None:
    address = "https://a.example/" + "x" * 40

    assert "".join(split(address, 20)) == address


def test_characters_beyond_the_first_plane_count_twice() -> None:
    assert split("😀" * 5, 4) == ["😀😀", "😀😀", "😀"]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_what_looks_like_one_character_is_never_cut(cluster: str) -> None:
    for limit in range(12, 40):
        for part in split(cluster * 30, max(limit, len(cluster.encode("utf-16-le")) // 2)):
            assert part.replace(cluster, "") == ""


def test_a_character_longer_than_a_part_is_cut_all_the_same() -> None:
    text = "e" + "\u0301" * 50

    assert "".join(split(text, 10)) == text


WORDS = st.text(alphabet="aé .!?\n。\u0301\u200d🚀👩🏽🇳🇱", max_size=80)
PIECES = st.lists(WORDS | st.sampled_from([*CLUSTERS, "https://a.example/b_c "])).map("".join)


@patiently
@given(PIECES, st.integers(min_value=2, max_value=60))
@example("a" * 10 + " \u0301" * 10, 11)
def test_nothing_is_lost_but_white_space_and_no_part_is_too_long(text: str, limit: int) -> None:
    parts = split(text, limit)

    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(len(part.encode("utf-16-le")) <= 2 * limit for part in parts)
    assert all(part.strip() for part in parts)

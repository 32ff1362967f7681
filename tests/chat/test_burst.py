"""A finished sentence waits shortly, a fragment longer, what promises more longest."""

import time
from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot import link_codes
from bot.chat.burst import Pace

PACE = Pace()
NOTHING = timedelta(0)

FINISHED = [
    "I'm home.",
    "really?",
    "no way!!",
    'she said "no."',
    "(honestly!)",
    "*wow!*",
    "haha \U0001f602",
    "thumbs up \U0001f44d\U0001f3fd",
    "love you \u2764\ufe0f",
    "ok :)",
    "bye <3",
    "see you xx",
    ":)",
    "\U0001f602",
    "\u4f60\u597d\u5417\uff1f",
    "\u3053\u3093\u306b\u3061\u306f\u3002",
    "\u0643\u064a\u0641 \u062d\u0627\u0644\u0643\u061f",
    "\u03c4\u03b9 \u03ba\u03ac\u03bd\u03b5\u03b9\u03c2\u037e",
    "\u0906\u092a \u0915\u0948\u0938\u0947 \u0939\u0948\u0902\u0964",
    "bye.  ",
    "hey!",
    "And then he said: and?",
    "  ",
]
FRAGMENTS = [
    "so yesterday",
    "2",
    "x:y",
    "good",
    "I can't wait",
    "me too",
    "ik ook",
    "ich auch",
    "moi aussi",
    "yo también",
    "te quiero más",
    "sì",
    "hey Mia",
]
UNFINISHED = [
    "hey",
    "Heyyyy",
    "hi there \U0001f44b",
    "oh wait",
    "btw",
    "ok so",
    "wait,",
    "one thing:",
    "I mean -",
    "I mean\u2014",
    "well...",
    "hm\u2026",
    "well..  ",
    '"and then..."',
    "*listen,*",
    "I went to the shop and",
    "I'd love to but",
    "not today, BECAUSE",
    "hoi",
    "ik wil wel maar",
    "niet vandaag omdat",
    "Guten Morgen",
    "ich komme nicht weil",
    "warte mal",
    "salut",
    "je voulais venir mais",
    "au fait",
    "hola, buenas tardes",
    "no puedo porque",
    "por cierto",
    "bom dia",
    "eu queria mas",
    "aliás",
    "ciao",
    "volevo venire però",
    "a proposito",
    "\u0627\u0646\u062a\u0638\u0631\u060c",
    "\u7b49\u4e00\u4e0b\uff0c",
    "and \U0001f602",
]


def test_after_a_finished_sentence_the_wait_is_short() -> None:
    assert [text for text in FINISHED if PACE.after(text) != PACE.finished] == []


def test_after_a_fragment_the_wait_is_longer() -> None:
    assert [text for text in FRAGMENTS if PACE.after(text) != PACE.fragment] == []


def test_after_what_promises_more_the_wait_is_longest() -> None:
    assert [text for text in UNFINISHED if PACE.after(text) != PACE.unfinished] == []


def test_a_finished_question_leaves_time_to_answer_it_within_a_second_and_a_half() -> None:
    assert PACE.after("How are you?") <= timedelta(seconds=0.8)


def test_the_waits_grow_with_what_is_missing() -> None:
    assert PACE.finished < PACE.fragment < PACE.unfinished < PACE.longest < PACE.joining


def test_anything_that_is_not_text_waits_shortly() -> None:
    assert PACE.after(None) == PACE.finished


@pytest.mark.parametrize("text", ["AVA-7K2M9Q", "ava 7k2m9q"])
def test_a_link_code_does_not_wait(text: str) -> None:
    assert PACE.after(text) == NOTHING


@given(st.none() | st.text())
def test_a_zero_pace_does_not_wait_at_all(text: str | None) -> None:
    pace = Pace(finished=NOTHING, fragment=NOTHING, unfinished=NOTHING)

    assert pace.after(text) == NOTHING


@given(st.none() | st.text())
def test_any_text_waits_no_longer_than_what_promises_more(text: str | None) -> None:
    assert NOTHING <= PACE.after(text) <= PACE.unfinished


# What people type, so that the rule is met and not only brushed.
WORDS = st.lists(
    st.sampled_from(
        [*FRAGMENTS, *UNFINISHED, "why", "and", "caf\u00e9", "\u4f60\u597d", "x", ":", ","]
    )
    | st.text(max_size=5),
    max_size=5,
).map(" ".join)


@given(WORDS, st.sampled_from("!?\u061f\u0964\uff1f\uff01") | st.just("a."))
def test_after_the_mark_of_a_finished_sentence_the_wait_is_short(said: str, mark: str) -> None:
    text = said + mark
    assume(not link_codes.code_in(text))

    assert PACE.after(text) == PACE.finished


@given(WORDS, st.sampled_from([*FRAGMENTS, "hey", "and"]), st.sampled_from('"*_ )\u201d\u2019\n'))
def test_quotes_and_spaces_behind_it_change_nothing(said: str, last: str, behind: str) -> None:
    text = f"{said} {last}"

    assert PACE.after(text + behind) == PACE.after(text)


@given(
    WORDS, st.sampled_from([" \U0001f44b", "\U0001f642", " \u2764\ufe0f", " \U0001f44d\U0001f3fd"])
)
def test_an_emoji_behind_it_ends_a_fragment_and_changes_nothing_else(said: str, emoji: str) -> None:
    assume(not link_codes.code_in(said))
    alone = PACE.after(said)

    assert PACE.after(said + emoji) == (PACE.finished if alone == PACE.fragment else alone)


@pytest.mark.parametrize(
    "piece", ["a", " ", "and ", "?", ":)) ", "hey ", "...", "\U0001f602", "AVA ", '("*', "stop "]
)
def test_a_hundred_thousand_characters_do_not_hold_up_the_others(piece: str) -> None:
    text = piece * (100_000 // len(piece)) + "a"
    start = time.perf_counter()
    PACE.after(text)

    assert time.perf_counter() - start < 0.25

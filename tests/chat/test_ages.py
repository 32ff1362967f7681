"""Somebody who is not 18 is told kindly that this is for adults."""

import pytest

from bot.chat import gates
from bot.chat.gates.ages import stated_age
from tests.chat.talk import ava, turn, user


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("I'm 14", 14),
        ("im 16 btw", 16),
        ("I am 15 years old", 15),
        ("I\u2019m a 13 year old girl", 13),
        ("i'm only 12 lol", 12),
        ("I just turned 15!", 15),
        ("I'm 17yo", 17),
        ("im 15f", 15),
        ("I'm fourteen", 14),
        ("I'm 14 and a half", 14),
        ("I'm almost 18", 17),
        ("I'm underage", 17),
        ("I'm not 18 yet", 17),
        ("I'm 9 years old", 9),
        ("ik ben 15", 15),
        ("ik ben pas 14 jaar", 14),
        ("Ich bin 16 Jahre alt", 16),
        ("ich bin erst vierzehn", 14),
        ("j'ai 15 ans", 15),
        ("je n'ai que quinze ans", 15),
        ("tengo 16 años", 16),
        ("tenho quinze anos", 15),
        ("ho 17 anni", 17),
        ("I'm 34 and I love cats", 34),
        ("I'm an adult", 18),
    ],
)
def test_an_age_that_somebody_gives_is_understood(text: str, age: int) -> None:
    assert stated_age(text) == age


@pytest.mark.parametrize(
    "text",
    [
        "I'm 14 minutes late",
        "I'm 15 weeks pregnant",
        "I'm 5 foot 4",
        "I'm 16.5 km away",
        "I'm 7",
        "I'm 12 points ahead",
        "when I was 14 I had a dog",
        "I feel like I'm 15",
        "my son is 14",
        'she said "I\'m 14"',
        "I'm not a minor",
        "I'm a minor in physics",
        "ik ben 15 jaar getrouwd",
        "ich bin 15 Minuten zu spät",
        "j'ai 15 ans d'expérience",
        "tengo 15 años de experiencia",
        "I have a kid",
        "my 30 year old boss",
    ],
)
def test_other_numbers_are_no_age(text: str) -> None:
    assert stated_age(text) is None


def test_a_minor_is_kindly_refused() -> None:
    answer = gates.answer(turn("hey", "I'm 14"))

    assert "18" in (answer or "")
    assert "grown-up you trust" in (answer or "")


def test_a_minor_is_refused_in_their_language() -> None:
    assert "volwassene" in (gates.answer(turn("ik ben 15 jaar")) or "")


def test_the_refusal_lasts_until_an_adult_age_is_given() -> None:
    history = (user("I'm 14"), ava(gates.answer(turn("I'm 14")) or ""))

    assert "18" in (gates.answer(turn("ok but what do you like?", history=history)) or "")
    assert gates.answer(turn("sorry, typo! I'm 41", history=history)) is None


def test_a_bare_number_is_an_age_when_the_avatar_asked_for_it() -> None:
    assert gates.answer(turn("15", history=(ava("By the way, how old are you?"),)))
    assert gates.answer(turn("15", history=(ava("How many cats do you have?"),))) is None

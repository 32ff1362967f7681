"""Ava's own sentences: there in seven languages, and true in each."""

from dataclasses import replace

import pytest

from bot.chat import wording
from bot.chat.gates.consent import Wish, wish
from bot.chat.languages import Language, language_of
from tests.chat.talk import MIA

URL = "https://ava.example/sign-up"


def sentences(language: Language) -> dict[str, str]:
    """Return everything that Ava says in *language*."""
    return {
        "invitation": wording.invitation(URL, language),
        "invitation without an address": wording.invitation(None, language),
        "linked": wording.linked(MIA, URL, language),
        "linked without an avatar": wording.linked(None, URL, language),
        "without an avatar": wording.without_avatar(language),
        "code refused": wording.code_refused(language),
        "late": wording.late(MIA, language),
        "late without an avatar": wording.late(None, language),
        "belated": wording.belated(language),
        "silenced": wording.silenced(language),
        "unsilenced": wording.unsilenced(language, MIA),
        "unsilenced without an avatar": wording.unsilenced(language, None),
    }


def test_every_sentence_is_there_in_every_language() -> None:
    said = [text for language in Language for text in sentences(language).values()]

    assert len(set(said)) == len(said)
    for language in Language:
        assert language_of(" ".join(sentences(language).values())) is language


@pytest.mark.parametrize("language", Language)
def test_every_sentence_is_filled_in(language: Language) -> None:
    texts = sentences(language)

    assert [name for name, text in texts.items() if "{" in text or "None" in text] == []
    assert all("Mia" in texts[name] for name in ("linked", "late", "unsilenced"))
    assert all(URL in texts[name] for name in ("invitation", "linked without an avatar"))


@pytest.mark.parametrize("language", Language)
def test_who_is_silenced_is_told_the_word_that_brings_ava_back(language: Language) -> None:
    assert "START" in wording.silenced(language)
    assert "STOP" in wording.unsilenced(language, MIA)
    assert (wish(["START"]), wish(["STOP"])) == (Wish.START, Wish.STOP)


@pytest.mark.parametrize("language", Language)
def test_nothing_that_ava_says_is_a_wish_when_it_is_sent_back(language: Language) -> None:
    assert wish(list(sentences(language).values())) is None


@pytest.mark.parametrize("language", Language)
def test_a_stranger_learns_that_ava_is_an_ai(language: Language) -> None:
    assert any(f" {ai}" in wording.invitation(URL, language) for ai in ("AI", "KI", "IA", "un'IA"))


def test_somebody_whose_language_is_not_known_reads_english() -> None:
    assert wording.late(MIA) == wording.late(MIA, Language.EN)
    assert wording.invitation(None).startswith("Hi! I am Ava")


def test_a_name_with_braces_is_said_as_it_is() -> None:
    odd = replace(MIA, name="{odd}")

    assert "{odd}" in wording.late(odd)

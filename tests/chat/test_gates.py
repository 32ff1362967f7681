"""What is answered without a model, and what is left to it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import gates
from bot.chat.languages import Language, language_of
from bot.models import Personality
from tests.chat.talk import MIA, ava, turn, unseen, user


def test_without_an_avatar_it_says_where_to_make_one() -> None:
    assert "Make your avatar" in (gates.answer(turn("hi", avatar=None)) or "")


def test_honesty_does_not_need_an_avatar() -> None:
    assert "an AI" in (gates.answer(turn("are you human?", avatar=None)) or "")


KINDS = ["image", "video", "audio", "sticker", "document", "location", "contacts", "order", "poll"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("personality", Personality)
def test_what_cannot_be_seen_is_answered_and_never_claimed(
    kind: str, personality: Personality
) -> None:
    answer = gates.answer(turn(unseen(kind), avatar=replace(MIA, personality=personality))) or ""

    assert "can't" in answer
    assert not any(claim in answer for claim in ("beautiful", "I see", "I heard", "looks"))


def test_the_six_personalities_say_it_in_six_ways() -> None:
    answers = {
        gates.answer(turn(unseen("image"), avatar=replace(MIA, personality=personality)))
        for personality in Personality
    }

    assert len(answers) == 6


def test_a_second_photo_is_not_answered_with_the_same_words() -> None:
    first = gates.answer(turn(unseen("image"))) or ""
    second = gates.answer(turn(unseen("image"), history=(unseen("image"), ava(first))))

    assert second != first


def test_several_photos_are_answered_at_once_and_a_mixture_in_general() -> None:
    assert "look at photos" in (gates.answer(turn(unseen("image"), unseen("image"))) or "")
    assert "open that" in (gates.answer(turn(unseen("image"), unseen("audio"))) or "")


def test_somebody_who_wrote_dutch_before_hears_it_in_dutch() -> None:
    history = (user("ik heb het vandaag niet naar mijn zin"),)

    assert "spraakberichten" in (gates.answer(turn(unseen("audio"), history=history)) or "")


def test_words_are_left_to_the_model_and_what_came_along_gets_an_aside() -> None:
    spoken = turn("look at this", unseen("image"))

    assert gates.answer(spoken) is None
    assert "photos" in (gates.aside(spoken) or "")


def test_a_caption_is_words_too() -> None:
    assert "photos" in (gates.aside(turn(unseen("image", caption="my new bike!"))) or "")


def test_the_aside_is_in_the_language_of_the_words() -> None:
    assert "Bilder" in (gates.aside(turn(unseen("image", caption="das ist mein Hund"))) or "")


def test_there_is_no_aside_for_words_alone_for_stickers_or_twice_in_a_row() -> None:
    photo = turn("look", unseen("image"))
    history = (ava(f"Nice! {gates.aside(photo)}"),)

    assert gates.aside(turn("hello")) is None
    assert gates.aside(turn("haha", unseen("sticker"))) is None
    assert gates.aside(turn("look", unseen("image"), history=history)) is None


def test_nothing_unanswered_needs_no_answer() -> None:
    assert gates.answer(turn()) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("how was your day?", Language.EN),
        ("hoe was jouw dag? ik ben moe", Language.NL),
        ("wie geht es dir, ich bin müde", Language.DE),
        ("c'est quoi ton film préféré avec lui", Language.FR),
        ("hola, estoy muy cansado hoy", Language.ES),
        ("você não sabe, hoje foi bom", Language.PT),
        ("ciao, come stai oggi?", Language.IT),
        ("\u3053\u3093\u306b\u3061\u306f", Language.EN),
        ("", Language.EN),
    ],
)
def test_the_language_of_a_message_is_guessed(text: str, language: Language) -> None:
    assert language_of(text) is language


@given(st.text())
def test_any_text_at_all_can_be_looked_at(text: str) -> None:
    gates.answer(turn(text))

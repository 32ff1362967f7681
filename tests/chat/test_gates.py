"""What is answered without a model, and what is left to it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import gates, wording
from bot.chat.gates import Verdict
from bot.chat.gates.consent import Wish
from bot.chat.gates.crisis import HELPLINES
from bot.chat.languages import Language, language_of
from bot.models import Channel, Personality
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


# --- STOP and START -----------------------------------------------------------------------------


def test_stop_is_answered_once_and_noted() -> None:
    assert gates.judge(turn("hi", "STOP")) == Verdict(
        text=wording.silenced(Language.EN), wish=Wish.STOP, is_urgent=True
    )
    assert gates.judge(turn("STOP"), is_silenced=True) == Verdict(is_silent=True)


def test_start_is_answered_and_noted_where_somebody_said_stop() -> None:
    unsilenced = Verdict(text=wording.unsilenced(Language.EN, MIA), wish=Wish.START)

    assert gates.judge(turn("hello?", "START"), is_silenced=True) == unsilenced
    assert gates.judge(turn("START")) == Verdict()


def test_whoever_said_stop_hears_nothing_whatever_they_write() -> None:
    for said in "hello", "are you human?", "I'm 15", unseen("image"):
        assert gates.judge(turn(said), is_silenced=True) == Verdict(is_silent=True)


def test_help_comes_first_even_for_those_who_want_no_messages() -> None:
    help_ = gates.answer(turn("I want to die"))

    assert HELPLINES in (help_ or "")
    assert gates.judge(turn("I want to die"), is_silenced=True) == Verdict(
        text=help_, is_urgent=True
    )
    assert gates.judge(turn("I want to die", "STOP")) == Verdict(
        text=help_, wish=Wish.STOP, is_urgent=True
    )


def test_in_the_app_stop_is_a_word_like_any_other() -> None:
    assert gates.judge(turn("STOP", channel=Channel.APP)) == Verdict()


def test_stop_is_answered_in_the_language_they_spoke_before() -> None:
    history = (user("ik heb het vandaag niet naar mijn zin"), ava("What a pity, tell me how"))

    verdict = gates.judge(turn("STOP", history=history))

    assert verdict.text == wording.silenced(Language.NL)


def test_what_a_model_may_answer_is_left_to_it() -> None:
    assert gates.judge(turn("how was your day?")) == Verdict()
    assert gates.judge(turn("are you human?")).text == gates.answer(turn("are you human?"))


def test_the_language_of_a_turn_is_that_of_the_last_lines_of_the_person() -> None:
    dutch, image = user("ik heb het vandaag niet naar mijn zin"), unseen("image")
    long_ago = (dutch, *[user("how are you, what is this")] * 8)

    assert gates.language_of_turn(turn(image, history=(dutch,))) is Language.NL
    assert gates.language_of_turn(turn("ok", history=long_ago)) is Language.EN
    assert gates.language_of_turn(turn()) is Language.EN


@given(st.text())
def test_any_text_at_all_can_be_looked_at(text: str) -> None:
    gates.answer(turn(text))

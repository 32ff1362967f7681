"""The scripted avatar listens: it uses what was said, remembers it, and stays itself."""

import asyncio
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.model import LanguageModel
from bot.chat.scripted import ScriptedAvatar
from bot.chat.scripted.echoes import echo_of, feeling_in
from bot.models import Avatar, Personality, Said
from tests.chat.talk import MIA, ava, turn, user

MODEL: LanguageModel = ScriptedAvatar()


async def chat(*turns: str | tuple[str, ...], avatar: Avatar = MIA) -> list[str]:
    """Return the answers to *turns*; a tuple is a burst."""
    history: tuple[Said, ...] = ()
    replies = []
    for lines in turns:
        asked = turn(
            *((lines,) if isinstance(lines, str) else lines), history=history, avatar=avatar
        )
        replies.append(await MODEL.reply(asked))
        history = (*history, *asked.unanswered, ava(replies[-1]))
    return replies


def everybody() -> list[Avatar]:
    return [replace(MIA, personality=personality) for personality in Personality]


async def test_name_age_and_looks_are_answered_from_its_own_card() -> None:
    name, age, looks, eyes = await chat(
        "what's your name?",
        "how old are you?",
        "what do you look like?",
        "what colour are your eyes?",
    )

    assert "Mia" in name
    assert "27" in age
    assert "long red hair, green eyes and a crooked smile" in looks
    assert "green eyes" in eyes
    assert "hair" not in eyes


async def test_looks_that_nobody_described_are_not_invented() -> None:
    (looks,) = await chat("what do you look like?", avatar=replace(MIA, physical_description=None))

    assert "imagine" in looks


@pytest.mark.parametrize("told", ["my name is Sam", "I'm Sam", "call me Sam", "hi, I'm Sam!"])
async def test_it_remembers_what_the_person_is_called(told: str) -> None:
    met, later = await chat(told, "do you remember my name?")

    assert "Sam" in met
    assert "Sam" in later


@pytest.mark.parametrize("told", ["I'm Dutch", "call me later", "I'm tired", "I'm on my way"])
async def test_other_words_are_no_name(told: str) -> None:
    _, later = await chat(told, "what's my name?")

    assert "told me yet" in later or "ever said" in later


async def test_it_remembers_facts_from_long_before() -> None:
    *_, known = await chat(
        "I live in Utrecht.",
        "I work as a nurse",
        "I love old jazz",
        "my dog is called Rex",
        "lol",
        "what do you know about me?",
    )

    assert all(fact in known for fact in ("Utrecht", "work as a nurse", "old jazz", "Rex"))


@pytest.mark.parametrize("avatar", everybody(), ids=lambda avatar: avatar.personality)
async def test_a_burst_gets_one_answer_about_all_of_it(avatar: Avatar) -> None:
    (answer,) = await chat(
        ("I had a fight with my boss", "and then my train was late", "I'm so tired"), avatar=avatar
    )

    assert "you had a fight with your boss" in answer
    assert "your train was late" in answer
    assert "tired" in answer.lower()


@pytest.mark.parametrize("avatar", everybody(), ids=lambda avatar: avatar.personality)
async def test_what_was_told_comes_back_turned_round(avatar: Avatar) -> None:
    (answer,) = await chat("I went to the beach with my sister", avatar=avatar)

    assert "you went to the beach with your sister" in answer.lower()


async def test_the_six_personalities_answer_in_six_ways() -> None:
    answers = [(await chat("hi", avatar=avatar))[0] for avatar in everybody()]

    assert len(set(answers)) == 6


async def test_a_quoted_message_is_taken_up() -> None:
    answer = await MODEL.reply(turn(user("still true?", quoted="I like\nrainy days")))

    assert '"I like rainy days"' in answer


async def test_the_same_turn_always_gets_the_same_answer() -> None:
    asked = turn("I went to the beach with my sister")

    assert await MODEL.reply(asked) == await MODEL.reply(asked)


@pytest.mark.parametrize("avatar", everybody(), ids=lambda avatar: avatar.personality)
@pytest.mark.parametrize(
    "text", ["hi", "ok", "what's your name?", "I'm sad", "bye", "ik ben niet blij"]
)
async def test_it_never_repeats_its_last_answer(text: str, avatar: Avatar) -> None:
    answers = await chat(*[text] * 12, avatar=avatar)

    assert all(one != other for one, other in pairwise(answers))


@pytest.mark.parametrize(
    "text", ["are you real?", "are you human", "can we meet tonight?", "where do you live?", "wyd"]
)
@pytest.mark.parametrize("avatar", everybody(), ids=lambda avatar: avatar.personality)
async def test_it_never_claims_to_be_a_person(text: str, avatar: Avatar) -> None:
    (answer,) = await chat(text, avatar=avatar)

    assert any(
        word in answer for word in ("an AI", "chat", "phone", "no body", "which is all I do")
    )


async def test_a_goodbye_ends_without_another_question() -> None:
    (answer,) = await chat("gotta go, good night!")

    assert not answer.endswith("?")


async def test_another_language_is_told_honestly_that_it_speaks_english_only() -> None:
    (answer,) = await chat("ich bin heute sehr müde und du?")

    assert "nur Englisch" in answer


@pytest.mark.parametrize(
    ("line", "echo"),
    [
        ("I was late for my exam", "you were late for your exam"),
        ("and I've lost my keys!", "you've lost your keys"),
        ("Hi! We won the match.", "you won the match"),
        ("The weather is awful", "the weather is awful"),
        (
            "I told my mother about the new flat and she laughed because she thinks it is silly",
            "you told your mother about the new flat",
        ),
        ("what do you look like", None),
        ("tell me a joke", None),
        ("you should try sushi", None),
        ("is it late?", None),
        ("ok", None),
    ],
)
def test_news_are_turned_round_and_other_lines_are_not(line: str, echo: str | None) -> None:
    assert echo_of(line) == echo


@pytest.mark.parametrize(
    ("line", "word", "good"),
    [
        ("I'm so tired", "tired", False),
        ("I passed my exam!", "you passed", True),
        ("I'm not happy", "not happy", False),
        ("what a rough day", "a rough day", False),
    ],
)
def test_a_feeling_is_noticed(line: str, word: str, good: bool) -> None:  # noqa: FBT001
    feeling = feeling_in([line])

    assert feeling is not None
    assert (feeling.word, feeling.good) == (word, good)


@given(
    st.lists(st.text(min_size=1), min_size=1, max_size=4), st.text(), st.sampled_from(Personality)
)
def test_anything_at_all_gets_an_answer(
    lines: list[str], name: str, personality: Personality
) -> None:
    avatar = replace(MIA, name=name, personality=personality)
    history = (user("my name is {you}"), user("I like {braces} and {}"), ava("Hello!"))

    assert asyncio.run(MODEL.reply(turn(*lines, history=history, avatar=avatar))).strip()


@pytest.mark.parametrize("text", ["I love {me} and {0}", "my name is {name}", "I had a {fight}"])
async def test_braces_are_only_text(text: str) -> None:
    (answer,) = await chat(text)

    assert "Mia" not in answer

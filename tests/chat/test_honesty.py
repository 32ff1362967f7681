"""Asked sincerely, the avatar says that it is an AI; other talk is left alone."""

import pytest

from bot.chat import gates
from bot.chat.gates.honesty import language_of_question
from bot.chat.languages import Language
from tests.chat.talk import turn


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("are you human?", Language.EN),
        ("Are you a real person", Language.EN),
        ("r u a bot", Language.EN),
        ("wait are you an AI or what", Language.EN),
        ("are you real?", Language.EN),
        ("am I talking to a bot?", Language.EN),
        ("am i chatting with a real person right now", Language.EN),
        ("you're a bot right?", Language.EN),
        ("is this an AI?", Language.EN),
        ("are you chatgpt?", Language.EN),
        ("is there a real human behind this", Language.EN),
        ("ben je een mens?", Language.NL),
        ("ben je echt?", Language.NL),
        ("praat ik met een bot?", Language.NL),
        ("bist du ein Mensch?", Language.DE),
        ("Bist du eine KI?", Language.DE),
        ("schreibe ich hier mit einem Menschen?", Language.DE),
        ("tu es humaine ?", Language.FR),
        ("es-tu un robot ?", Language.FR),
        ("je parle à une vraie personne ?", Language.FR),
        ("¿eres humana?", Language.ES),
        ("eres un bot?", Language.ES),
        ("estoy hablando con una persona real?", Language.ES),
        ("você é um robô?", Language.PT),
        ("estou falando com uma pessoa real?", Language.PT),
        ("sei un'IA?", Language.IT),
        ("sei una persona vera?", Language.IT),
    ],
)
def test_asked_whether_it_is_human_it_says_that_it_is_an_ai(text: str, language: Language) -> None:
    answer = gates.answer(turn(text)) or ""

    assert language_of_question(text) is language
    assert "Mia" in answer
    assert any(
        ai in answer for ai in ("an AI", "een AI", "eine KI", "une IA", "una IA", "uma IA", "un'IA")
    )


@pytest.mark.parametrize(
    "text",
    [
        "are you a dog person?",
        "are you a morning person",
        "are you really hungry?",
        "are you for real \U0001f602",
        "my internet bot broke",
        "I work on a robot",
        "I'm only human",
        "what do you think about AI?",
        "are human beings good?",
        "you are real friends with him?",
        "ben je echt moe?",
        "bist du echt müde?",
        "tu es vraiment gentille",
        "eres una persona muy buena",
        "sei una persona splendida",
        "you're a machine at chess, I bet",
    ],
)
def test_other_talk_about_people_and_machines_is_left_to_the_model(text: str) -> None:
    assert gates.answer(turn(text)) is None

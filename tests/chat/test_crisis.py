"""A cry for help is heard before anything else, and a figure of speech is not taken for one."""

import time

import pytest

from bot.chat import gates
from bot.chat.gates.crisis import HELPLINES, language_of_crisis
from bot.chat.languages import Language
from tests.chat.talk import ava, turn, unseen, user

CRIES = {
    Language.EN: [
        "I want to die",
        "i wanna die",
        "I just want to die.",
        "Honestly I WANT TO DIEEEE",
        "I\u2019m alone and I want to kill myself",
        "im gonna kill my self",
        "I don't want to live anymore",
        "i dont want to live",
        "I don't want to be here anymore",
        "I wish I was dead",
        "I wish I was never born",
        "everyone would be better off without me",
        "nobody would miss me",
        "I'm suicidal",
        "having suicidal thoughts again",
        "I've been thinking about suicide",
        "I want to end it all",
        "I'm going to end my life",
        "there's no reason to live",
        "I can't go on like this",
        "I'm so tired of living",
        "I want to hurt myself",
        "I keep thinking of cutting myself",
        "I started self-harming",
        "I took all my pills",
        "I have pills here",
        "I want to jump off a bridge",
        "I hope I don't wake up tomorrow",
        "I want to sleep and never wake up",
        "I can't stop crying",
        "gonna kms",
        "I want to die \U0001f602",
        "my friend wants to kill herself",
    ],
    Language.NL: [
        "ik wil dood",
        "Ik wil niet meer leven.",
        "ik ga zelfmoord plegen",
        "ik denk aan zelfmoord",
        "was ik maar dood",
        "ik wil mezelf iets aandoen",
        "ik ga een einde aan mijn leven maken",
    ],
    Language.DE: [
        "Ich will sterben",
        "ich möchte einfach nur noch sterben",
        "Ich will nicht mehr leben",
        "ich kann nicht mehr leben",
        "Ich will mich umbringen",
        "ich bringe mich um",
        "ich habe Selbstmordgedanken",
        "ich wäre lieber tot",
    ],
    Language.FR: [
        "je veux mourir",
        "J\u2019ai envie de mourir",
        "je vais me suicider",
        "je ne veux plus vivre",
        "je veux en finir",
        "j'ai des idées suicidaires",
    ],
    Language.ES: [
        "quiero suicidarme",
        "Quiero morir",
        "me quiero morir",
        "ya no quiero vivir",
        "voy a matarme",
        "quiero acabar con mi vida",
    ],
    Language.PT: [
        "quero morrer",
        "vou me matar",
        "não quero mais viver",
        "penso em tirar minha vida",
    ],
    Language.IT: [
        "voglio morire",
        "voglio uccidermi",
        "voglio farla finita",
        "non voglio più vivere",
        "penso al suicidio",
    ],
}
FIGURES_OF_SPEECH = [
    "I nearly died laughing",
    "die laughing \U0001f602",
    "I want to die laughing",
    "I wanted to die of embarrassment",
    "this homework kills me",
    "this job is killing me",
    "you kill me haha",
    "I'm dying to see it",
    "I'd kill for a pizza",
    "I don't want to die",
    "I don't want to live in Berlin anymore",
    "I can't live without coffee",
    "I need to cut myself some slack",
    "I cut myself shaving",
    "I hurt myself playing football",
    "I shot myself in the foot with that email",
    "we watched Suicide Squad",
    "he walked 5 kms",
    "my phone died",
    "he takes my breath away",
    "I was forced to work late",
    "my 30 year old boss",
    "I have a kid",
    "I hope I don't wake up late tomorrow",
    "don't overdose on chocolate, I overdosed on chocolate",
    "we can't go on holiday this year",
    "I'm taking my life back",
    "ik lach me dood",
    "ik wil niet dood",
    "ich sterbe vor Lachen",
    "die Hitze bringt mich um",
    "ich will nicht sterben",
    "ma mère va me tuer",
    "je meurs de faim",
    "j'ai envie de mourir de rire",
    "je ne veux plus vivre à Paris",
    "je veux en finir avec ce projet",
    "me muero de risa",
    "no quiero morir",
    "mi madre me va a matar",
    "estou morrendo de fome",
    "não quero morrer",
    "muoio dal ridere",
    "non voglio morire",
    "",
]


@pytest.mark.parametrize(
    ("language", "cry"), [(language, cry) for language, cries in CRIES.items() for cry in cries]
)
def test_a_cry_for_help_is_heard_in_its_language(language: Language, cry: str) -> None:
    assert language_of_crisis([cry]) is language


@pytest.mark.parametrize("text", FIGURES_OF_SPEECH)
def test_a_figure_of_speech_is_no_cry_for_help(text: str) -> None:
    assert language_of_crisis([text]) is None


def test_a_cry_for_help_may_come_in_several_messages() -> None:
    assert language_of_crisis(["I just want", "to die"]) is Language.EN


def test_a_cry_for_help_in_a_caption_is_heard() -> None:
    answer = gates.answer(turn(unseen("image", caption="goodbye, I want to die")))

    assert HELPLINES in (answer or "")


@pytest.mark.parametrize("language", Language)
def test_the_answer_takes_it_seriously_and_points_to_people(language: Language) -> None:
    answer = gates.answer(turn(CRIES[language][0])) or ""

    assert all(word in answer for word in (HELPLINES, "112", "911", "988"))
    assert any(f" {ai}" in answer for ai in ("AI", "KI", "IA", "un'IA"))


def test_a_crisis_comes_before_everything_else() -> None:
    answer = gates.answer(turn("I'm 15", "are you a bot?", "I want to die", avatar=None))

    assert HELPLINES in (answer or "")


def test_a_second_cry_for_help_is_not_answered_with_the_very_same_words() -> None:
    first = gates.answer(turn("I want to die")) or ""
    history = (user("I want to die"), ava(first))
    second = gates.answer(turn("i still want to die", history=history)) or ""

    assert second != first
    assert HELPLINES in second


def test_a_text_of_a_megabyte_does_not_hold_up_the_others() -> None:
    start = time.perf_counter()
    language_of_crisis(["i want to be here and take my i dont want " * 25_000])

    assert time.perf_counter() - start < 1.0

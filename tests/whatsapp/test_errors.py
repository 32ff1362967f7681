import pytest

from bot.errors import Cure
from bot.whatsapp.errors import cure, meaning


@pytest.mark.parametrize(
    ("code", "what_helps"),
    [
        (2, Cure.TRANSIENT),
        (131016, Cure.TRANSIENT),
        (1, Cure.FEW_TRIES),
        (131000, Cure.FEW_TRIES),
        (4, Cure.THROTTLED),
        (130429, Cure.THROTTLED),
        (131056, Cure.PAIR_RATE),
        (0, Cure.OPERATOR),
        (190, Cure.OPERATOR),
        (200, Cure.OPERATOR),
        (299, Cure.OPERATOR),
        (131042, Cure.OPERATOR),
        (131026, Cure.UNREACHABLE),
        (131047, Cure.WINDOW_CLOSED),
        (100, Cure.OURS),
        (131009, Cure.OURS),
    ],
)
def test_a_code_says_what_helps(code: int, what_helps: Cure) -> None:
    assert cure(code) is what_helps


def test_a_code_nobody_has_seen_is_worth_a_few_tries() -> None:
    assert cure(987654) is Cure.FEW_TRIES


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (131042, "a problem with the payment method"),
        (250, "a permission or the token is missing"),
        (987654, "a code that Ava does not know"),
    ],
)
def test_an_operator_reads_what_a_code_means(code: int, words: str) -> None:
    assert meaning(code) == words

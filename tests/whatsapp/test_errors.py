import pytest

from bot.whatsapp.errors import Cure, cure


@pytest.mark.parametrize(
    ("code", "what_helps"),
    [
        (131000, Cure.TRANSIENT),
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


def test_a_code_nobody_has_seen_is_worth_another_try() -> None:
    assert cure(987654) is Cure.TRANSIENT

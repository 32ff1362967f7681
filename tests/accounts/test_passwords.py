"""Which passwords are good enough."""

import pytest

from bot.accounts.passwords import check_strength
from bot.errors import Invalid


@pytest.mark.parametrize(
    "password",
    [
        "1234567",
        "x" * 73,
        "password",
        "PassWord123",
        "aaaaaaaaaaaa",
        "        ",
        "ada.lovelace",
        "Ada.Lovelace@example.com",
    ],
)
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_strength("ada.lovelace@example.com", password)

    assert [fault.field for fault in refused.value.faults] == ["password"]


@pytest.mark.parametrize(
    "password", ["8 chars!", "x" * 36 + "y" * 36, "пароль из слов", "🐘🦒🐘🦒🐘🦒🐘🦒"]
)
def test_any_other_password_will_do(password: str) -> None:
    check_strength("ada@example.com", password)

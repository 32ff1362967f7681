"""Numbers as people type them, and as WhatsApp names them."""

import pytest

from bot.phones import phone, spellings


@pytest.mark.parametrize("text", ["+31600000001", "+1555000", "+999123456789012"])
def test_a_number_in_full_is_a_number(text: str) -> None:
    assert phone(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "31600000001",
        "0600000001",
        "0031600000001",
        "+0600000001",
        "+31 600000001",
        "+31-600000001",
        " +31600000001",
        "+31600000001\n",
        "+" + "1" * 16,
        "+123456",
        "++31600000001",
        "+3160000000x",
        "+\u0663\u0661\u0666\u0660\u0660\u0660\u0660\u0660\u0661",
        "+3\uff11600000001",
        "+",
        "",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert phone(text) is None


@pytest.mark.parametrize(
    ("wa_id", "other"),
    [
        ("551187654321", "+5511987654321"),
        ("5511987654321", "+551187654321"),
        ("559962345678", "+5599962345678"),
        ("5215512345678", "+525512345678"),
        ("525512345678", "+5215512345678"),
        ("5491123456789", "+541123456789"),
    ],
    ids=[
        "Brazil, 9 left out",
        "Brazil, 9 put in",
        "Brazil, north",
        "Mexico, 1",
        "Mexico",
        "Argentina",
    ],
)
def test_a_mobile_is_known_by_both_of_its_spellings_its_own_first(wa_id: str, other: str) -> None:
    assert spellings(wa_id) == [f"+{wa_id}", other]


@pytest.mark.parametrize(
    "wa_id",
    ["551133334444", "5511933334444", "541123456789", "31600000001", "15550002222", "55", "52155"],
    ids=[
        "Brazil, landline",
        "Brazil, new mobile",
        "Argentina",
        "Netherlands",
        "USA",
        "short",
        "cut",
    ],
)
def test_every_other_number_has_one_spelling(wa_id: str) -> None:
    assert spellings(wa_id) == [f"+{wa_id}"]

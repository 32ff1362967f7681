"""What people see as one character, though it is several: é, 👩🏽‍🚀, 🇳🇱, क्ष.

The rules of https://unicode.org/reports/tr29/ that matter for chat, without its tables.
"""

import unicodedata

_JOINER = "\u200d"
_FIRST_FLAG_LETTER, _LAST_FLAG_LETTER = "\U0001f1e6", "\U0001f1ff"
_VIRAMA = 9  # canonical combining class: ties two consonants into one
_EXTENDING_RANGES = (
    ("\u1160", "\u11ff"),  # Hangul vowels and final consonants
    ("\u200c", "\u200d"),  # joiners
    ("\uff9e", "\uff9f"),  # half-width Katakana voice marks
    ("\U0001f3fb", "\U0001f3ff"),  # skin tones
    ("\U000e0020", "\U000e007f"),  # tags: the flags of Scotland and Wales
)


def inside(text: str, cut: int) -> bool:
    """Tell whether cutting *text* before its character number *cut* tears one apart."""
    if not 0 < cut < len(text):
        return False
    before, after = text[cut - 1], text[cut]
    if after.isascii():
        return before == "\r" and after == "\n"
    return (
        _extends(after)
        or before == _JOINER
        or (unicodedata.combining(before) == _VIRAMA and after.isalpha())
        or (_is_flag_letter(after) and _flag_letters_before(text, cut) % 2 == 1)
    )


def _extends(character: str) -> bool:
    return unicodedata.category(character).startswith("M") or any(
        first <= character <= last for first, last in _EXTENDING_RANGES
    )


def _is_flag_letter(character: str) -> bool:
    return _FIRST_FLAG_LETTER <= character <= _LAST_FLAG_LETTER


def _flag_letters_before(text: str, cut: int) -> int:
    start = cut
    while start and _is_flag_letter(text[start - 1]):
        start -= 1
    return cut - start

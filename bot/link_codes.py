"""The codes by which a phone proves whose it is, found in a message.

The database makes them (``new_link_code`` in ``migrations/018_link_codes.sql``).
"""

import hashlib
import re

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else
_LENGTH = 6
_FEW_WORDS = 4
_DASHES = r"\-\u2010-\u2015\u2212\ufe63\uff0d"
_CODE = re.compile(
    rf"(?<![A-Z0-9])AVA[\s{_DASHES}]{{0,3}}"
    rf"(?P<code>[{_ALPHABET}](?:[\s{_DASHES}]?[{_ALPHABET}]){{{_LENGTH - 1}}})(?![A-Z0-9])"
)


def code_in(text: str) -> str | None:
    """Return the first link code in *text* as ``AVA-XXXXXX``, however it was typed.

    It holds a digit: "Ava please" is no code.
    """
    for found in _CODE.finditer(text.upper()):
        code = re.sub(rf"[\s{_DASHES}]", "", found["code"])
        if any(char.isdigit() for char in code):
            return f"AVA-{code}"
    return None


def says_more(text: str) -> bool:
    """Tell whether *text* is talk as well: more than a code with a few words around it."""
    return len(_CODE.sub(" ", text.upper()).split()) > _FEW_WORDS


def hash_of(code: str) -> str:
    """Return what is kept of a link code."""
    return hashlib.sha256(code.encode()).hexdigest()

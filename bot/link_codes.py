"""The codes by which a phone proves whose it is: making them, and finding them in a message."""

import hashlib
import re
import secrets

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like something else
_LENGTH = 6
_DASHES = r"\-\u2010-\u2015\u2212\ufe63\uff0d"
_CODE = re.compile(
    rf"(?<![A-Z0-9])AVA[\s{_DASHES}]{{0,3}}"
    rf"(?P<code>[{_ALPHABET}](?:[\s{_DASHES}]?[{_ALPHABET}]){{{_LENGTH - 1}}})(?![A-Z0-9])"
)


def new_code() -> str:
    """Return a code to be sent from a phone; it always holds a digit, see ``code_in``."""
    while True:
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        if any(char.isdigit() for char in code):
            return f"AVA-{code}"


def code_in(text: str) -> str | None:
    """Return the first link code in *text* as ``AVA-XXXXXX``, however it was typed.

    It holds a digit: "Ava please" is no code.
    """
    for found in _CODE.finditer(text.upper()):
        code = re.sub(rf"[\s{_DASHES}]", "", found["code"])
        if any(char.isdigit() for char in code):
            return f"AVA-{code}"
    return None


def hash_of(code: str) -> str:
    """Return what is kept of a link code."""
    return hashlib.sha256(code.encode()).hexdigest()

"""Single fields of Meta's JSON, where everything may be missing or of another type.

Nothing here raises: what cannot be read is None, or empty.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from bot.models import Sender

LONGEST_ID = 512  # characters; keys are made of ids, and a database index has a widest row
LONGEST_TEXT = 65_536  # characters
_LARGEST_CODE = 2**31 - 1  # what an integer column holds
_LONGEST_REASON = 1_024  # characters of what Meta says about an error
_LONGEST_WA_ID = 20  # digits; E.164 allows 15

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")
_FIRST_MOMENT = 1_230_768_000  # 2009-01-01, when WhatsApp was founded
_LAST_MOMENT = 4_102_444_800  # 2100-01-01


def mapping(value: object) -> dict[str, object]:
    """Return *value* if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
    """Return *value* if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def identifier(value: object) -> str | None:
    """Return an id that may stand in a key, a column and a header: short, printable ASCII."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
        return None
    return value if value.isascii() and value.isprintable() else None


def prose(value: object, *, longest: int = LONGEST_TEXT) -> str | None:
    """Return people's words as Postgres can hold them: no NUL, no lone surrogate, not endless."""
    if not isinstance(value, str):
        return None
    text = value[:longest].replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    return text


def moment(value: object) -> datetime | None:
    """Read whole Unix seconds, as a string (messages) or a number (some management fields)."""
    if isinstance(value, str) and len(value) <= len(str(_LAST_MOMENT)) and value.isascii():
        value = int(value) if value.isdigit() else None
    if not isinstance(value, int) or not _FIRST_MOMENT <= value < _LAST_MOMENT:
        return None
    return datetime.fromtimestamp(value, UTC)


def sender(wa_id: object, bsuid: object) -> Sender | None:
    """Return who has these ids; one that cannot be read counts as missing."""
    known_wa_id, known_bsuid = _digits(wa_id), identifier(bsuid)
    if known_wa_id is None and known_bsuid is None:
        return None
    return Sender(wa_id=known_wa_id, bsuid=known_bsuid)


def author(message: Mapping[str, object], contact: Mapping[str, object]) -> Sender | None:
    """Return who wrote *message*; an id it lacks is taken from their *contact*.

    What WhatsApp itself says of a person is theirs, by the ids they had until then.
    """
    former = mapping(message.get("system")).get("customer")
    return sender(
        message.get("from") or contact.get("wa_id") or former,
        message.get("from_user_id") or contact.get("user_id"),
    )


def _digits(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    digits = value.removeprefix("+")
    readable = digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST_WA_ID
    return digits if readable else None


def error_code(value: object) -> int | None:
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_CODE
    return value if known and isinstance(value, int) else None


def reason(error: Mapping[str, object]) -> str | None:
    """Return what Meta says about an error of its own."""
    details = mapping(error.get("error_data")).get("details") or error.get("message")
    return prose(details, longest=_LONGEST_REASON)

"""Ids as Meta makes them, and the several spellings of one phone number."""

import base64
import hashlib
import secrets

_COUNTRIES = {
    "1": "US",
    "27": "ZA",
    "31": "NL",
    "32": "BE",
    "33": "FR",
    "34": "ES",
    "39": "IT",
    "44": "GB",
    "49": "DE",
    "52": "MX",
    "54": "AR",
    "55": "BR",
    "91": "IN",
}


def new_wamid(party: str, *, outgoing: bool) -> str:
    """A fresh message id; like Meta's it is base64 and shows *party* in clear once decoded."""
    number = party.encode()[:64]
    token = secrets.token_hex(9).upper().encode()
    kind = b"\x11" if outgoing else b"\x12"
    raw = b"\x1d\x18" + bytes([len(number)]) + number + b"\x15\x02\x00" + kind + b"\x18\x12"
    return "wamid." + base64.b64encode(raw + token + b"\x00").decode()


def bsuid_of(wa_id: str, *, business: str) -> str:
    """The business-scoped user id of a number: always the same for the same *business*."""
    digest = hashlib.sha256(f"{business}:{wa_id}".encode()).digest()
    return f"{country_of(wa_id)}.{int.from_bytes(digest[:7], 'big'):017d}"


def country_of(wa_id: str) -> str:
    """ISO code of the country a number belongs to; ``ZZ`` for one this desk does not know."""
    return _COUNTRIES.get(wa_id[:2]) or _COUNTRIES.get(wa_id[:1], "ZZ")


def new_media_id() -> str:
    return str(10**14 + secrets.randbelow(9 * 10**14))


def digits(number: str) -> str:
    """*number* as a wa_id: no plus, no spaces, no brackets."""
    return "".join(char for char in number if char in "0123456789")


def spellings(wa_id: str) -> tuple[str, ...]:
    """Every wa_id that may be meant by *wa_id*, itself first (Brazil, Mexico, Argentina)."""
    for country, area, infix in (("55", 2, "9"), ("52", 0, "1"), ("54", 0, "9")):
        if wa_id.startswith(country):
            head, rest = wa_id[: len(country) + area], wa_id[len(country) + area :]
            return wa_id, head + infix + rest, head + rest.removeprefix(infix)
    return (wa_id,)

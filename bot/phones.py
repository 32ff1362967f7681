"""Phone numbers: what people type, what WhatsApp calls them, and the spellings of one number."""

import re

from bot.models import Phone

E164 = re.compile(r"\+[1-9][0-9]{6,14}")

# Countries where WhatsApp's id of a mobile may differ from the number its owner dials.
# Meta alters these prefixes by design (Cloud API, "Phone numbers"); a landline is never touched.
_MEXICO = re.compile(r"52(1?)(\d{10})")
_ARGENTINA_MOBILE = re.compile(r"549(\d{10})")
_BRAZIL_MOBILE = re.compile(r"55([1-9]\d)(9?)([6-9]\d{7})")


def phone(text: str) -> Phone | None:
    """Return *text* as a number in E.164 with plus, or None where it is not one."""
    return Phone(text) if E164.fullmatch(text) else None


def spellings(wa_id: str) -> list[Phone]:
    """Return the numbers that may be the one WhatsApp calls *wa_id*, itself first.

    For looking people up only: replies go to the id a message came with.
    """
    return [Phone(f"+{digits}") for digits in (wa_id, *_others(wa_id))]


def _others(wa_id: str) -> list[str]:
    if mexico := _MEXICO.fullmatch(wa_id):
        one, number = mexico.groups()
        return [f"52{number}"] if one else [f"521{number}"]
    if argentina := _ARGENTINA_MOBILE.fullmatch(wa_id):
        return [f"54{argentina[1]}"]  # never the other way: 54… may be somebody's landline
    if brazil := _BRAZIL_MOBILE.fullmatch(wa_id):
        area, nine, number = brazil.groups()
        return [f"55{area}{number}"] if nine else [f"55{area}9{number}"]
    return []

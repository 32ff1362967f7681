"""JSON text that can be stored and read again, whatever Meta or a stranger put into it."""

import json
import math

from bot.errors import NotADelivery
from bot.whatsapp.fields import items

_LONGEST_NUMBER = 1_000  # characters; int() refuses more than 4,300 digits


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _decimal(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


# Numbers that Python or JSON cannot hold (10,000 digits, 1e999, NaN) stay text. Not strict: a raw
# control character in somebody's words is no reason to lose them.
decode = json.JSONDecoder(
    parse_int=_integer, parse_float=_decimal, parse_constant=str, strict=False
).decode

# Both write ASCII. The canonical text of a value does not depend on the order of its keys.
compact = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
canonical = json.JSONEncoder(separators=(",", ":"), check_circular=False, sort_keys=True).encode


def document(body: bytes) -> dict[str, object] | None:
    """Return the JSON object in *body*, or raise NotADelivery.

    None: it is nested too deeply for any parser of ours.
    """
    try:
        found = decode(body.decode())
    except RecursionError:
        return None
    except ValueError:  # not JSON, or not UTF-8; the original would quote the body
        raise NotADelivery("not JSON") from None
    if not isinstance(found, dict):
        raise NotADelivery("not a JSON object")
    return found


def raw(body: bytes) -> str:
    """Return *body* as one JSON string."""
    return json.dumps(body.decode(errors="replace"))


def deeper_than(levels: int, value: object) -> bool:
    """Tell whether *value* is nested deeper, without recursion."""
    layer = [value]
    for _ in range(levels):
        layer = [child for node in layer for child in _children(node)]
    return bool(layer)


def _children(node: object) -> list[object]:
    return list(node.values()) if isinstance(node, dict) else items(node)

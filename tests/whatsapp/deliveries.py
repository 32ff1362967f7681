"""Deliveries for the tests: recorded ones, and made-up ones around single items."""

import json
from pathlib import Path
from typing import Any

from bot.models import Update
from bot.whatsapp import wire

OUR_NUMBER = "900100200300"  # phone_number_id
_SAMPLES = Path(__file__).parent / "samples"


def sample(name: str) -> bytes:
    return (_SAMPLES / f"{name}.json").read_bytes()


def message(**fields: object) -> dict[str, Any]:
    """Return a good text message with *fields* changed; None takes a field away."""
    known = {"from": "31600000001", "id": "wamid.AAA", "timestamp": "1790000001"}
    words = {"type": "text", "text": {"body": "hi"}}
    changed = {name.rstrip("_"): value for name, value in fields.items()}
    return {name: v for name, v in {**known, **words, **changed}.items() if v is not None}


def delivery(*messages: object, **value: object) -> bytes:
    """Return the delivery of *messages*, or of any other *value*, to our number."""
    content = {"metadata": {"phone_number_id": OUR_NUMBER}, "messages": messages, **value}
    return envelope({"field": "messages", "value": content})


def envelope(*changes: object) -> bytes:
    entry = {"id": "700100200300", "changes": changes}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def deliver(body: bytes) -> tuple[Update, ...]:
    return wire.parse(body, phone_number_id=OUR_NUMBER).updates


def only(body: bytes) -> Update:
    [update] = deliver(body)
    return update

"""Signed deliveries as whole HTTP requests, made before the clock starts."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

PHONE_NUMBER_ID = "900100200300"
APP_SECRET = "app-secret-of-the-benchmarks"
FIRST_PHONE = 31_600_000_000  # phone numbers count up from here

_wamids = itertools.count()


def text(sender: int, body: str = "Good morning, how did you sleep?") -> dict[str, Any]:
    """Return a new message from the *sender*-th person."""
    return {
        "from": str(FIRST_PHONE + sender),
        "id": f"wamid.HBgLMzE2MDAwMDAwMDAVAgASGBQz{next(_wamids):024d}AA==",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": body},
    }


def status(wamid: str, send_id: str, recipient: int) -> dict[str, Any]:
    """Return Meta's word that something we sent was delivered."""
    return {
        "id": wamid,
        "status": "delivered",
        "timestamp": str(int(time.time())),
        "recipient_id": str(FIRST_PHONE + recipient),
        "biz_opaque_callback_data": send_id,
        "conversation": {"id": "8f2c5b7e0d7d4bd0a4b1", "origin": {"type": "service"}},
        "pricing": {"billable": False, "pricing_model": "PMP", "category": "service"},
    }


def of_texts(messages: Sequence[dict[str, Any]]) -> bytes:
    """Return one request that delivers *messages*."""
    contacts = [
        {"profile": {"name": "Ada"}, "wa_id": sender}
        for sender in dict.fromkeys(message["from"] for message in messages)
    ]
    return _request({"contacts": contacts, "messages": list(messages)})


def of_statuses(statuses: Iterable[dict[str, Any]]) -> bytes:
    """Return one request that delivers *statuses*."""
    return _request({"statuses": list(statuses)})


def single_texts(count: int, *, senders: int) -> list[bytes]:
    """Return *count* requests with one text each, from *senders* people in turn."""
    return [of_texts([text(number % senders)]) for number in range(count)]


def _request(items: dict[str, Any]) -> bytes:
    metadata = {"display_phone_number": "15550001111", "phone_number_id": PHONE_NUMBER_ID}
    value = {"messaging_product": "whatsapp", "metadata": metadata} | items
    entry = {"id": "700100200300", "changes": [{"value": value, "field": "messages"}]}
    document = {"object": "whatsapp_business_account", "entry": [entry]}
    body = json.dumps(document, separators=(",", ":")).encode()
    signature = hmac.digest(APP_SECRET.encode(), body, hashlib.sha256).hex()
    head = (
        "POST /webhook HTTP/1.1\r\n"
        "Host: ava.example.com\r\n"
        "User-Agent: facebookexternalua\r\n"
        "Accept: */*\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\n\r\n"
    )
    return head.encode() + body

"""One item of a delivery as the update that the inbox keeps.

These run before Meta gets its answer, so they read only what the inbox needs.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from bot.models import Rename, ReplyStatus, SendId, StatusReport, Update, UpdateKind, Wamid
from bot.whatsapp import codec
from bot.whatsapp.errors import cure
from bot.whatsapp.fields import (
    LONGEST_ID,
    author,
    error_code,
    identifier,
    items,
    mapping,
    moment,
    prose,
    reason,
)

_Json = Mapping[str, object]

RENAMES = "user_id_update"

_LONGEST_NAME = 255  # characters of what people call themselves
_DEEPEST = 100  # levels in a message; Meta's have about 6
_NOT_SAID = ("reaction", "edit", "revoke")
_STATUSES = {
    "sent": ReplyStatus.SENT,
    "delivered": ReplyStatus.DELIVERED,
    "read": ReplyStatus.READ,
    "played": ReplyStatus.READ,  # a voice note, for the first time
    "failed": ReplyStatus.FAILED,
}


def message(item: object, contacts: Mapping[str, _Json]) -> Update | None:
    """None: it cannot be answered. A group's messages never are.

    contacts: by each of their ids.
    """
    if not isinstance(item, dict) or item.get("group_id"):
        return None
    contact = _contact_of(item, contacts)
    wamid, sender = identifier(item.get("id")), author(item, contact)
    key = f"message:{wamid}"
    payload = codec.compact({"message": item, "contact": _brief(contact)})
    if wamid is None or sender is None or len(key) > LONGEST_ID or _too_deep(payload):
        return None
    return Update(
        key=key,
        kind=UpdateKind.MESSAGE,
        payload=payload,
        sender=sender,
        text=_text_of(item),
        sent_at=moment(item.get("timestamp")),
        is_said=item.get("type") not in _NOT_SAID,
    )


def status(item: object) -> Update | None:
    """None: it does not say what became of which message of ours."""
    known = mapping(item)
    wamid, name = identifier(known.get("id")), identifier(known.get("status"))
    reached = _STATUSES.get(name or "")
    recipient = known.get("recipient_id") or known.get("recipient_user_id") or ""
    if wamid is None or reached is None or not isinstance(recipient, str):
        return None
    key = f"status:{wamid}:{name}:{recipient}"
    if identifier(key) is None:
        return None
    return Update(
        key=key,
        kind=UpdateKind.STATUS,
        payload=codec.compact({"status": item}),
        sent_at=moment(known.get("timestamp")),
        report=_report(known, Wamid(wamid), reached),
    )


def rename(item: object) -> Update:
    """Keep an item of the field user_id_update, and say what it renames if that can be read."""
    known = mapping(item)
    ids = mapping(known.get("user_id"))
    kept = replace(other({"field": RENAMES, "item": item}), sent_at=moment(known.get("timestamp")))
    previous, current = identifier(ids.get("previous")), identifier(ids.get("current"))
    if previous is None or current is None or previous == current:
        return kept
    return replace(kept, rename=Rename(previous=previous, current=current))


def other(content: Mapping[str, object]) -> Update:
    """Keep *content* as it came."""
    return _kept(codec.canonical(content))


def whole(body: bytes) -> Update:
    """Keep a delivery that cannot be taken apart."""
    return _kept(codec.raw(body))


def _kept(payload: str) -> Update:
    digest = hashlib.sha256(payload.encode()).hexdigest()
    return Update(key=f"other:{digest}", kind=UpdateKind.OTHER, payload=payload)


def _brief(contact: _Json) -> dict[str, object]:
    """What is used of a contact; one that is large would be copied into every message of theirs."""
    ids = {
        name: contact[name] for name in ("wa_id", "user_id", "parent_user_id") if name in contact
    }
    name = prose(mapping(contact.get("profile")).get("name"), longest=_LONGEST_NAME)
    return {**ids, "profile": {"name": name}} if name else ids


def _contact_of(item: _Json, contacts: Mapping[str, _Json]) -> _Json:
    for name in ("from", "from_user_id", "from_parent_user_id"):
        if isinstance(known := item.get(name), str) and known in contacts:
            return contacts[known]
    return {}


def _too_deep(payload: str) -> bool:
    """Tell whether reading it again, from a deeper stack, might fail."""
    opened = payload.count("{") + payload.count("[")  # cheap, and never too few
    return opened > _DEEPEST and codec.deeper_than(_DEEPEST, codec.decode(payload))


def _text_of(item: _Json) -> str | None:
    return prose(mapping(item.get("text")).get("body")) if item.get("type") == "text" else None


def _report(item: _Json, wamid: Wamid, reached: ReplyStatus) -> StatusReport:
    error = mapping(next(iter(items(item.get("errors"))), None))
    code = error_code(error.get("code"))
    return StatusReport(
        wamid=wamid,
        send_id=_send_id(item.get("biz_opaque_callback_data")),
        status=reached,
        error_code=code,
        error_details=reason(error),
        cure=None if code is None else cure(code),
    )


def _send_id(value: object) -> SendId | None:
    try:
        return SendId(UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None

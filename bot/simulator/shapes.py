"""The JSON of Meta's webhooks: built here, so that everything else speaks of people and messages.

https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from bot.simulator.config import Json, SimulatorConfig
from bot.simulator.values import Person, SentMessage, Status

WABA_ID = "102030405060708"
_PRICED = (Status.SENT, Status.DELIVERED)


def contact(person: Person) -> Json:
    """Who somebody is; without a number for a person who hides it."""
    shown: Json = {"profile": {"name": person.name}, "user_id": person.bsuid}
    if person.wa_id:
        shown["wa_id"] = person.wa_id
    return shown


def incoming(person: Person, item: Json, *, wamid: str, at: float) -> Json:
    """*item* as it arrives: what it does not say itself is filled in."""
    sender = {"from": person.wa_id} if person.wa_id else {}
    stamp = {"id": wamid, "timestamp": str(int(at))}
    return {**sender, "from_user_id": person.bsuid, **stamp, **item}


def message_change(config: SimulatorConfig, item: Json, who: Json) -> Json:
    """One message from a person. System messages come without contacts."""
    contacts = {} if item.get("type") == "system" else {"contacts": [who]}
    return change(config, {**contacts, "messages": [item]})


def status_change(
    config: SimulatorConfig,
    message: SentMessage,
    *,
    person: Person | None,
    at: float,
) -> Json:
    """Meta's word on a message of the bot; a failed one comes without contacts."""
    status = message.status
    item: Json = {"id": message.wamid, "status": status, "timestamp": str(int(at))}
    item |= _recipient(message, person, failed=status == Status.FAILED)
    if message.callback_data is not None:
        item["biz_opaque_callback_data"] = message.callback_data
    if status == Status.FAILED:
        item["errors"] = [_error(message.error or 131000)]
        return change(config, {"statuses": [item]})
    if status in _PRICED and message.type != "reaction":
        item["pricing"] = {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "service",
        }
    contacts = {"contacts": [contact(person)]} if person else {}
    return change(config, {**contacts, "statuses": [item]})


def _recipient(message: SentMessage, person: Person | None, *, failed: bool) -> Json:
    if person is None:
        return {"recipient_id": message.chat}
    if failed and person.wa_id:
        return {"recipient_id": person.wa_id}
    number = {"recipient_id": person.wa_id} if person.wa_id else {}
    return {**number, "recipient_user_id": person.bsuid}


def _error(code: int) -> Json:
    from_meta = "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes"
    title = f"Error {code}"
    details = {"details": "The simulator was asked to fail this message."}
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": details,
        "href": from_meta,
    }


def change(config: SimulatorConfig, value: Json, *, field: str = "messages") -> Json:
    """One change of a subscribed *field*."""
    if field != "messages":
        return {"field": field, "value": value}
    number = {
        "display_phone_number": config.display_phone_number,
        "phone_number_id": config.phone_number_id,
    }
    envelope = {"messaging_product": "whatsapp", "metadata": number}
    return {"field": field, "value": {**envelope, **value}}


def delivery(changes: Sequence[Json]) -> Json:
    """One POST: neighbours of a kind share a change, as Meta packs them."""
    packed = [
        _merged(list(group)) if mergeable else one
        for mergeable, group in groupby(changes, key=_kind)
        for one in ([None] if mergeable else list(group))
    ]
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": WABA_ID, "changes": packed}],
    }


def _kind(item: Json) -> str | None:
    """What a change carries, when it may share: "messages" or "statuses"."""
    if item["field"] != "messages":
        return None
    return next((key for key in ("messages", "statuses") if key in item["value"]), None)


def _merged(changes: Sequence[Json]) -> Json:
    merged: Json = {**changes[0], "value": dict(changes[0]["value"])}
    for key in ("contacts", "messages", "statuses"):
        items = [item for one in changes for item in one["value"].get(key, [])]
        if items:
            merged["value"][key] = _unique(items) if key == "contacts" else items
    return merged


def _unique(items: Iterable[Json]) -> list[Json]:
    seen: list[Json] = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen

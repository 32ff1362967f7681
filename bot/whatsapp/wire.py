"""Meta's deliveries: signature, bytes to updates, and a stored update to the message it is.

Pure functions without I/O. Shapes:
https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/components
"""

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice

from bot.errors import BadSignature
from bot.inbound import Inbound
from bot.models import Update, UpdateKind, Wamid
from bot.whatsapp import codec, updates
from bot.whatsapp.contents import content_of
from bot.whatsapp.fields import author, identifier, items, mapping, moment, prose

_Json = Mapping[str, object]
_Build = Callable[[], Update]

_OBJECT = "whatsapp_business_account"
_MOST_ITEMS = 5_000  # in a delivery; Meta packs at most 1,000
_ORDER = (UpdateKind.MESSAGE, UpdateKind.STATUS, UpdateKind.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one POST brought: messages, then statuses, then the rest, each in Meta's order.

    ignored: how many items were for another phone number of the same account.
    """

    updates: tuple[Update, ...]
    ignored: int


def verify(body: bytes, *, signature: str, secret: bytes) -> None:
    """Raise BadSignature unless *signature* (``X-Hub-Signature-256``) signs *body*."""
    expected = b"sha256=" + hmac.digest(secret, body, "sha256").hex().encode()
    given = signature.encode(errors="replace")  # bytes: compare_digest refuses non-ASCII text
    if not secret or not hmac.compare_digest(expected, given):
        raise BadSignature


def parse(body: bytes, *, phone_number_id: str) -> Delivery:
    """Return the updates in *body*; raise NotADelivery where it is not a JSON object.

    Whatever cannot be read as a message or a status is kept as it came.
    """
    document = codec.document(body)
    if document is None:
        return Delivery(updates=(updates.whole(body),), ignored=0)
    kept: list[Update] = []
    ignored = 0
    for field, value in _changes(document):
        found = list(islice(_found(field, value), _MOST_ITEMS))
        if len(found) + len(kept) + ignored >= _MOST_ITEMS:
            return Delivery(updates=(updates.whole(body),), ignored=0)
        if _for_another_number(value, phone_number_id):
            ignored += len(found)
        else:
            kept += [_built(build, body) for build in found]
    kept.sort(key=lambda update: _ORDER.index(update.kind))
    return Delivery(updates=tuple(kept), ignored=ignored)


def inbound(payload: str) -> Inbound:
    """Return the message in the *payload* of an update of kind MESSAGE."""
    stored = mapping(codec.decode(payload))
    message, contact = mapping(stored.get("message")), mapping(stored.get("contact"))
    wamid, sender = identifier(message.get("id")), author(message, contact)
    if wamid is None or sender is None:
        raise ValueError("not the payload of a message")
    context, ad = mapping(message.get("context")), mapping(message.get("referral"))
    quoted = identifier(context.get("id"))
    return Inbound(
        id=Wamid(wamid),
        sender=sender,
        sent_at=moment(message.get("timestamp")),
        content=content_of(message),
        profile_name=prose(mapping(contact.get("profile")).get("name")) or None,
        quoted=Wamid(quoted) if quoted else None,
        forwarded=True in (context.get("forwarded"), context.get("frequently_forwarded")),
        from_ad=prose(ad.get("headline")) or prose(ad.get("body")) or None,
    )


def _changes(document: _Json) -> Iterator[tuple[object, object]]:
    """Yield field and value of every change; what is no change comes whole, with field None."""
    entries = document.get("entry")
    if document.get("object", _OBJECT) != _OBJECT or not isinstance(entries, list):
        yield None, document
        return
    for entry in entries:
        changes = mapping(entry).get("changes")
        if isinstance(changes, list):
            yield from map(_field_and_value, changes)
        else:
            yield None, entry


def _field_and_value(change: object) -> tuple[object, object]:
    if isinstance(change, dict) and "value" in change:
        return change.get("field"), change["value"]
    return None, change


def _found(field: object, value: object) -> Iterator[_Build]:
    """Yield for each item of a change what makes it an update."""
    if field == updates.RENAMES and (renames := items(mapping(value).get(updates.RENAMES))):
        yield from (partial(updates.rename, item) for item in renames)
        return
    known = mapping(value) if field == "messages" else {}
    parts = [name for name in ("messages", "statuses", "errors") if name in known]
    if not parts:
        yield partial(updates.other, {"field": field, "value": value})
    contacts = _by_id(known.get("contacts"))
    for name in parts:
        if not isinstance(part := known[name], list):
            yield partial(_unread, {name: part})
        elif name == "messages":
            yield from (partial(_message, item, contacts) for item in part)
        elif name == "statuses":
            yield from (partial(_status, item) for item in part)
        else:  # errors that belong to no message
            yield from (partial(_unread, {name: [item]}) for item in part)


def _by_id(contacts: object) -> dict[str, _Json]:
    """Return every contact under each of its ids: nothing is promised about their order."""
    found: dict[str, _Json] = {}
    for contact in map(mapping, items(contacts)):
        for name in ("wa_id", "user_id", "parent_user_id"):
            if isinstance(known := contact.get(name), str):
                found[known] = contact
    return found


def _for_another_number(value: object, phone_number_id: str) -> bool:
    """Tell whether *value* says so; several numbers of an account share one webhook."""
    named = mapping(mapping(value).get("metadata")).get("phone_number_id")
    return isinstance(named, str) and named not in ("", phone_number_id)


def _built(build: _Build, body: bytes) -> Update:
    try:
        return build()
    except RecursionError:  # an item that can be read but not written
        return updates.whole(body)


def _message(item: object, contacts: Mapping[str, _Json]) -> Update:
    return updates.message(item, contacts) or _unread(item)


def _status(item: object) -> Update:
    return updates.status(item) or _unread(item)


def _unread(item: object) -> Update:
    return updates.other({"field": "messages", "item": item})

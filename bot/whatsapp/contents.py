"""What a message holds, type by type.

Shapes: https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks/reference/messages
A reader returns None for what is not of its shape; the message is then unreadable, never an error.
"""

from collections.abc import Callable, Mapping
from functools import partial

from bot.inbound import (
    CallPermission,
    Choice,
    ContactCards,
    Content,
    Edited,
    FormAnswer,
    IdentityChanged,
    Location,
    Media,
    MediaKind,
    Order,
    Reaction,
    Revoked,
    Text,
    Unreadable,
    Welcome,
)
from bot.models import Wamid
from bot.whatsapp.fields import identifier, items, mapping, prose, sender

_Json = Mapping[str, object]

_LONGEST_NAME = 255  # characters: kinds, file names, names on contact cards
_OLD_SPELLINGS = {"customer_changed_number": "user_changed_number"}
_MOVES = ("user_changed_number", "user_changed_user_id")  # the kinds whose ids are new ones


def content_of(message: _Json) -> Content:
    """Return what *message* (one of ``messages[]``) holds; any type that is new is unreadable."""
    kind = (identifier(message.get("type")) or "unknown")[:_LONGEST_NAME]
    read = _READERS.get(kind)
    return (read and read(message)) or Unreadable(kind=kind)


def _text(message: _Json) -> Content | None:
    body = prose(mapping(message.get("text")).get("body"))
    return None if body is None else Text(body=body)


def _media(kind: MediaKind, message: _Json) -> Content | None:
    media = mapping(message.get(kind))
    media_id = identifier(media.get("id"))
    if media_id is None:
        return None
    mime_type = identifier(media.get("mime_type"))
    return Media(
        kind=kind,
        media_id=media_id,
        mime_type=mime_type and mime_type.partition(";")[0].strip(),
        caption=prose(media.get("caption")),
        filename=prose(media.get("filename"), longest=_LONGEST_NAME),
        voice=media.get("voice") is True,
    )


def _location(message: _Json) -> Content | None:
    place = mapping(message.get("location"))
    latitude = _degrees(place.get("latitude"), most=90)
    longitude = _degrees(place.get("longitude"), most=180)
    if latitude is None or longitude is None:
        return None
    return Location(
        latitude=latitude,
        longitude=longitude,
        name=prose(place.get("name")),
        address=prose(place.get("address")),
    )


def _degrees(value: object, *, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        return None
    return float(value)


def _contacts(message: _Json) -> Content | None:
    cards = [mapping(card) for card in items(message.get("contacts"))]
    if not cards:
        return None
    # The origin was seen on the card and on the message.
    return ContactCards(
        names=tuple(name for card in cards if (name := _name_on(card))),
        requested=any(part.get("origin") == "contact_request" for part in (message, *cards)),
    )


def _name_on(card: _Json) -> str | None:
    name = mapping(card.get("name"))
    whole = prose(name.get("formatted_name"), longest=_LONGEST_NAME)
    parts = (prose(name.get(part), longest=_LONGEST_NAME) for part in ("first_name", "last_name"))
    return whole or " ".join(part for part in parts if part) or None


def _reaction(message: _Json) -> Content | None:
    reaction = mapping(message.get("reaction"))
    to = identifier(reaction.get("message_id"))
    # A reaction that was taken away has an empty emoji, or none.
    emoji = prose(reaction.get("emoji"), longest=_LONGEST_NAME) or None
    return Reaction(to=Wamid(to), emoji=emoji) if to else None


def _interactive(message: _Json) -> Content | None:
    interactive = mapping(message.get("interactive"))  # absent where value.errors has a 131000
    kind = identifier(interactive.get("type")) or ""
    read = _INTERACTIVE_READERS.get(kind)
    return read and read(mapping(interactive.get(kind)))


def _choice(reply: _Json) -> Content | None:
    return _chosen(reply.get("id"), reply.get("title"))


def _button(message: _Json) -> Content | None:
    button = mapping(message.get("button"))
    return _chosen(button.get("payload"), button.get("text"))


def _chosen(choice_id: object, title: object) -> Content | None:
    known_id, known_title = prose(choice_id), prose(title)
    if not (known_id or known_title):
        return None
    return Choice(id=known_id or known_title or "", title=known_title or known_id or "")


def _form_answer(reply: _Json) -> Content | None:
    response = prose(reply.get("response_json"))
    name = prose(reply.get("name"), longest=_LONGEST_NAME)
    return None if response is None else FormAnswer(name=name, response=response)


def _call_permission(reply: _Json) -> Content | None:
    response = reply.get("response")
    return CallPermission(granted=response == "accept") if isinstance(response, str) else None


def _order(message: _Json) -> Content | None:
    order = message.get("order")
    if not isinstance(order, dict):
        return None
    products = items(order.get("product_items"))
    return Order(text=prose(order.get("text")) or None, product_count=len(products))


def _system(message: _Json) -> Content | None:
    system = mapping(message.get("system"))
    kind = identifier(system.get("type"))
    if kind is None:
        return None
    kind = _OLD_SPELLINGS.get(kind, kind)
    new = sender(system.get("new_wa_id") or system.get("wa_id"), system.get("user_id"))
    return IdentityChanged(kind=kind, new=new if kind in _MOVES else None)


def _welcome(_: _Json) -> Content:
    return Welcome()


def _edit(message: _Json) -> Content | None:
    edit = mapping(message.get("edit"))
    original = identifier(edit.get("original_message_id"))
    body = prose(mapping(mapping(edit.get("message")).get("text")).get("body"))
    return Edited(original=Wamid(original), body=body) if original else None


def _revoke(message: _Json) -> Content | None:
    original = identifier(mapping(message.get("revoke")).get("original_message_id"))
    return Revoked(original=Wamid(original)) if original else None


_Reader = Callable[[_Json], Content | None]

_INTERACTIVE_READERS: Mapping[str, _Reader] = {
    "button_reply": _choice,
    "list_reply": _choice,
    "nfm_reply": _form_answer,
    "call_permission_reply": _call_permission,
}

_READERS: Mapping[str, _Reader] = {
    "text": _text,
    **{kind.value: partial(_media, kind) for kind in MediaKind},
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "system": _system,
    "request_welcome": _welcome,
    "edit": _edit,
    "revoke": _revoke,
}

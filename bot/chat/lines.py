"""From what WhatsApp delivers to a line of the conversation."""

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
    Order,
    Reaction,
    Revoked,
    Text,
    Unreadable,
    Welcome,
)
from bot.models import Line

_LONGEST_KIND = 40  # characters; the name of an unknown type comes from outside


def line_of(content: Content) -> Line | None:  # noqa: PLR0911  one return for each type
    """Return what goes into the conversation; None for what is no part of one.

    ``Line.text`` can always be stored: it holds no NUL and no lone surrogate.
    """
    match content:
        case Text(body=text) | Choice(title=text):
            return _words(text)
        case Media():
            return _media(content)
        case Location():
            return _place(content)
        case ContactCards(names=names):
            return _labelled("[contact]", ", ".join(names), attachment="contacts")
        case Order(text=text, product_count=count):
            return _words(text, "order") or _unreadable(f"[order: {count} products]", "order")
        case FormAnswer():
            return _unreadable("[form]", "interactive")
        case Unreadable(kind=kind):
            kind = _storable(kind)[:_LONGEST_KIND]
            return _unreadable(f"[{kind.replace('_', ' ')}]", kind)
        case Reaction() | CallPermission() | IdentityChanged() | Welcome() | Edited() | Revoked():
            return None


def _media(media: Media) -> Line:
    label = "[voice note]" if media.voice else f"[{media.kind}]"
    if media.filename:
        label = f"{label} {_storable(media.filename)}"
    return _words(media.caption, media.kind) or _unreadable(label, media.kind)


def _place(place: Location) -> Line:
    # Its label stays: "I am at ..." would put a sentence into the person's mouth.
    known = ", ".join(part for part in (place.name, place.address) if part)
    return _labelled("[location]", known, attachment="location")


def _labelled(label: str, known: str, *, attachment: str) -> Line:
    """Return a line the model may read if anything is *known* beyond the label."""
    if words := _words(known):
        return Line(text=f"{label} {words.text}")
    return _unreadable(label, attachment)


def _words(text: str | None, attachment: str | None = None) -> Line | None:
    text = _storable(text or "")
    if any(char.isprintable() and not char.isspace() for char in text):
        return Line(text=text, attachment=attachment)
    return None


def _unreadable(label: str, attachment: str) -> Line:
    return Line(text=label, readable=False, attachment=attachment)


def _storable(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()

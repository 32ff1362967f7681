"""What a message says, in words: for the page and for assertions."""

from bot.simulator.config import Json

_CAPTIONED = ("image", "video", "document")


def text_of(item: Json) -> str:
    """The words of a message in either direction; empty for one without any."""
    kind = str(item.get("type", ""))
    body = item.get(kind)
    if not isinstance(body, dict):
        return ""
    if kind in _CAPTIONED:
        return str(body.get("caption", ""))
    if kind == "interactive":
        return _interactive(body)
    key = {"text": "body", "reaction": "emoji", "button": "text", "system": "body"}.get(
        kind, "name"
    )
    return str(body.get(key, ""))


def _interactive(body: Json) -> str:
    chosen = body.get(str(body.get("type")))
    if isinstance(chosen, dict):
        return str(chosen.get("title", ""))
    return str(body.get("body", {}).get("text", ""))


def quoted_by(item: Json) -> str | None:
    """The wamid that *item* answers to; people's phones and businesses spell it differently."""
    context = item.get("context")
    if not isinstance(context, dict):
        return None
    return context.get("id") or context.get("message_id")

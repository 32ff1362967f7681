"""What the Graph API demands of a message before it takes it."""

from bot.simulator.config import Json
from bot.simulator.graph_errors import GraphError
from bot.simulator.ids import digits

TYPES = (
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "location",
    "contacts",
    "reaction",
    "interactive",
    "template",
)
_LONGEST = {"text.body": 4096, "caption": 1024, "interactive.body": 1024, "callback": 512}
_MOST_BUTTONS, _LONGEST_BUTTON = 3, 20


def recipient(body: Json) -> str:
    """Digits of ``to``, or the BSUID of ``recipient``; ``to`` wins."""
    if digits(_text(body.get("to"))):
        return digits(_text(body["to"]))
    if _text(body.get("recipient")):
        return _text(body["recipient"])
    raise GraphError(100, "The parameter to is required.")


def check(body: Json) -> None:
    """Raise GraphError unless *body* is a message that Meta would accept."""
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "The parameter messaging_product is required.")
    _at_most(body.get("biz_opaque_callback_data"), "callback", "biz_opaque_callback_data")
    kind = body.get("type", "text")
    if kind not in TYPES:
        allowed = ", ".join(TYPES).upper()
        raise GraphError(100, f'Param type must be one of {{{allowed}}} - got "{kind}".')
    content = body.get(kind)
    if not isinstance(content, list if kind == "contacts" else dict) or not content:
        raise GraphError(131008, f"Parameter '{kind}' is required.")
    if isinstance(content, dict):
        _check_content(kind, content)


def _check_content(kind: str, content: Json) -> None:
    match kind:
        case "text":
            if not _text(content.get("body")).strip():
                raise GraphError(100, "The parameter text['body'] is required.")
            _at_most(content["body"], "text.body", "text['body']")
        case "reaction":
            if "message_id" not in content or "emoji" not in content:
                raise GraphError(131008, "Parameters 'message_id' and 'emoji' are required.")
        case "template":
            if not content.get("name") or not content.get("language"):
                raise GraphError(131008, "Parameters 'name' and 'language' are required.")
        case "interactive":
            _check_interactive(content)
        case "image" | "video" | "audio" | "document" | "sticker":
            if not content.get("id") and not content.get("link"):
                raise GraphError(131008, f"Parameter '{kind}' needs 'id' or 'link'.")
            _at_most(content.get("caption"), "caption", f"{kind}['caption']")
        case _:
            pass  # location: Meta's checks of the numbers are not played


def _check_interactive(content: Json) -> None:
    text = _text(_object(content.get("body")).get("text"))
    _at_most(text, "interactive.body", "interactive['body']['text']")
    buttons = _object(content.get("action")).get("buttons", [])
    if not isinstance(buttons, list) or len(buttons) > _MOST_BUTTONS:
        raise GraphError(131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed: 3")
    for button in buttons:
        title = _text(_object(_object(button).get("reply")).get("title"))
        if not 1 <= len(title) <= _LONGEST_BUTTON:
            raise GraphError(131009, "Button title length invalid. Min length: 1, Max length: 20")


def _at_most(value: object, limit: str, name: str) -> None:
    if len(_text(value)) > _LONGEST[limit]:
        raise GraphError(100, f"Param {name} must be at most {_LONGEST[limit]} characters long.")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}

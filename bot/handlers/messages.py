"""A person's own conversation, on both channels."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from aiohttp import web

from bot.errors import Fault, Invalid
from bot.handlers import requests
from bot.keys import BELL, HISTORY
from bot.models import Message, MessageId

routes = web.RouteTableDef()


@routes.get("/messages")
async def page(request: web.Request) -> web.Response:
    """Newest first; ``next`` is the *before* of the page behind this one, null at the end."""
    caller = await requests.caller(request)
    query = requests.query(request, requests.PageQuery)
    before = _position(query.before) if query.before else None
    found = await request.app[HISTORY].page(caller, limit=query.limit + 1, before=before)
    shown = found[: query.limit]
    more = len(found) > len(shown)
    return web.json_response(
        {
            "messages": [_shape(message) for message in shown],
            "next": _cursor(shown[-1]) if more else None,
        }
    )


@routes.post("/messages")
async def say(request: web.Request) -> web.Response:
    """Start a turn in the app; its reply appears in the list."""
    caller = await requests.caller(request)
    given = await requests.read(request, requests.Saying)
    said = await request.app[HISTORY].say(caller, given.content)
    request.app[BELL].ring()
    return web.json_response({"id": str(said)}, status=HTTPStatus.ACCEPTED)


def _cursor(message: Message) -> str:
    return urlsafe_b64encode(f"{message.created_at.isoformat()}/{message.id}".encode()).decode()


def _position(cursor: str) -> tuple[datetime, MessageId]:
    try:
        created_at, _, message = urlsafe_b64decode(cursor.encode()).decode().partition("/")
        moment = datetime.fromisoformat(created_at).astimezone(UTC)
        return moment, MessageId(UUID(message))
    except (ValueError, OverflowError):
        raise Invalid([Fault("before", "This is not a cursor of this list.")]) from None


def _shape(message: Message) -> dict[str, str | None]:
    return {
        "id": str(message.id),
        "channel": message.channel,
        "role": message.role,
        "content": message.content,
        "status": message.status,
        "created_at": message.created_at.isoformat(),
    }

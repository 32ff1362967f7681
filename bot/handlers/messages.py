"""A person's own conversation, on both channels."""

from aiohttp import web

from bot.handlers import answers, bodies, cursors, idempotency
from bot.handlers.calls import Section
from bot.keys import BELL, HISTORY, PACE
from bot.limits import Act
from bot.models import Caller, MessageId

routes = web.RouteTableDef()
section = Section("Messages", "Your one conversation, whether it was held here or on WhatsApp.")


@routes.get("/messages")
@section.call(gives={200: answers.Messages})
async def page(request: web.Request, caller: Caller, query: bodies.PageQuery) -> web.Response:
    """Read the conversation, newest first."""
    before = cursors.message_position(query.before) if query.before else None
    found = await request.app[HISTORY].page(caller, limit=query.limit + 1, before=before)
    shown, end = cursors.page(found, query.limit, cursors.of_message)
    return answers.Messages(
        messages=[answers.Message.of(message) for message in shown], next=end
    ).response()


@routes.post("/messages")
@section.call(
    gives={202: answers.Said},
    refuses={409: "Make an avatar first; there is nobody to talk with."},
    creates=True,
    limit=Act.SAY,
)
async def say(request: web.Request, caller: Caller, given: bodies.Saying) -> web.Response:
    """Say something in the app. The reply appears in the list."""
    made = idempotency.new_id(request)
    once_as = MessageId(made) if made else None
    said = await request.app[HISTORY].say(caller, given.content, once_as=once_as)
    request.app[BELL].ring(after=request.app[PACE].finished)
    return answers.Said(id=said).response(202)

"""A person's own WhatsApp number: asked for here, linked only by a message sent from it."""

from urllib.parse import quote

from aiohttp import web

from bot.handlers import answers, bodies
from bot.handlers.calls import Section
from bot.keys import GRAPH, PHONE_LINKS, WA_ME
from bot.limits import Act
from bot.models import Caller

routes = web.RouteTableDef()
section = Section("WhatsApp", "Your number. It is yours once a message from it has proved it.")


@routes.get("/preferences")
@section.call(gives={200: answers.Preferences})
async def show(request: web.Request, caller: Caller) -> web.Response:
    """See which number is linked, and which one waits for its code."""
    preferences = await request.app[PHONE_LINKS].preferences(caller)
    return answers.Preferences.of(preferences).response()


@routes.put("/preferences/whatsapp")
@section.call(gives={202: answers.LinkCode}, limit=Act.LINK_CODE)
async def request_link(
    request: web.Request, caller: Caller, given: bodies.PhoneToLink
) -> web.Response:
    """Ask for a number.

    The answer has a code. Send it from that number by WhatsApp within 15 minutes and the number is
    linked; until then it stays pending.
    """
    our_number = await request.app[GRAPH].display_phone_number()
    made = await request.app[PHONE_LINKS].request(caller, given.phone)
    wa_link = f"{request.app[WA_ME]}/{our_number}?text={quote(made.code)}"
    return answers.LinkCode(
        status="pending", code=made.code, wa_link=wa_link, expires_at=made.expires_at
    ).response(202)


@routes.delete("/preferences/whatsapp")
@section.call(gives={204: None})
async def unlink(request: web.Request, caller: Caller) -> web.Response:
    """Give the number up, the linked and the pending one."""
    await request.app[PHONE_LINKS].unlink(caller)
    return web.Response(status=204)

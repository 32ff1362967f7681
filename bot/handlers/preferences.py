"""A person's own WhatsApp number: asked for here, linked only by a message sent from it."""

from http import HTTPStatus
from urllib.parse import quote

from aiohttp import web

from bot import link_codes
from bot.handlers import requests
from bot.keys import GRAPH, PHONE_LINKS, WA_ME

routes = web.RouteTableDef()


@routes.get("/preferences")
async def show(request: web.Request) -> web.Response:
    preferences = await request.app[PHONE_LINKS].preferences(await requests.caller(request))
    pending = preferences.pending
    return web.json_response(
        {
            "whatsapp_phone": preferences.whatsapp_phone,
            "pending": pending
            and {"phone": pending.phone, "expires_at": pending.expires_at.isoformat()},
        }
    )


@routes.put("/preferences/whatsapp")
async def request_link(request: web.Request) -> web.Response:
    """Hand out the code that the phone must send; the number stays pending until it does."""
    caller = await requests.caller(request)
    given = await requests.read(request, requests.PhoneToLink)
    our_number = await request.app[GRAPH].display_phone_number()
    code = link_codes.new_code()
    expires_at = await request.app[PHONE_LINKS].request(caller, given.phone, code)
    body = {
        "status": "pending",
        "code": code,
        "wa_link": f"{request.app[WA_ME]}/{our_number}?text={quote(code)}",
        "expires_at": expires_at.isoformat(),
    }
    return web.json_response(body, status=HTTPStatus.ACCEPTED)


@routes.delete("/preferences/whatsapp")
async def unlink(request: web.Request) -> web.Response:
    await request.app[PHONE_LINKS].unlink(await requests.caller(request))
    return web.Response(status=HTTPStatus.NO_CONTENT)

"""Meta's webhook: prove that it is ours, and take what is delivered."""

import hmac

import structlog
from aiohttp import web

from bot.errors import BadSignature
from bot.keys import BELL, INBOX, PACE, WHATSAPP
from bot.models import UpdateKind
from bot.whatsapp import wire

log = structlog.get_logger()
routes = web.RouteTableDef()

LARGEST_DELIVERY = 3 * 1024 * 1024  # bytes; Meta's limit, aiohttp's own default is 1 MiB


@routes.get("/webhook")
async def verify(request: web.Request) -> web.Response:
    """Answer Meta's challenge when it knows our verify token."""
    token = request.query.get("hub.verify_token", "").encode(errors="replace")
    ours = request.app[WHATSAPP].verify_token.get_secret_value().encode()
    subscribing = request.query.get("hub.mode") == "subscribe"
    if not (hmac.compare_digest(token, ours) and subscribing):
        raise web.HTTPForbidden
    headers = {"X-Content-Type-Options": "nosniff"}  # the body is what the caller sent
    return web.Response(text=request.query.get("hub.challenge", ""), headers=headers)


@routes.post("/webhook")
async def receive(request: web.Request) -> web.Response:
    """Acknowledge a delivery once everything in it is stored; nobody is answered before that.

    Meta repeats for seven days what is not acknowledged, so a store that is down must become a
    503, never a polite 200.
    """
    app, body = request.app, await request.read()
    _verify_signature(request, body)
    delivery = wire.parse(body, phone_number_id=request.app[WHATSAPP].phone_number_id)
    pace = app[PACE]  # how long to wait for the rest of a burst; what comes later moves it
    new = await app[INBOX].take([(update, pace.after(update.text)) for update in delivery.updates])
    if any(update.sender for update in delivery.updates):
        app[BELL].ring()
    log.info(
        "delivery.stored",
        updates=len(delivery.updates),
        new=new,
        ignored=delivery.ignored,
        unread=sum(update.kind is UpdateKind.OTHER for update in delivery.updates),
    )
    return web.Response()


def _verify_signature(request: web.Request, body: bytes) -> None:
    secret = request.app[WHATSAPP].app_secret.get_secret_value().encode()
    try:
        wire.verify(body, signature=request.headers.get("X-Hub-Signature-256", ""), secret=secret)
    except BadSignature:
        log.warning("delivery.refused", reason="signature", size=len(body))
        raise

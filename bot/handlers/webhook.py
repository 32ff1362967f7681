"""Meta's webhook: prove that it is ours, and take what is delivered."""

import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from aiohttp import web

from bot.errors import BadSignature
from bot.handlers import bodies
from bot.handlers.calls import Section
from bot.keys import BELL, INBOX, METRICS, PACE, WHATSAPP
from bot.metrics import Metrics
from bot.models import ReplyStatus, Update, UpdateKind
from bot.store.ports import Inbox
from bot.timings import Timings
from bot.whatsapp import wire

log = structlog.get_logger()
routes = web.RouteTableDef()
section = Section("WhatsApp webhook", "For Meta alone.")

LARGEST_DELIVERY = 3 * 1024 * 1024  # bytes; Meta's limit, aiohttp's own default is 1 MiB


@routes.get("/webhook")
@section.call(gives={200: "text/plain"}, refuses={403: "That is not our verify token."})
async def verify(request: web.Request, asked: bodies.Subscription) -> web.Response:
    """Prove that this is the address that Meta was told: answer its challenge."""
    ours = request.app[WHATSAPP].verify_token.get_secret_value().encode()
    known = hmac.compare_digest(asked.verify_token.encode(), ours)
    if not (known and asked.mode == "subscribe"):
        raise web.HTTPForbidden
    headers = {"X-Content-Type-Options": "nosniff"}  # the body is what the caller sent
    return web.Response(text=asked.challenge, headers=headers)


@routes.post("/webhook")
@section.call(
    gives={200: None},
    request_headers={
        "X-Hub-Signature-256": "`sha256=` and the HMAC of the body with the app secret."
    },
    refuses={
        400: "The body is not a JSON object.",
        401: "The signature does not fit the body.",
        413: "The body is larger than 3 MiB.",
        503: "It could not be stored. Meta sends it again, for seven days.",
    },
    raw_body=bodies.Delivery,
)
async def receive(request: web.Request) -> web.Response:
    """Acknowledge a delivery once everything in it is stored; nobody is answered before that."""
    # Meta repeats what is not acknowledged, so a store that is down must never be a polite 200.
    app, timings = request.app, Timings()
    body = await request.read()
    timings.lap("read")
    _verify_signature(request, body)
    timings.lap("verify")
    delivery = wire.parse(body, phone_number_id=app[WHATSAPP].phone_number_id)
    pace = app[PACE]  # how long to wait for the rest of a burst; what comes later moves it
    waits = [(update, pace.after(update.text)) for update in delivery.updates]
    timings.lap("parse")
    new = await _store(app[INBOX], waits, timings)
    if due := [wait for update, wait in waits if update.sender and update.is_said]:
        app[BELL].ring(after=min(due))
    _close(app[METRICS], delivery, new, timings.milliseconds())
    return web.Response()


async def _store(inbox: Inbox, waits: Sequence[tuple[Update, timedelta]], timings: Timings) -> int:
    """Return how many are new; where it fails, this writes the one line about the delivery."""
    try:
        new = await inbox.take(waits)
    except Exception as exc:
        timings.lap("store")
        log.warning(
            "delivery.failed",
            reason=type(exc).__name__,
            updates=len(waits),
            milliseconds=timings.milliseconds(),
        )
        raise
    timings.lap("store")
    return new


def _close(
    metrics: Metrics, delivery: wire.Delivery, new: int, milliseconds: Mapping[str, float]
) -> None:
    """Count what was stored, and write the one line about it."""
    kinds = Counter[str](update.kind for update in delivery.updates)
    metrics.delivered(kinds, milliseconds)
    if new and kinds[UpdateKind.STATUS]:  # a copy of what came before counts nothing
        _count_failures(metrics, delivery)
    log.info(
        "delivery.stored",
        updates=len(delivery.updates),
        new=new,
        ignored=delivery.ignored,
        unread=kinds[UpdateKind.OTHER],
        milliseconds=milliseconds,
    )


def _count_failures(metrics: Metrics, delivery: wire.Delivery) -> None:
    for update in delivery.updates:
        if (report := update.report) and report.status is ReplyStatus.FAILED:
            metrics.sent("failed", report.error_code)
            log.warning("send.failed", code=report.error_code, cure=report.cure)


def _verify_signature(request: web.Request, body: bytes) -> None:
    secret = request.app[WHATSAPP].app_secret.get_secret_value().encode()
    try:
        wire.verify(body, signature=request.headers.get("X-Hub-Signature-256", ""), secret=secret)
    except BadSignature:
        log.warning("delivery.refused", reason="signature", size=len(body))
        raise

"""Whether Ava lives, and whether it can work."""

from datetime import timedelta
from http import HTTPStatus

from aiohttp import web

from bot.errors import Unavailable
from bot.keys import HEALTH

routes = web.RouteTableDef()

_WAITING_TOO_LONG = timedelta(minutes=2)  # somebody is due for this long and nobody attends


@routes.get("/health")
async def health(_: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


@routes.get("/ready")
async def ready(request: web.Request) -> web.Response:
    """200, or 503 and which of database, migrations and queue is not right."""
    store = request.app[HEALTH]
    try:
        pending = await store.pending_migrations()
        waiting = await store.oldest_waiting()
    except Unavailable:
        return web.json_response(
            {"status": "unavailable", "database": "unreachable"},
            status=HTTPStatus.SERVICE_UNAVAILABLE,
        )
    good = not pending and waiting < _WAITING_TOO_LONG
    body = {
        "status": "ok" if good else "unavailable",
        "database": "ok",
        "migrations": "ok" if not pending else {"pending": list(pending)},
        "queue_age_seconds": round(waiting.total_seconds(), 3),
    }
    return web.json_response(body, status=HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE)

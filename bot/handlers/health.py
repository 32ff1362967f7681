"""Whether Ava lives, and whether it can work."""

from collections.abc import Mapping
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
        waiting = timedelta(0) if pending else await store.oldest_waiting()
    except Unavailable:
        return _answer({"database": "unreachable"}, good=False)
    found = {
        "database": "ok",
        "migrations": {"pending": list(pending)} if pending else "ok",
        "queue_age_seconds": round(waiting.total_seconds(), 3),
    }
    return _answer(found, good=not pending and waiting < _WAITING_TOO_LONG)


def _answer(found: Mapping[str, object], *, good: bool) -> web.Response:
    status = HTTPStatus.OK if good else HTTPStatus.SERVICE_UNAVAILABLE
    return web.json_response({"status": "ok" if good else "unavailable", **found}, status=status)

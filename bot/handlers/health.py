"""Whether Ava lives, and whether it can work."""

from datetime import timedelta

from aiohttp import web

from bot.errors import Unavailable
from bot.handlers import answers
from bot.handlers.calls import Section
from bot.keys import HEALTH

routes = web.RouteTableDef()
section = Section("Service", "For whoever runs this Ava, and for whoever writes against it.")

_WAITING_TOO_LONG = timedelta(minutes=2)  # somebody is due for this long and nobody attends


@routes.get("/health")
@section.call(gives={200: answers.Alive})
async def health(_: web.Request) -> web.Response:
    """See whether the process lives. Nothing else is looked at."""
    return answers.Alive(status="ok").response()


@routes.get("/ready")
@section.call(gives={200: answers.Readiness, 503: answers.Readiness})
async def ready(request: web.Request) -> web.Response:
    """See whether Ava can work, and if not, what of database, migrations and queue is wrong."""
    store = request.app[HEALTH]
    try:
        pending = await store.pending_migrations()
        waiting = timedelta(0) if pending else await store.oldest_waiting()
    except Unavailable:
        return answers.Readiness(status="unavailable", database="unreachable").response(503)
    good = not pending and waiting < _WAITING_TOO_LONG
    found = answers.Readiness(
        status="ok" if good else "unavailable",
        database="ok",
        migrations=answers.PendingMigrations(pending=list(pending)) if pending else "ok",
        queue_age_seconds=round(waiting.total_seconds(), 3),
    )
    return found.response(200 if good else 503)

"""Whether Ava lives, and whether it can work."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from aiohttp import web

from bot.errors import Unavailable
from bot.handlers import answers
from bot.handlers.calls import Section
from bot.keys import ALARMS, HEALTH
from bot.upkeep import Alarm

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
    """See whether Ava can work, and what of database, migrations and queue is wrong.

    While an alarm stands it is "degraded": Ava works, but an operator has to see to something.
    """
    store = request.app[HEALTH]
    try:
        pending = await store.pending_migrations()
        waiting = timedelta(0) if pending else await store.oldest_waiting()
        standing = [] if pending else await request.app[ALARMS].standing()
    except Unavailable:
        return answers.Readiness(status="unavailable", database="unreachable").response(503)
    good = not pending and waiting < _WAITING_TOO_LONG
    found = answers.Readiness(
        status=_status(good=good, standing=standing),
        database="ok",
        migrations=answers.PendingMigrations(pending=list(pending)) if pending else "ok",
        queue_age_seconds=round(waiting.total_seconds(), 3),
        alarms=[answers.Alarm.of(alarm) for alarm in standing],
    )
    return found.response(200 if good else 503)


def _status(*, good: bool, standing: Sequence[Alarm]) -> Literal["ok", "degraded", "unavailable"]:
    if not good:
        return "unavailable"
    return "degraded" if standing else "ok"

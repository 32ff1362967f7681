"""What Prometheus reads."""

import asyncio
import hmac
from http import HTTPStatus

from aiohttp import web

from bot.errors import AvaError, Forbidden
from bot.handlers.health import section
from bot.handlers.problems import problem
from bot.keys import HEALTH, IN_PRODUCTION, METRICS, METRICS_TOKEN
from bot.store.ports import Health
from bot.upkeep import QueueFigures

routes = web.RouteTableDef()

_PATIENCE = 3.0  # seconds for the store; Prometheus has 10 for everything


@routes.get("/metrics")
@section.call(
    gives={200: "text/plain"},
    refuses={
        401: "`METRICS_TOKEN` did not come as a Bearer token.",
        403: "In production nobody reads them until `METRICS_TOKEN` is set.",
    },
)
async def metrics(request: web.Request) -> web.Response:
    """Read what this process has done, in the text format of Prometheus.

    Send `METRICS_TOKEN` as `Authorization: Bearer …`. Without one it is open in development.
    """
    if refused := _refused(request):
        return refused
    text = request.app[METRICS].exposition(await _figures(request.app[HEALTH]))
    headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
    return web.Response(body=text, headers=headers)


def _refused(request: web.Request) -> web.Response | None:
    token = request.app[METRICS_TOKEN]
    if token is None:
        if request.app[IN_PRODUCTION]:  # not 404: whoever asks should not doubt the address
            raise Forbidden("Set METRICS_TOKEN, and send it as a Bearer token.")
        return None
    given = request.headers.get("Authorization", "").encode(errors="replace")
    if hmac.compare_digest(given, f"Bearer {token.get_secret_value()}".encode()):
        return None
    headers = {"WWW-Authenticate": "Bearer"}
    return problem(
        HTTPStatus.UNAUTHORIZED, "Send METRICS_TOKEN as a Bearer token.", headers=headers
    )


async def _figures(health: Health) -> QueueFigures | None:
    """Return None while the store is away: what this process counted is shown all the same."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await health.figures()
    except (AvaError, TimeoutError):
        return None

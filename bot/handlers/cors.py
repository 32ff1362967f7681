"""Cross-origin calls, for pages on localhost and in development only."""

import re
from http import HTTPStatus

from aiohttp import web

from bot.handlers.problems import Handler

_LOCALHOST = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
_ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "600",
}


@web.middleware
async def cors_for_localhost(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let pages on localhost call the JSON endpoints."""
    origin = request.headers.get("Origin", "")
    if not _LOCALHOST.fullmatch(origin):
        return await handler(request)
    asks_first = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    response: web.StreamResponse
    response = (
        web.Response(status=HTTPStatus.NO_CONTENT, headers=_ALLOWED)
        if asks_first
        else await handler(request)
    )
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "Location, Retry-After"
    response.headers["Vary"] = "Origin"
    return response

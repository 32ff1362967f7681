"""What can be asked of Ava: for programs, and for people."""

import functools

from aiohttp import web

from bot.handlers import answers
from bot.handlers.health import section
from bot.handlers.openapi import Route, document, routes_of
from bot.handlers.reference import page

routes = web.RouteTableDef()

_NOTHING_FROM_ELSEWHERE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


@routes.get("/openapi.json")
@section.call(gives={200: answers.Document})
async def openapi(request: web.Request) -> web.Response:
    """Get this reference as an OpenAPI 3.1 document."""
    return web.json_response(document(routes_of(request.app)))


@routes.get("/docs")
@section.call(gives={200: "text/html"})
async def docs(request: web.Request) -> web.Response:
    """Read this reference."""
    headers = {"Content-Security-Policy": _NOTHING_FROM_ELSEWHERE}
    text = _page(routes_of(request.app))
    return web.Response(text=text, content_type="text/html", headers=headers)


@functools.cache  # the routes of an application never change
def _page(routes: tuple[Route, ...]) -> str:
    return page(document(routes))

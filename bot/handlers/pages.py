"""What somebody sees who opens Ava's address in a browser, as an invited stranger does."""

from aiohttp import web

from bot.handlers.health import section

routes = web.RouteTableDef()

_WELCOME = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ava</title>
<style>
  body { max-width: 34rem; margin: 18vh auto; padding: 0 1.5rem; color: #241d22;
         background: #f6f1ea; font: 1.125rem/1.6 Georgia, serif; }
  @media (prefers-color-scheme: dark) { body { color: #f3ecef; background: #1b161b; } }
</style>
<h1>Ava</h1>
<p>Here people make an avatar and talk with it on WhatsApp. An avatar is an AI, and Ava is for
adults.</p>
<p>You sign up in the app of whoever gave you this number; ask them for it.</p>
</html>
"""


@routes.get("/")
@section.call(gives={200: "text/html"})
async def welcome(_: web.Request) -> web.Response:
    """See a page for people who came by the address."""
    return web.Response(text=_WELCOME, content_type="text/html")

"""Sessions: how they go on, and how they end."""

import structlog
from aiohttp import web

from bot.errors import TokenReused
from bot.handlers import answers, bodies, client
from bot.handlers.auth import section
from bot.keys import ACCOUNTS
from bot.limits import Act
from bot.models import Caller

log = structlog.get_logger()
routes = web.RouteTableDef()


@routes.post("/auth/refresh")
@section.call(
    gives={200: answers.Session},
    refuses={401: "This token is unknown, used or too old, or its session has ended. Sign in."},
    limit=Act.REFRESH,
)
async def refresh(request: web.Request, given: bodies.RefreshToken) -> web.Response:
    """Go on with a session.

    The answer has the next refresh token. The one that was sent may be sent again for ten seconds,
    for when the answer was lost; later that ends the session, since two must have it.
    """
    try:
        session = await request.app[ACCOUNTS].refresh(
            given.refresh_token, address=client.address(request)
        )
    except TokenReused as exc:
        log.warning("session.ended", reason="token reused", session_id=str(exc.session))
        raise
    return answers.Session.of(session).response()


@routes.post("/auth/signout")
@section.call(gives={204: None}, limit=Act.SIGN_OUT)
async def sign_out(request: web.Request, caller: Caller, given: bodies.SigningOut) -> web.Response:
    """End sessions.

    Their tokens are worth nothing from now on. Where Supabase keeps the accounts, an access token
    still works until it expires, within the hour.
    """
    await request.app[ACCOUNTS].sign_out(caller, given.scope)
    return web.Response(status=204)

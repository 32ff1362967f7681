"""Signing in by a link in an e-mail. The page that a browser sees there is in ``link_pages.py``."""

from aiohttp import web

from bot.handlers import answers, bodies, client
from bot.handlers.auth import MAILED, NOT_CONFIGURED, section
from bot.handlers.calls import NOT_NOW
from bot.keys import ACCOUNTS, LINKS
from bot.limits import Act
from bot.models import SIGNS_IN, LinkPurpose

routes = web.RouteTableDef()

DEAD = {410: "The link was used, is too old or was replaced by a newer one. Ask for another."}


@routes.post("/auth/magic-link")
@section.call(
    gives={202: answers.Mailed}, refuses=NOT_CONFIGURED, creates=True, limit=Act.MAIL_LINK
)
async def ask(request: web.Request, given: bodies.EmailAddress) -> web.Response:
    """Ask for a link that signs in.

    It is mailed, and works once within 15 minutes, unless a newer one replaces it. The answer is
    the same whether there is such an account or not.
    """
    await request.app[LINKS].ask(given.email, LinkPurpose.SIGN_IN)
    return MAILED.response(202)


@routes.post("/auth/magic-link/{token}")
@section.call(gives={200: answers.Session}, refuses=DEAD | NOT_NOW, limit=Act.USE_LINK)
async def sign_in(request: web.Request, token: str) -> web.Response:
    """Sign in with the token of a link, or confirm a sign-up with it."""
    async with request.app[LINKS].used(token, *SIGNS_IN) as account:
        session = await request.app[ACCOUNTS].open(account, address=client.address(request))
    return answers.Session.of(session).response()

"""Sign-up and sign-in."""

from http import HTTPStatus

from aiohttp import web

from bot.accounts.ports import Session
from bot.handlers import requests
from bot.keys import ACCOUNTS

routes = web.RouteTableDef()


@routes.post("/auth/signup")
async def sign_up(request: web.Request) -> web.Response:
    given = await requests.read(request, requests.Credentials)
    session = await request.app[ACCOUNTS].sign_up(given.email, given.password)
    return web.json_response(_shape(session), status=HTTPStatus.CREATED)


@routes.post("/auth/signin")
async def sign_in(request: web.Request) -> web.Response:
    given = await requests.read(request, requests.Credentials)
    session = await request.app[ACCOUNTS].sign_in(given.email, given.password)
    return web.json_response(_shape(session))


def _shape(session: Session) -> dict[str, str | int]:
    return {
        "access_token": session.access_token,
        "token_type": "bearer",
        "expires_in": session.expires_in,
        "user_id": str(session.person),
    }

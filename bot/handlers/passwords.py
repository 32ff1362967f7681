"""New passwords. The page behind the link in the e-mail is in ``link_pages.py``."""

from aiohttp import web

from bot.accounts.ports import Session
from bot.errors import Fault, Invalid, NotSignedIn, WrongCredentials
from bot.handlers import answers, bodies, client
from bot.handlers.auth import MAILED, NOT_CONFIGURED, section
from bot.handlers.links import DEAD
from bot.keys import ACCOUNTS, LINKS, OWN_ACCOUNT
from bot.limits import Act
from bot.models import Account, Caller, LinkPurpose

routes = web.RouteTableDef()


@routes.post("/auth/password/reset")
@section.call(
    gives={202: answers.Mailed}, refuses=NOT_CONFIGURED, creates=True, limit=Act.MAIL_LINK
)
async def ask(request: web.Request, given: bodies.EmailAddress) -> web.Response:
    """Ask for a link to a new password.

    It is mailed, and works once within 15 minutes, unless a newer one replaces it. The answer is
    the same whether there is such an account or not.
    """
    await request.app[LINKS].ask(given.email, LinkPurpose.PASSWORD)
    return MAILED.response(202)


@routes.post("/auth/password")
@section.call(
    gives={200: answers.Session},
    refuses=DEAD | {401: "There is a current password, but no token that is valid."},
    limit=Act.CHANGE_PASSWORD,
)
async def change(
    request: web.Request, caller: Caller | None, given: bodies.PasswordChange
) -> web.Response:
    """Change the password, signed in and with the current one, or with the token of a link.

    Every session ends, and the answer is a new one. An e-mail tells that it happened.
    """
    match given:
        case bodies.PasswordChange(token=str(token), current_password=None):
            session = await change_by_link(request, token, given.password)
        case bodies.PasswordChange(token=None, current_password=str(current)):
            if caller is None:
                raise NotSignedIn
            session = await _change_signed_in(request, caller, current, given.password)
        case _:
            raise Invalid([Fault("token", "Send either this or your current_password.")])
    return answers.Session.of(session).response()


async def change_by_link(request: web.Request, token: str, password: str) -> Session:
    """Raise DeadLink; or Invalid when the password is weak, and then the link works again."""
    accounts, links = request.app[ACCOUNTS], request.app[LINKS]
    async with links.used(token, LinkPurpose.PASSWORD) as account:
        session = await accounts.change_password(account, password, address=client.address(request))
    await links.password_changed(account)
    return session


async def _change_signed_in(
    request: web.Request, caller: Caller, current: str, password: str
) -> Session:
    accounts, address = request.app[ACCOUNTS], client.address(request)
    profile = await request.app[OWN_ACCOUNT].profile(caller)
    account = Account(id=caller.id, email=profile.email)
    try:
        await accounts.check_password(account, current, address=address)
    except WrongCredentials:
        raise Invalid([Fault("current_password", "This is not your password.")]) from None
    session = await accounts.change_password(account, password, address=address)
    await request.app[LINKS].password_changed(account)
    return session

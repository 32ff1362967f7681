"""Sign-up and sign-in."""

from aiohttp import web

from bot.handlers import answers, bodies, client
from bot.handlers.calls import Section
from bot.keys import ACCOUNTS
from bot.limits import Act

routes = web.RouteTableDef()
section = Section("Sign in", "An account, and the tokens that prove whose it is.")

MAILED = answers.Mailed(status="check your e-mail")
NOT_CONFIGURED = {501: "This Ava sends no e-mails; whoever runs it has to set that up."}


@routes.post("/auth/signup")
@section.call(
    gives={201: answers.Session, 202: answers.Mailed},
    refuses={
        403: "Nobody can sign up at the moment.",
        409: "An account with this e-mail exists already.",
        **NOT_CONFIGURED,
    },
    creates=True,
    limit=Act.SIGN_UP,
)
async def sign_up(request: web.Request, given: bodies.NewAccount) -> web.Response:
    """Make an account.

    Where e-mails have to be confirmed nobody is signed in yet: 202, whether there is an account
    already or not, and the link in an e-mail leads on.
    """
    session = await request.app[ACCOUNTS].sign_up(
        given.email, given.password, address=client.address(request)
    )
    return MAILED.response(202) if session is None else answers.Session.of(session).response(201)


@routes.post("/auth/signin")
@section.call(
    gives={200: answers.Session},
    refuses={
        401: "E-mail or password is wrong; nobody learns which.",
        403: "The e-mail has to be confirmed first, or the account is blocked.",
    },
    limit=Act.SIGN_IN,
)
async def sign_in(request: web.Request, given: bodies.Credentials) -> web.Response:
    """Get a token."""
    session = await request.app[ACCOUNTS].sign_in(
        given.email, given.password, address=client.address(request)
    )
    return answers.Session.of(session).response()

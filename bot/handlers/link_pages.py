"""What a browser sees behind the links in e-mails.

Opening a link changes nothing, since mail scanners open it before the person does; a button does.
"""

from urllib.parse import urlencode

from aiohttp import web

from bot.accounts.ports import Session
from bot.errors import DeadLink, Invalid
from bot.handlers import permits, requests
from bot.handlers.auth import NOT_CONFIGURED
from bot.handlers.calls import Section
from bot.handlers.links import NOT_NOW
from bot.handlers.passwords import change_by_link
from bot.handlers.sheets import asking, button, onwards, sheet
from bot.keys import ACCOUNTS, LINKS
from bot.limits import Act

routes = web.RouteTableDef()
section = Section("Pages of e-mails", "For browsers: what the links in our e-mails lead to.")

_PAGE = {200: "text/html"}
_ONWARDS = {200: "text/html", 303: None, 410: "text/html"}
_NOT_A_FORM = {
    413: "The form is too large.",
    415: "It is no form.",
}
_FOR_APPS = (
    "No app is set up here (APP_URL). An app signs in by itself, with"
    " <code>POST /auth/magic-link/…</code> and what the address of the link ends with."
)


@routes.get("/auth/magic-link/{token}")
@section.call(gives=_PAGE | {410: "text/html"}, refuses=NOT_NOW)
async def show_sign_in(request: web.Request, token: str) -> web.Response:
    """See a page with a button that signs in."""
    links = request.app[LINKS]
    if not await links.signs_in(token):
        return _dead()
    return sheet(
        "Sign in",
        "You are one step away.",
        form=button("Sign in", f"{token}/open"),
        note="You did not ask for this? Then close this page; nothing happens without the button.",
        leads_to=links.app_url,
    )


@routes.post("/auth/magic-link/{token}/open")
@section.call(gives=_ONWARDS, refuses=NOT_NOW, limit=Act.USE_LINK)
async def sign_in(request: web.Request, token: str) -> web.Response:
    """Press that button.

    It leads to the app (`APP_URL`), where `#access_token=…&refresh_token=…` is a session.
    """
    links = request.app[LINKS]
    try:
        async with links.used_to_sign_in(token) as account:
            if links.app_url is None:
                return sheet("It worked", "Your e-mail is confirmed.", note=_FOR_APPS)
            session = await request.app[ACCOUNTS].open(account)
    except DeadLink:
        return _dead()
    return _to_the_app(links.app_url, session)


@routes.get("/auth/password/forgotten")
@section.call(gives=_PAGE)
async def show_forgotten(_: web.Request) -> web.Response:
    """See a page that asks for the e-mail of whoever wants a new password."""
    return _forgotten()


@routes.post("/auth/password/forgotten")
@section.call(
    gives={202: "text/html", 422: "text/html"},
    refuses=_NOT_A_FORM | NOT_CONFIGURED | NOT_NOW,
    form=requests.EmailAddress,
)
async def ask_for_password(request: web.Request) -> web.Response:
    """Send that page."""
    try:
        given = await requests.read_form(request, requests.EmailAddress)
    except Invalid:
        return _forgotten("This is no e-mail address.")
    await permits.take(request, Act.MAIL_LINK, [given])
    await request.app[LINKS].ask_for_password(given.email)
    return sheet(
        "Check your e-mail",
        "If there is an account with this e-mail, a link to a new password is on its way.",
        note="It works once, within the next 15 minutes.",
        status=202,
    )


@routes.get("/auth/password/{token}")
@section.call(gives=_PAGE | {410: "text/html"}, refuses=NOT_NOW)
async def show_password(request: web.Request, token: str) -> web.Response:
    """See a page that asks for a new password."""
    links = request.app[LINKS]
    return _password(links.app_url) if await links.opens_password(token) else _dead()


@routes.post("/auth/password/{token}")
@section.call(
    gives=_ONWARDS | {422: "text/html"},
    refuses=_NOT_A_FORM | NOT_NOW,
    form=requests.PasswordForm,
    limit=Act.USE_LINK,
)
async def change_password(request: web.Request, token: str) -> web.Response:
    """Send that page. It leads where the button that signs in does."""
    app_url = request.app[LINKS].app_url
    try:
        given = await requests.read_form(request, requests.PasswordForm)
        session = await change_by_link(request, token, given.password)
    except Invalid as exc:
        return _password(app_url, wrong=" ".join(fault.message for fault in exc.faults))
    except DeadLink:
        return _dead()
    if app_url is None:
        return sheet("Your password is changed", "Sign in with it wherever you use Ava.")
    return _to_the_app(app_url, session)


def _password(app_url: str | None, *, wrong: str = "") -> web.Response:
    return sheet(
        "Choose a new password",
        form=asking(
            "Change my password",
            "",
            label="New password",
            field='name="password" type="password" autocomplete="new-password" required'
            ' minlength="8" maxlength="72" autofocus',
            wrong=wrong,
        ),
        note="8 to 72 characters. You are then signed out everywhere else.",
        status=422 if wrong else 200,
        leads_to=app_url,
    )


def _forgotten(wrong: str = "") -> web.Response:
    return sheet(
        "Forgot your password?",
        "Tell us your e-mail, and we send you a link to a new one.",
        form=asking(
            "Send me a link",
            "",
            label="E-mail",
            field='name="email" type="email" autocomplete="email" required'
            ' maxlength="254" autofocus',
            wrong=wrong,
        ),
        status=422 if wrong else 200,
    )


def _dead() -> web.Response:
    return sheet(
        "This link does not work any more",
        "It was used already, a newer one has replaced it, or its 15 minutes are over.",
        note="Ask for another one where you asked for this one.",
        status=410,
    )


def _to_the_app(app_url: str, session: Session) -> web.Response:
    """Behind the #, so that no server and no log on the way gets to see it."""
    proof = {
        "access_token": session.access_token,
        "refresh_token": session.refresh_token,
        "expires_in": session.expires_in,
        "token_type": "bearer",
    }
    return onwards(f"{app_url.partition('#')[0]}#{urlencode(proof)}")

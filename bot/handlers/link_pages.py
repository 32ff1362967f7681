"""What a browser sees behind the links in e-mails.

Opening a link changes nothing, since mail scanners open it before the person does; a button does.
"""

from urllib.parse import urlencode

from aiohttp import web

from bot.accounts.ports import Session
from bot.errors import DeadLink, Forbidden, Invalid
from bot.handlers import bodies, client
from bot.handlers.auth import NOT_CONFIGURED
from bot.handlers.calls import NOT_NOW, Section
from bot.handlers.passwords import change_by_link
from bot.handlers.sheets import asking, button, onwards, sheet
from bot.keys import ACCOUNTS, LINKS
from bot.limits import Act
from bot.models import LONGEST_PASSWORD, SHORTEST_PASSWORD, SIGNS_IN, LinkPurpose

routes = web.RouteTableDef()
section = Section("Pages of e-mails", "For browsers: what the links in our e-mails lead to.")

_NOT_OURS = {403: "Press the button on the page that the link leads to."}
_PAGE = {200: "text/html"}
_ONWARDS = {200: "text/html", 303: None, 410: "text/html"}
_BOUNDS = f"{SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters"
_WORDS = {
    LinkPurpose.SIGN_IN: ("Sign in", "Sign in"),
    LinkPurpose.SIGN_UP: ("Confirm your e-mail", "Confirm my e-mail"),
}
_FOR_APPS = (
    "An app signs in with <code>POST /auth/magic-link/…</code>, where … is what the link ends with."
    " For links that lead to an app, whoever runs this Ava sets <code>APP_URL</code>."
)


@routes.get("/auth/magic-link/{token}")
@section.call(gives=_PAGE | {410: "text/html"}, refuses=NOT_NOW)
async def show_sign_in(request: web.Request, token: str) -> web.Response:
    """See a page with a button that signs in, or that confirms an e-mail."""
    links = request.app[LINKS]
    purpose = await links.purpose(token)
    if purpose not in SIGNS_IN:
        return _dead()
    if purpose is LinkPurpose.SIGN_IN and links.app_url is None:
        return _without_an_app()
    title, words = _WORDS[purpose]
    return sheet(
        title,
        "You are one step away.",
        form=button(words, f"{token}/open"),
        note="You did not ask for this? Then close this page; nothing happens without the button.",
        leads_to=links.app_url,
    )


@routes.post("/auth/magic-link/{token}/open")
@section.call(gives=_ONWARDS, refuses=NOT_NOW | _NOT_OURS, limit=Act.USE_LINK)
async def sign_in(request: web.Request, token: str) -> web.Response:
    """Press that button.

    It leads to the app (`APP_URL`), where `#access_token=…&refresh_token=…` is a session. Without
    an app it confirms an e-mail, and leaves a link that signs in as it is.
    """
    _refuse_other_pages(request)
    links = request.app[LINKS]
    if links.app_url is None and await links.purpose(token) is LinkPurpose.SIGN_IN:
        return _without_an_app()
    try:
        async with links.used(token, *SIGNS_IN) as account:
            if links.app_url is None:
                return sheet("Your e-mail is confirmed", "Sign in wherever you use Ava.")
            session = await request.app[ACCOUNTS].open(account, address=client.address(request))
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
    refuses=NOT_CONFIGURED | NOT_NOW,
    limit=Act.MAIL_LINK,
)
async def ask_for_password(request: web.Request, given: bodies.EmailForm | None) -> web.Response:
    """Send that page."""
    if given is None:
        return _forgotten("This is not an e-mail address.")
    await request.app[LINKS].ask(given.email, LinkPurpose.PASSWORD)
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
    if await links.purpose(token) is not LinkPurpose.PASSWORD:
        return _dead()
    return _password(links.app_url)


@routes.post("/auth/password/{token}")
@section.call(
    gives=_ONWARDS | {422: "text/html"},
    refuses=NOT_NOW | _NOT_OURS,
    limit=Act.USE_LINK,
)
async def change_password(
    request: web.Request, token: str, given: bodies.PasswordForm | None
) -> web.Response:
    """Send that page. It leads where the button that signs in does."""
    _refuse_other_pages(request)
    app_url = request.app[LINKS].app_url
    if given is None:
        return _password(app_url, wrong=f"Use {_BOUNDS}.")
    try:
        session = await change_by_link(request, token, given.password)
    except Invalid as exc:
        return _password(app_url, wrong=" ".join(fault.message for fault in exc.faults))
    except DeadLink:
        return _dead()
    if app_url is None:
        return sheet("Your password is changed", "Sign in with it wherever you use Ava.")
    return _to_the_app(app_url, session)


def _refuse_other_pages(request: web.Request) -> None:
    """Another site's page could press the button of its own link, and sign people in as itself.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Headers/Sec-Fetch-Site
    """
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        raise Forbidden(_NOT_OURS[403])


def _password(app_url: str | None, *, wrong: str = "") -> web.Response:
    return sheet(
        "Choose a new password",
        form=asking(
            "Change my password",
            "",
            label="New password",
            field='name="password" type="password" autocomplete="new-password" required'
            f' minlength="{SHORTEST_PASSWORD}" maxlength="{LONGEST_PASSWORD}" autofocus',
            wrong=wrong,
        ),
        note=f"{_BOUNDS}. You are then signed out everywhere else.",
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


def _without_an_app() -> web.Response:
    return sheet(
        "This link is for an app",
        "No app is set up here, so a browser cannot sign in. The link still works.",
        note=_FOR_APPS,
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

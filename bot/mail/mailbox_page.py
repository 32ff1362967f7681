"""The mailbox in the browser: in development, the inbox of everybody who has an e-mail."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from aiohttp import web

from bot.mail.mailbox import Mailbox, Received

_PAGE = Path(__file__).parent / "page"
_PAGE_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " object-src 'none'"
)
# A mail is a stranger: it runs nothing and loads nothing, but its links open.
_MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none';"
    " style-src 'unsafe-inline'; frame-ancestors 'self'"
)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def mailbox_page(mailbox: Mailbox) -> web.Application:
    """Return the page and its JSON, to be mounted under any path.

    ``messages`` lists {id, at, to, subject, text, html}, newest first.
    """
    app = web.Application()
    app.add_routes(
        [
            web.get("", _to_the_page),
            web.get("/", _page),
            web.static("/page", _PAGE),
            web.get("/messages", _list_of(mailbox)),
            web.get("/messages/{id:[0-9a-f-]{36}}", _mail_of(mailbox)),
        ]
    )
    return app


async def _to_the_page(request: web.Request) -> web.Response:
    raise web.HTTPFound(f"{request.path}/")


async def _page(_: web.Request) -> web.FileResponse:
    headers = {"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-cache"}
    return web.FileResponse(_PAGE / "index.html", headers=headers)


def _list_of(mailbox: Mailbox) -> _Handler:
    async def messages(_: web.Request) -> web.Response:
        shown = [_shown(one) for one in mailbox.received]
        return web.json_response({"messages": shown}, headers={"Cache-Control": "no-store"})

    return messages


def _mail_of(mailbox: Mailbox) -> _Handler:
    async def message(request: web.Request) -> web.Response:
        mail = mailbox.find(UUID(request.match_info["id"]))
        if mail is None:
            raise web.HTTPNotFound
        headers = {"Content-Security-Policy": _MAIL_POLICY, "X-Content-Type-Options": "nosniff"}
        return web.Response(text=mail.html, content_type="text/html", headers=headers)

    return message


def _shown(one: Received) -> dict[str, str]:
    return {
        "id": str(one.mail.id),
        "at": one.at.isoformat(),
        "to": one.mail.to,
        "subject": one.mail.subject,
        "text": one.mail.text,
        "html": one.mail.html,
    }

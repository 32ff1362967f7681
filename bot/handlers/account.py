"""A person's account: what it is, everything in it, the end of it, and what happened to it."""

from datetime import UTC, datetime

import structlog
from aiohttp import web

from bot.handlers import answers, bodies, cursors
from bot.handlers.calls import Section
from bot.keys import ACCOUNTS, AUDIT_LOG, OWN_ACCOUNT
from bot.limits import Act
from bot.models import Caller

log = structlog.get_logger()
routes = web.RouteTableDef()
section = Section("Account", "All that is kept about you: look at it, take it away, delete it.")


@routes.get("/account")
@section.call(gives={200: answers.Account})
async def show(request: web.Request, caller: Caller) -> web.Response:
    """Look at your account."""
    profile = await request.app[OWN_ACCOUNT].profile(caller)
    return answers.Account.of(profile).response()


@routes.get("/account/export")
@section.call(
    gives={200: answers.Export},
    response_headers={"Content-Disposition": "Makes it a file to be kept."},
    limit=Act.EXPORT,
)
async def export(request: web.Request, caller: Caller) -> web.Response:
    """Download everything that is kept about you."""
    everything = await request.app[OWN_ACCOUNT].export(caller)
    name = f"ava-export-{datetime.now(UTC):%Y-%m-%d}.json"
    return answers.Export.model_validate(everything).response(
        headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@routes.delete("/account")
@section.call(gives={200: answers.Deletion})
async def delete(request: web.Request, caller: Caller) -> web.Response:
    """Delete your account and all that belongs to it, at once and for good.

    May be repeated until it has been done.
    """
    erasure = await request.app[OWN_ACCOUNT].erase(caller)
    await request.app[ACCOUNTS].delete(caller.id)
    log.info("account.deleted")
    return answers.Deletion.of(erasure).response()


@routes.get("/account/events")
@section.call(gives={200: answers.Events})
async def events(request: web.Request, caller: Caller, query: bodies.PageQuery) -> web.Response:
    """See what happened to your account, newest first."""
    before = cursors.event_position(query.before) if query.before else None
    found = await request.app[AUDIT_LOG].page(caller, limit=query.limit + 1, before=before)
    shown, end = cursors.page(found, query.limit, cursors.of_event)
    return answers.Events(events=[answers.Event.of(event) for event in shown], next=end).response()

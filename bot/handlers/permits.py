"""Whoever asks too often is told when to come back."""

from collections.abc import Collection

from aiohttp import web

from bot.handlers import client
from bot.keys import LIMITS, PERMITS
from bot.limits import Act, By


async def take(request: web.Request, act: Act, given: Collection[object]) -> None:
    """Count *act*, by all of its limits or none. Raise TooMany where one is reached."""
    limits = request.app[LIMITS].get(act, {})
    wanted = {f"{act} {by} {_who(by, request, given)}": limit for by, limit in limits.items()}
    if wanted:
        await request.app[PERMITS].take(wanted)


def _who(by: By, request: web.Request, given: Collection[object]) -> str:
    caller, email = client.caller(given), client.email(given)
    neighbourhood = client.neighbourhood(client.address(request))
    match by:
        case By.PERSON if caller:
            return str(caller.id)
        case By.EMAIL if email:
            return email
        case By.ADDRESS:
            return neighbourhood
        case By.EMAIL_AND_ADDRESS if email:
            return f"{email} {neighbourhood}"
    raise TypeError(f"a call that is limited by {by} does not take one")

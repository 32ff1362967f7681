"""Whoever asks too often is told when to come back."""

from collections.abc import Collection

from aiohttp import web

from bot.handlers import client
from bot.keys import LIMITS, RATE_LIMITS
from bot.limits import Act, By


async def take(request: web.Request, act: Act, given: Collection[object]) -> None:
    """Count *act*, by all of its limits or none. Raise TooMany where one is reached.

    Somebody whom an optional argument leaves unnamed has no limit of their own.
    """
    limits = request.app[LIMITS].get(act, {})
    whose = {by: _who(by, request, given) for by in limits}
    wanted = {f"{act} {by} {who}": limits[by] for by, who in whose.items() if who}
    if wanted:
        await request.app[RATE_LIMITS].take(wanted)


def _who(by: By, request: web.Request, given: Collection[object]) -> str | None:
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
    if None in given:
        return None
    raise TypeError(f"a call that is limited by {by} does not take one")

"""From where and from whom a request comes."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Protocol, runtime_checkable

from aiohttp import web

from bot.keys import TRUSTED_PROXIES
from bot.models import Caller

_NETWORK = 64  # bits of an IPv6 address; whoever has one has the 2^64 others beside it


@runtime_checkable
class _WithEmail(Protocol):
    email: str


def address(request: web.Request) -> str:
    """Return the client's IP address.

    Each trusted proxy adds to X-Forwarded-For whom it heard, at the right; what stands left of
    theirs is the client's own invention.
    """
    trusted = request.app[TRUSTED_PROXIES]
    lines = request.headers.getall("X-Forwarded-For", ())
    hops = [hop.strip() for line in lines for hop in line.split(",")]
    heard = _parsed(hops[-trusted]) if 0 < trusted <= len(hops) else None
    return str(heard) if heard else request.remote or ""


def neighbourhood(address: str) -> str:
    """Return what stands for an address where it is counted: itself, or its IPv6 network."""
    match _parsed(address):
        case IPv6Address() as found:
            bits = 128 - _NETWORK
            return f"{IPv6Address(int(found) >> bits << bits)}/{_NETWORK}"
        case IPv4Address() as found:
            return str(found)
        case None:
            return address


def caller(given: Iterable[object]) -> Caller | None:
    """Return who is signed in, among what a handler is given."""
    return next((value for value in given if isinstance(value, Caller)), None)


def email(given: Iterable[object]) -> str | None:
    """Return the e-mail in the body, among what a handler is given."""
    return next((value.email for value in given if isinstance(value, _WithEmail)), None)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found

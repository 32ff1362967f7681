"""The running server at PUBLIC_URL, as Meta meets it."""

import asyncio
import secrets
from http import HTTPStatus

import aiohttp

from bot.doctor.findings import Finding, Findings, failed, ok, warning
from bot.doctor.service import Service
from bot.settings import Settings
from bot.whatsapp.fields import mapping


async def examined(settings: Settings, session: aiohttp.ClientSession) -> Findings:
    if settings.public_url is None:
        yield ok("It is not examined without PUBLIC_URL.")
        return
    advice = "check PUBLIC_URL, and whether Ava runs there."
    server = Service(session, settings.public_url.rstrip("/"), "PUBLIC_URL", advice)
    questions = [_ready(server), _unsigned(server)]
    if number := settings.whatsapp:
        questions += [_verified(server, number.verify_token.get_secret_value()), _guessed(server)]
    for finding in await asyncio.gather(*questions):
        yield finding


async def _ready(server: Service) -> Finding:
    answer = await server.get("/ready")
    if answer.status == HTTPStatus.OK:
        return ok("The server is ready.")
    facts = mapping(answer.json)
    if facts.get("database") not in (None, "ok"):
        return failed("The running server cannot reach its database: see what is said of that.")
    if facts.get("migrations") not in (None, "ok"):
        return failed("The running server lacks migrations: see what is said of the database.")
    if "queue_age_seconds" in facts:
        return failed(
            "Somebody has been waiting for an answer for minutes: look whether a worker runs, and"
            " into the log."
        )
    return failed(
        f"PUBLIC_URL/ready answers HTTP {answer.status}, which is not Ava: check PUBLIC_URL, and"
        " whether Ava runs there."
    )


async def _verified(server: Service, verify_token: str) -> Finding:
    challenge = secrets.token_hex(8)
    answer = await server.get("/webhook", params=_subscribe(verify_token, challenge))
    if answer.status == HTTPStatus.OK and answer.text == challenge:
        return ok("The webhook knows the verify token.")
    if answer.status == HTTPStatus.FORBIDDEN:
        return failed(
            "The running server has another WHATSAPP_VERIFY_TOKEN than this one: set the same, and"
            " start it again."
        )
    return failed(
        f"The webhook answers HTTP {answer.status} and not Meta's challenge: check that PUBLIC_URL"
        " leads straight to Ava, without a redirect or a page in between."
    )


async def _guessed(server: Service) -> Finding:
    answer = await server.get("/webhook", params=_subscribe(secrets.token_hex(16), "0"))
    if answer.status == HTTPStatus.FORBIDDEN:
        return ok("It refuses a wrong verify token.")
    return failed(
        f"It answers HTTP {answer.status} to a wrong verify token instead of 403: what runs at"
        " PUBLIC_URL is not this Ava."
    )


async def _unsigned(server: Service) -> Finding:
    answer = await server.post("/webhook", {"object": "whatsapp_business_account", "entry": []})
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return ok("It refuses an unsigned delivery.")
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return warning("It limits us, so that its signature check was not seen: try again later.")
    return failed(
        f"It answers HTTP {answer.status} to an unsigned delivery instead of 401: what runs at"
        " PUBLIC_URL is not this Ava."
    )


def _subscribe(verify_token: str, challenge: str) -> dict[str, str]:
    return {
        "hub.mode": "subscribe",
        "hub.verify_token": verify_token,
        "hub.challenge": challenge,
    }

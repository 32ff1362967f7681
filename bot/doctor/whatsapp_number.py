"""The WhatsApp number: token and app secret fit, and Meta delivers to us.

https://developers.facebook.com/documentation/business-messaging/whatsapp/permissions
"""

import hmac
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import aiohttp

from bot.doctor.findings import Finding, Findings, Level, failed, ok, warning
from bot.doctor.graph_answers import refusal
from bot.doctor.service import Answer, Service
from bot.settings import Settings, WhatsApp
from bot.whatsapp.fields import items, mapping

_SEND, _MANAGE = "whatsapp_business_messaging", "whatsapp_business_management"
_MOST_ACCOUNTS = 10  # of those that a token may see, to look for the number in
_DAY = 86_400  # seconds


async def examined(settings: Settings, session: aiohttp.ClientSession) -> Findings:
    number = settings.whatsapp
    if number is None:
        yield ok("It is simulated.")
        return
    graph = _Graph.of(number, session)
    facts = await graph.get(number.phone_number_id, fields="display_phone_number")
    if found := refusal(facts):
        yield found
        return
    yield ok("The access token is valid for the number.")
    yield await _app_secret(graph, number)
    for found in await _callback(graph, number, settings.public_url):
        yield found
    async for found in _token_and_subscription(graph, number):
        yield found


@dataclass(frozen=True, slots=True)
class _Graph:
    """The Graph API, asked with the token."""

    service: Service
    headers: Mapping[str, str]

    @classmethod
    def of(cls, number: WhatsApp, session: aiohttp.ClientSession) -> "_Graph":
        url = f"{number.api_url.rstrip('/')}/{number.api_version}"
        advice = "check WHATSAPP_API_URL, and whether this machine may call out."
        token = number.access_token.get_secret_value()
        return cls(Service(session, url, "WhatsApp", advice), {"Authorization": f"Bearer {token}"})

    async def get(self, path: str, **params: str) -> Answer:
        return await self.service.get(f"/{path}", params=params, headers=self.headers)


async def _app_secret(graph: _Graph, number: WhatsApp) -> Finding:
    """Ask once more with a proof that only the app's own secret makes."""
    secret, token = number.app_secret, number.access_token
    proof = hmac.digest(
        secret.get_secret_value().encode(), token.get_secret_value().encode(), "sha256"
    )
    answer = await graph.get(number.phone_number_id, fields="id", appsecret_proof=proof.hex())
    refused = refusal(answer)
    if refused is None:
        return ok("The app secret fits the token's app.")
    if refused.level is Level.WARNING:
        return refused
    return failed(
        "WHATSAPP_APP_SECRET is not the secret of the app that the token belongs to, so that every"
        " delivery is refused: copy it from App settings > Basic."
    )


async def _callback(graph: _Graph, number: WhatsApp, public_url: str | None) -> list[Finding]:
    """Compare where Meta delivers with where we are; the closest of three addresses counts."""
    answer = await graph.get(number.phone_number_id, fields="webhook_configuration")
    if public_url is None or refusal(answer):
        return []
    configured = mapping(mapping(answer.json).get("webhook_configuration"))
    closest = ("phone_number", "whatsapp_business_account", "application")
    address = next((configured[name] for name in closest if configured.get(name)), None)
    ours = f"{public_url.rstrip('/')}/webhook"
    if address == ours:
        return [ok("Meta delivers to PUBLIC_URL.")]
    delivers = "to another address than" if address else "nowhere, and not to"
    return [
        warning(
            f"Meta delivers {delivers} PUBLIC_URL/webhook: enter it under WhatsApp > Configuration"
            " > Webhook, with the verify token."
        )
    ]


# --- the token and the subscription ---------------------------------------------------------


async def _token_and_subscription(graph: _Graph, number: WhatsApp) -> Findings:
    answer = await graph.get("debug_token", input_token=number.access_token.get_secret_value())
    facts = mapping(mapping(answer.json).get("data"))
    if refusal(answer) or not facts:
        yield warning(
            "Meta does not say what the token may do, nor for which account:"
            f" {_look_by_hand(number)}"
        )
        return
    for finding in _permissions(facts):
        yield finding
    yield await _subscription(graph, number, facts)


def _permissions(facts: Mapping[str, object]) -> Iterator[Finding]:
    scopes = items(facts.get("scopes"))
    missing = [scope for scope in (_SEND, _MANAGE) if scope not in scopes]
    if missing:
        level = failed if _SEND in missing else warning
        yield level(f"The access token lacks {' and '.join(missing)}: make it with both.")
    expires_at = facts.get("expires_at")
    if isinstance(expires_at, int) and expires_at > 0:  # 0: never
        days = max(0, int(expires_at - time.time()) // _DAY)
        yield warning(
            f"The access token ends in {days} days: replace it by a System User token that does"
            " not end (Business Settings > System Users)."
        )


async def _subscription(graph: _Graph, number: WhatsApp, facts: Mapping[str, object]) -> Finding:
    """Find the account (WABA) that has the number; Meta tells us of those it granted the token."""
    for account in _accounts(facts)[:_MOST_ACCOUNTS]:
        numbers = await graph.get(f"{account}/phone_numbers", fields="id", limit="100")
        if number.phone_number_id in _ids(numbers):
            return await _subscribed(graph, number, account, str(facts.get("app_id")))
    return warning(
        f"Which WhatsApp account the number belongs to cannot be found out: {_look_by_hand(number)}"
    )


def _accounts(facts: Mapping[str, object]) -> list[str]:
    granted = [mapping(scope) for scope in items(facts.get("granular_scopes"))]
    ids = [
        str(target)
        for scope in granted
        if scope.get("scope") in (_MANAGE, _SEND)
        for target in items(scope.get("target_ids"))
    ]
    return [account for account in dict.fromkeys(ids) if account.isdecimal()]


def _ids(answer: Answer) -> list[object]:
    return [mapping(item).get("id") for item in items(mapping(answer.json).get("data"))]


async def _subscribed(graph: _Graph, number: WhatsApp, account: str, app: str) -> Finding:
    answer = await graph.get(f"{account}/subscribed_apps")
    if refused := refusal(answer):
        return warning(f"Whether the app is subscribed cannot be seen. {refused.text}")
    apps = [
        mapping(mapping(item).get("whatsapp_business_api_data")).get("id")
        for item in items(mapping(answer.json).get("data"))
    ]
    if app in apps:
        return ok("The app is subscribed to the WhatsApp account.")
    return failed(
        "The app is not subscribed to the WhatsApp account, so that nothing is delivered:"
        f" {_curl(number, account, '-X POST ')}"
    )


def _look_by_hand(number: WhatsApp) -> str:
    """Return how to see the subscription, with the account's id from WhatsApp > API Setup."""
    return (
        "look whether this lists your app, with the account id from WhatsApp > API Setup, and if it"
        f" does not, send it with -X POST: {_curl(number, 'ACCOUNT_ID')}"
    )


def _curl(number: WhatsApp, account: str, how: str = "") -> str:
    url = f"{number.api_url.rstrip('/')}/{number.api_version}/{account}/subscribed_apps"
    return f'curl {how}-H "Authorization: Bearer $WHATSAPP_ACCESS_TOKEN" {url}'

"""The Graph API of one business number.

https://developers.facebook.com/documentation/business-messaging/whatsapp/reference
"""

import asyncio
import hmac
import json
import time

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.simulator import outgoing
from bot.simulator.config import Json, SimulatorConfig
from bot.simulator.exchange import Exchange
from bot.simulator.faults import Drop, Faults, Kind, Refusal
from bot.simulator.graph_errors import GraphError
from bot.simulator.network import Network
from bot.simulator.values import Direction, SentMessage

_STALE_SECONDS = 30 * 86_400.0
VERSION = r"/{version:v\d+\.\d+}"


class GraphApi:
    """Takes the bot's messages and read receipts. received: every call's body, oldest first."""

    def __init__(
        self, config: SimulatorConfig, network: Network, faults: Faults, exchange: Exchange
    ) -> None:
        self.received: list[Json] = []
        self._config = config
        self._network = network
        self._faults = faults
        self._exchange = exchange

    def routes(self) -> list[web.RouteDef]:
        return [web.post(VERSION + "/{number}/messages", self.messages)]

    async def messages(self, request: web.Request) -> web.Response:
        """Send a message, or mark one as read (and perhaps show that we are typing)."""
        authorise(request, self._config)
        own_number(request, self._config)
        body = await _json(request)
        self.received.append(body)
        kind: Kind = "read" if "status" in body else "send"
        planned = self._faults.next_answer(kind)
        if isinstance(planned, Refusal):
            raise GraphError(planned.code, http_status=planned.http_status, raw=planned.raw)
        if isinstance(planned, Drop) and planned.moment == "before":
            return _hang_up(request)
        answer = self._read(body) if kind == "read" else self._send(body)
        if isinstance(planned, Drop):
            return _hang_up(request)
        await asyncio.sleep(self._faults.answer_delay_seconds)
        return web.json_response(answer)

    # --- sending --------------------------------------------------------------------------

    def _send(self, body: Json) -> Json:
        outgoing.check(body)
        to = outgoing.recipient(body)
        person = self._network.person(to)
        chat = person.chat if person else to
        self._check_policy(body, to=to, chat=chat)
        message = self._exchange.accept(body, chat=chat)
        given = str(body.get("to") or body.get("recipient"))
        by_number = bool(body.get("to"))
        known = (person.wa_id if by_number else person.bsuid) if person else None
        who = {"input": given, "wa_id" if by_number else "user_id": known or to}
        return {
            "messaging_product": "whatsapp",
            "contacts": [who],
            "messages": [{"id": message.wamid}],
        }

    def _check_policy(self, body: Json, *, to: str, chat: str) -> None:
        faults = self._faults
        if to == self._config.display_phone_number:
            raise GraphError(131021, "Recipient phone number cannot be sender phone number")
        if faults.allow_list is not None and to not in faults.allow_list:
            raise GraphError(131030, "Recipient phone number not in allowed list")
        if body.get("type") != "template" and not self._window_open(chat):
            raise GraphError(131047, "More than 24 hours have passed since the customer replied")
        if not faults.within_pair_rate(chat):
            raise GraphError(131056, "Too many messages sent from this number to the same person")

    def _window_open(self, chat: str) -> bool:
        hours = self._faults.window_hours
        if hours is None:
            return True
        said = [m.at for m in self._network.chat(chat) if m.direction == Direction.TO_BUSINESS]
        return bool(said) and time.time() - max(said) < hours * 3600

    # --- reading --------------------------------------------------------------------------

    def _read(self, body: Json) -> Json:
        if body.get("status") != "read":
            raise GraphError(100, "Param status must be one of {READ}.")
        message = self._read_message(body.get("message_id"))
        indicator = body.get("typing_indicator")
        if indicator is not None and indicator != {"type": "text"}:
            raise GraphError(100, "Param typing_indicator['type'] must be one of {TEXT}.")
        self._exchange.read_up_to(message, typing=indicator is not None)
        return {"success": True}

    def _read_message(self, wamid: object) -> SentMessage:
        if not isinstance(wamid, str):
            raise GraphError(100, "The parameter message_id is required.")
        message = self._network.message(wamid)
        if (
            message is None
            or message.direction != Direction.TO_BUSINESS
            or time.time() - message.at > _STALE_SECONDS
        ):
            raise GraphError(131009, "Message ID is invalid")
        return message


def authorise(request: web.Request, config: SimulatorConfig) -> None:
    """Raise GraphError unless the request carries the access token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not token or scheme.lower() != "bearer":
        raise GraphError(104)
    given, expected = token.encode(errors="replace"), config.access_token.encode()
    if not hmac.compare_digest(given, expected):
        raise GraphError(190)
    proof = request.query.get("appsecret_proof")
    ours = hmac.digest(config.app_secret.encode(), expected, "sha256").hex()
    if proof is not None and not hmac.compare_digest(proof.encode(errors="replace"), ours.encode()):
        raise GraphError(100, "Invalid appsecret_proof provided in the API argument")


def own_number(request: web.Request, config: SimulatorConfig) -> None:
    number = request.match_info["number"]
    if number != config.phone_number_id:
        raise GraphError.no_such_object(request.method, number)


async def _json(request: web.Request) -> Json:
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise GraphError(100, "The request body is not JSON.") from None
    if not isinstance(body, dict):
        raise GraphError(100, "The request body is not a JSON object.")
    return body


def _hang_up(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()


@web.middleware
async def graph_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a GraphError into Meta's answer."""
    try:
        return await handler(request)
    except GraphError as error:
        if error.raw is not None:
            return web.Response(body=error.raw, status=error.http_status, content_type="text/html")
        return web.json_response(error.body(), status=error.http_status)

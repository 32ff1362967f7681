"""The token, the WhatsApp account (WABA) and the app behind a number, as the Graph API tells it.

https://developers.facebook.com/documentation/business-messaging/whatsapp/permissions
"""

from aiohttp import web

from bot.simulator.config import Json, SimulatorConfig
from bot.simulator.graph_api import VERSION, authorise
from bot.simulator.graph_errors import GraphError
from bot.simulator.shapes import WABA_ID

APP_ID = "670843887433847"
_SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")


class GraphAccounts:
    """One account with one number. subscribed: whether the app is listed; deliveries come anyway.

    token: what differs from a System User token with every permission.
    """

    def __init__(self, config: SimulatorConfig) -> None:
        self.subscribed = True
        self.token: Json = {}
        self._config = config

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(VERSION + "/debug_token", self.debug_token),
            web.get(VERSION + "/{account}/phone_numbers", self.phone_numbers),
            web.get(VERSION + "/{account}/subscribed_apps", self.subscribed_apps),
            web.post(VERSION + "/{account}/subscribed_apps", self.subscribe),
        ]

    async def debug_token(self, request: web.Request) -> web.Response:
        authorise(request, self._config)
        if request.query.get("input_token") != self._config.access_token:
            raise GraphError(100, "The parameter input_token is required.")
        facts: Json = {
            "app_id": APP_ID,
            "type": "SYSTEM_USER",
            "application": "Ava",
            "expires_at": 0,
            "is_valid": True,
            "scopes": [*_SCOPES, "public_profile"],
            "granular_scopes": [{"scope": scope, "target_ids": [WABA_ID]} for scope in _SCOPES],
        }
        return web.json_response({"data": facts | self.token})

    async def phone_numbers(self, request: web.Request) -> web.Response:
        self._own_account(request)
        return web.json_response({"data": [{"id": self._config.phone_number_id}]})

    async def subscribed_apps(self, request: web.Request) -> web.Response:
        self._own_account(request)
        app = {"id": APP_ID, "name": "Ava", "link": "https://www.facebook.com/games/?app_id=1"}
        apps = [{"whatsapp_business_api_data": app}] if self.subscribed else []
        return web.json_response({"data": apps})

    async def subscribe(self, request: web.Request) -> web.Response:
        self._own_account(request)
        self.subscribed = True
        return web.json_response({"success": True})

    def _own_account(self, request: web.Request) -> None:
        authorise(request, self._config)
        if request.match_info["account"] != WABA_ID:
            raise GraphError.no_such_object(request.method, request.match_info["account"])

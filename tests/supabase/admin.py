"""Supabase Auth (GoTrue) for the service-role client: people, and links for them."""

from typing import Any

from aiohttp import web

from tests.supabase.accounts import Accounts, body_of, email_in
from tests.supabase.gateway import Gateway
from tests.supabase.people import Person, shown
from tests.supabase.refusals import Refusal, auth_refusal, not_imitated

_CHANGEABLE = {"app_metadata", "data", "email", "email_confirm", "id", "password", "user_metadata"}


class Admin:
    """Under /auth/v1/admin."""

    def __init__(self, accounts: Accounts, gateway: Gateway) -> None:
        self._accounts = accounts
        self._gateway = gateway

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/auth/v1/admin/users", self._list),
            web.post("/auth/v1/admin/users", self._create),
            web.get("/auth/v1/admin/users/{id}", self._get),
            web.put("/auth/v1/admin/users/{id}", self._update),
            web.delete("/auth/v1/admin/users/{id}", self._delete),
            web.post("/auth/v1/admin/generate_link", self._generate_link),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        self._check(request)
        page, size = (int(request.query.get(name) or 0) for name in ("page", "per_page"))
        people = await self._accounts.people.page(page or 1, size or 50)
        users = [shown(person) for person in people]
        return web.json_response({"users": users, "aud": "authenticated"})

    async def _create(self, request: web.Request) -> web.Response:
        wanted = await self._wanted(request)
        await self._check_free(email_in(wanted))
        confirmed = bool(wanted.get("email_confirm"))
        return web.json_response(
            shown(await self._accounts.people.add(wanted, confirmed=confirmed))
        )

    async def _get(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response(shown(await self._person(request)))

    async def _update(self, request: web.Request) -> web.Response:
        wanted, person = await self._wanted(request), await self._person(request)
        if wanted.get("email") not in (None, person["email"]):
            await self._check_free(wanted["email"])
        changed = await self._accounts.people.change(person, wanted)
        if wanted.get("password"):
            await self._accounts.sessions.end_all(person["id"])
        return web.json_response(shown(changed))

    async def _delete(self, request: web.Request) -> web.Response:
        self._check(request)
        if (await body_of(request)).get("should_soft_delete"):
            raise not_imitated("soft deletion")
        await self._accounts.people.remove(await self._person(request))
        return web.json_response({})

    async def _generate_link(self, request: web.Request) -> web.Response:
        self._check(request)
        body = await body_of(request)
        kind, email = body.get("type"), email_in(body)
        if kind not in ("magiclink", "recovery"):
            raise not_imitated(f"a link of type {kind}")
        person = await self._accounts.people.by_email(email)
        if person is None and kind == "recovery":
            raise auth_refusal(404, "user_not_found", "User with this email not found")
        if person is None:  # then it is a sign-up
            person, kind = (
                await self._accounts.people.add({"email": email}, confirmed=False),
                "signup",
            )
        return web.json_response(self._link(request, person, kind))

    def _link(self, request: web.Request, person: Person, kind: str) -> dict[str, Any]:
        mail = self._accounts.mailbox.issue(person, kind)
        target = request.query.get("redirect_to", "")
        page = request.url.origin() / "auth/v1/verify"
        query = {"token": mail.token_hash, "type": kind, "redirect_to": target}
        return {
            **shown(person),
            "action_link": str(page.with_query(query)),
            "email_otp": mail.token,
            "hashed_token": mail.token_hash,
            "verification_type": kind,
            "redirect_to": target,
        }

    # --- who asks for what ----------------------------------------------------------------------

    def _check(self, request: web.Request) -> None:
        try:
            identity = self._gateway.identify(request)
        except Refusal as exc:
            if "code" not in exc.body:
                raise  # the gateway's own
            raise auth_refusal(403, "bad_jwt", f"invalid JWT: {exc.body['message']}") from exc
        if identity.role != "service_role":
            raise auth_refusal(403, "not_admin", "User not allowed")

    async def _wanted(self, request: web.Request) -> dict[str, Any]:
        self._check(request)
        body = await body_of(request)
        strange = {name for name, value in body.items() if value is not None} - _CHANGEABLE
        if strange:
            raise not_imitated(f"the attributes {sorted(strange)}")
        if body.get("password"):
            self._accounts.check_password(body["password"])
        return {**body, "email": email_in(body)} if body.get("email") else body

    async def _person(self, request: web.Request) -> Person:
        person = await self._accounts.people.by_id(request.match_info["id"])
        if person is None:
            raise auth_refusal(404, "user_not_found", "User not found")
        return person

    async def _check_free(self, email: str) -> None:
        if await self._accounts.people.by_email(email) is not None:
            raise auth_refusal(
                422,
                "email_exists",
                "A user with this email address has already been registered",
            )

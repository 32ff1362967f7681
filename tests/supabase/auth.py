"""Supabase Auth (GoTrue) for people: e-mail and password, one-time tokens, sessions."""

from typing import Any
from uuid import UUID

from aiohttp import web
from jose import JOSEError

from tests.supabase.accounts import Accounts, body_of, email_in
from tests.supabase.gateway import Gateway, bearer
from tests.supabase.mailbox import proof_of
from tests.supabase.people import Person, has_password, shown, somebody
from tests.supabase.refusals import auth_refusal, not_imitated
from tests.supabase.signing import Signer

_KINDS = ("email", "invite", "magiclink", "recovery", "signup")
_KEY_SET_SECONDS = 600


class Auth:
    """What anybody may ask with the anon key."""

    def __init__(self, accounts: Accounts, gateway: Gateway, signer: Signer) -> None:
        self._accounts = accounts
        self._gateway = gateway
        self._signer = signer

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/auth/v1/.well-known/jwks.json", self._key_set),
            web.get("/auth/v1/settings", self._settings),
            web.get("/auth/v1/user", self._user),
            web.put("/auth/v1/user", self._change_user),
            web.post("/auth/v1/signup", self._sign_up),
            web.post("/auth/v1/token", self._token),
            web.post("/auth/v1/otp", self._send_magic_link),
            web.post("/auth/v1/recover", self._send_recovery),
            web.post("/auth/v1/resend", self._send_again),
            web.post("/auth/v1/verify", self._verify),
            web.post("/auth/v1/logout", self._sign_out),
        ]

    # --- about the project ----------------------------------------------------------------------

    async def _key_set(self, _: web.Request) -> web.Response:
        caching = {"Cache-Control": f"public, max-age={_KEY_SET_SECONDS}"}
        return web.json_response({"keys": self._signer.published()}, headers=caching)

    async def _settings(self, request: web.Request) -> web.Response:
        self._gateway.admit(request)
        policy = self._accounts.policy
        return web.json_response(
            {
                "external": {"email": True, "phone": False, "anonymous_users": False},
                "disable_signup": not policy.signup_enabled,
                "mailer_autoconfirm": policy.autoconfirm,
                "phone_autoconfirm": False,
                "sms_provider": "twilio",
                "saml_enabled": False,
            }
        )

    # --- getting in -----------------------------------------------------------------------------

    async def _sign_up(self, request: web.Request) -> web.Response:
        body, policy = await self._asked(request), self._accounts.policy
        if not policy.signup_enabled:
            raise _signup_disabled()
        if not body.get("email"):
            raise auth_refusal(
                422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled"
            )
        self._accounts.check_password(body.get("password") or "")
        wanted = {**body, "email": email_in(body)}
        known = await self._accounts.people.by_email(wanted["email"])
        if known is not None and known["email_confirmed_at"]:
            if policy.autoconfirm:
                raise auth_refusal(422, "user_already_exists", "User already registered")
            return web.json_response(somebody(wanted))
        return await self._admit(known, wanted)

    async def _admit(self, known: Person | None, wanted: dict[str, Any]) -> web.Response:
        """Let a newcomer in, or have them prove their address first."""
        person = await self._newcomer(known, wanted)
        if person["email_confirmed_at"]:
            return web.json_response(await self._accounts.sessions.begin(person, "password"))
        self._accounts.mailbox.send(person, "signup")
        return web.json_response(shown(person))

    async def _newcomer(self, known: Person | None, wanted: dict[str, Any]) -> Person:
        """Return somebody as new as the policy has it; what is known already stays as it is."""
        people, autoconfirm = self._accounts.people, self._accounts.policy.autoconfirm
        if known is None:
            return await people.add(wanted, confirmed=autoconfirm)
        if autoconfirm and not known["email_confirmed_at"]:
            return await people.confirm(known)
        return known

    async def _token(self, request: web.Request) -> web.Response:
        body, grant = await self._asked(request), request.query.get("grant_type")
        match grant:
            case "password":
                return web.json_response(await self._sign_in(body))
            case "refresh_token":
                token = str(body.get("refresh_token") or "")
                if not token:
                    raise auth_refusal(400, "validation_failed", "refresh_token required")
                return web.json_response(await self._accounts.sessions.refresh(token))
            case _:
                raise not_imitated(f"grant_type={grant}")

    async def _sign_in(self, body: dict[str, Any]) -> dict[str, Any]:
        email, password = str(body.get("email") or ""), str(body.get("password") or "")
        if not email:
            raise auth_refusal(400, "validation_failed", "missing email or phone")
        person = await self._accounts.people.by_email(email.lower())
        if person is None or not has_password(person, password):
            raise auth_refusal(400, "invalid_credentials", "Invalid login credentials")
        if not person["email_confirmed_at"]:
            raise auth_refusal(400, "email_not_confirmed", "Email not confirmed")
        return await self._accounts.sessions.begin(person, "password")

    # --- one-time tokens ------------------------------------------------------------------------

    async def _send_magic_link(self, request: web.Request) -> web.Response:
        body = await self._asked(request)
        email = email_in(body)
        known = await self._accounts.people.by_email(email)
        if known is None and not body.get("create_user", True):
            raise auth_refusal(422, "otp_disabled", "Signups not allowed for otp")
        if known is None and not self._accounts.policy.signup_enabled:
            raise _signup_disabled()
        person = await self._newcomer(known, {"email": email, "data": body.get("data")})
        kind = "magiclink" if person["email_confirmed_at"] else "signup"
        self._accounts.mailbox.send(person, kind)
        return web.json_response({})

    async def _send_recovery(self, request: web.Request) -> web.Response:
        person = await self._accounts.people.by_email(email_in(await self._asked(request)))
        if person is not None:
            self._accounts.mailbox.send(person, "recovery")
        return web.json_response({})

    async def _send_again(self, request: web.Request) -> web.Response:
        body = await self._asked(request)
        if body.get("type") != "signup":
            raise not_imitated(f"sending {body.get('type')} again")
        person = await self._accounts.people.by_email(email_in(body))
        if person is not None and not person["email_confirmed_at"]:
            self._accounts.mailbox.send(person, "signup")
        return web.json_response({})

    async def _verify(self, request: web.Request) -> web.Response:
        body = await self._asked(request)
        kind = str(body.get("type") or "")
        if kind not in _KINDS:
            raise not_imitated(f"the verification of {kind!r}")
        proof = body.get("token_hash") or proof_of(email_in(body), str(body.get("token")))
        lifetime = self._accounts.policy.link_seconds
        owner = self._accounts.mailbox.redeem(proof, kind, lifetime=lifetime)
        person = await self._accounts.people.by_id(owner)
        if person is None:
            raise auth_refusal(403, "otp_expired", "Email link is invalid or has expired")
        confirmed = await self._accounts.people.confirm(person)
        return web.json_response(await self._accounts.sessions.begin(confirmed, "otp"))

    # --- being in -------------------------------------------------------------------------------

    async def _user(self, request: web.Request) -> web.Response:
        person, _ = await self._signed_in(request)
        return web.json_response(shown(person))

    async def _change_user(self, request: web.Request) -> web.Response:
        person, session = await self._signed_in(request)
        body = await body_of(request)
        if body.get("email") not in (None, "", person["email"]):
            raise not_imitated("a change of e-mail")
        wanted = {"password": body.get("password"), "data": body.get("data")}
        if wanted["password"]:
            self._check_new_password(person, wanted["password"])
        changed = await self._accounts.people.change(person, wanted)
        if wanted["password"]:
            await self._accounts.sessions.end(person["id"], session, "others")
        return web.json_response(shown(changed))

    def _check_new_password(self, person: Person, password: str) -> None:
        self._accounts.check_password(password)
        if has_password(person, password):
            raise auth_refusal(
                422, "same_password", "New password should be different from the old password."
            )

    async def _sign_out(self, request: web.Request) -> web.Response:
        person, session = await self._signed_in(request)
        scope = request.query.get("scope", "global")
        await self._accounts.sessions.end(person["id"], session, scope)
        return web.Response(status=204)

    # --- who asks -------------------------------------------------------------------------------

    async def _asked(self, request: web.Request) -> dict[str, Any]:
        self._gateway.admit(request)
        return await body_of(request)

    async def _signed_in(self, request: web.Request) -> tuple[Person, UUID]:
        """Return the person of the access token, and their session, which must still be there."""
        self._gateway.admit(request)
        claims = self._claims(bearer(request))
        person = await self._accounts.people.by_id(claims["sub"])
        if person is None:
            raise auth_refusal(403, "user_not_found", "User from sub claim in JWT does not exist")
        session = claims.get("session_id")
        if not await self._accounts.sessions.exists(session):
            raise auth_refusal(
                403, "session_not_found", "Session from session_id claim in JWT does not exist"
            )
        return person, UUID(session)

    def _claims(self, token: str) -> dict[str, Any]:
        if not token or token.startswith("sb_"):
            raise auth_refusal(
                401, "no_authorization", "This endpoint requires a valid Bearer token"
            )
        try:
            claims = self._signer.verify(token)
        except JOSEError as exc:
            message = f"invalid JWT: unable to parse or verify signature, {exc}"
            raise auth_refusal(403, "bad_jwt", message) from exc
        if not claims.get("sub"):
            raise auth_refusal(403, "bad_jwt", "invalid claim: missing sub claim")
        return claims


def _signup_disabled() -> Exception:
    return auth_refusal(422, "signup_disabled", "Signups not allowed for this instance")

"""Accounts that Supabase Auth keeps.

Whoever signs in does so on a client of their own, which is forgotten afterwards: a client that
signed somebody in speaks for them from then on.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import httpx
from pydantic import ValidationError
from supabase_auth import AsyncGoTrueAdminAPI, AsyncGoTrueClient, AuthResponse
from supabase_auth import Session as TheirSession
from supabase_auth.errors import (
    AuthError,
    AuthInvalidCredentialsError,
    AuthRetryableError,
    AuthSessionMissingError,
)
from supabase_auth.types import SignOutScope

from bot import supabase_keys
from bot.accounts.passwords import check_strength
from bot.accounts.ports import Scope, Session
from bot.errors import (
    AccountsRejected,
    AccountsTimeout,
    AccountsUnavailable,
    AvaError,
    Conflict,
    Fault,
    Forbidden,
    Invalid,
    NotSignedIn,
    TooMany,
    WrongCredentials,
)
from bot.models import Account, Caller, PersonId
from bot.random_tokens import new_token

_SCOPES: dict[Scope, SignOutScope] = {
    Scope.THIS: "local",
    Scope.OTHERS: "others",
    Scope.ALL: "global",
}
_NOT_SIGNED_IN = (
    "otp_expired",
    "refresh_token_already_used",
    "refresh_token_not_found",
)
_GONE = ("session_expired", "session_not_found", "user_not_found")
_REFUSED_TOKENS = ("bad_jwt", "no_authorization")
_FORBIDDEN = {
    "email_not_confirmed": "Open the link in our e-mail first.",
    "signup_disabled": "Nobody can sign up here at the moment.",
    "user_banned": "This account is blocked.",
}
_FAULTS = {
    "email_address_invalid": Fault("email", "This e-mail cannot be used."),
    "same_password": Fault("password", "This is the password you have."),
    "validation_failed": Fault("email", "E-mail or password cannot be used."),
    "weak_password": Fault("password", "This password is too easy to guess."),
}
_TAKEN = ("email_exists", "user_already_exists")
_TOO_MANY = ("over_email_send_rate_limit", "over_request_rate_limit")
_LATER = timedelta(minutes=1)
_TIMED_OUT = (504, 522, 524)  # the gateway, or Cloudflare before it, waited in vain


class _Gone(NotSignedIn):
    """The session or the account is there no more."""


class SupabaseAccounts:
    """``ports.Accounts`` by Supabase Auth."""

    def __init__(
        self, http: httpx.AsyncClient, *, url: str, anon_key: str, service_role_key: str
    ) -> None:
        self._http = http
        self._url = f"{url}/auth/v1"
        self._anon_key = anon_key
        self._service_role_key = service_role_key
        self._admin = AsyncGoTrueAdminAPI(
            url=self._url, headers=supabase_keys.headers(service_role_key), http_client=http
        )

    async def sign_up(self, email: str, password: str, *, address: str) -> Session | None:
        check_strength(email, password)
        with _translated():
            answer = await self._visitor(address).sign_up({"email": email, "password": password})
        return None if answer.session is None else _session(answer.session)

    async def sign_in(self, email: str, password: str, *, address: str) -> Session:
        with _translated():
            answer = await self._visitor(address).sign_in_with_password(
                {"email": email, "password": password}
            )
        return _only(answer)

    async def refresh(self, refresh_token: str, *, address: str) -> Session:
        with _translated():
            answer = await self._visitor(address).refresh_session(refresh_token)
        return _only(answer)

    async def sign_out(self, caller: Caller, scope: Scope) -> None:
        with suppress(_Gone), _translated(refused_token=NotSignedIn):
            await self._admin.sign_out(caller.token, _SCOPES[scope])

    async def open(self, account: Account, *, address: str) -> Session:
        with _translated():
            # "recovery", because "magiclink" would make an account where there is none any more.
            link = await self._admin.generate_link({"type": "recovery", "email": account.email})
        if link.user.id != str(account.id):
            raise NotSignedIn("the e-mail is somebody else's by now")
        if link.user.email_confirmed_at is None:
            await self._forget_password(account)
        try:
            with _translated():
                answer = await self._visitor(address).verify_otp(
                    {"token_hash": link.properties.hashed_token, "type": "recovery"}
                )
        except NotSignedIn as exc:  # each has one such link: another call made a newer one
            raise AccountsUnavailable("overtaken") from exc
        return _only(answer)

    async def _forget_password(self, account: Account) -> None:
        """Whoever set it before the e-mail was proved may be somebody else."""
        with _translated():
            await self._admin.update_user_by_id(str(account.id), {"password": new_token()})

    async def check_password(self, account: Account, password: str, *, address: str) -> None:
        # There is no other way to ask; the session ends with the others once there is a new one.
        session = await self.sign_in(account.email, password, address=address)
        if session.person != account.id:
            raise WrongCredentials

    async def change_password(self, account: Account, password: str, *, address: str) -> Session:
        check_strength(account.email, password)
        with _translated():
            await self._admin.update_user_by_id(str(account.id), {"password": password})
        session = await self.open(account, address=address)
        with _translated():
            await self._admin.sign_out(session.access_token, "others")
        return session

    async def delete(self, person: PersonId) -> None:
        with suppress(_Gone), _translated():
            await self._admin.delete_user(str(person))

    def _visitor(self, address: str) -> AsyncGoTrueClient:
        """Return a client for one person's one request, counted by Supabase under *address*.

        Only a secret key of the new kind may say for whom it asks.
        https://supabase.com/docs/guides/auth/rate-limits
        """
        asks_for_others = self._service_role_key.startswith(supabase_keys.SECRET)
        forwarded = {"Sb-Forwarded-For": address} if address and asks_for_others else {}
        key = self._service_role_key if forwarded else self._anon_key
        return AsyncGoTrueClient(
            url=self._url,
            headers=supabase_keys.headers(key) | forwarded,
            http_client=self._http,
            auto_refresh_token=False,
            persist_session=False,
            flow_type="implicit",
        )


def _only(answer: AuthResponse) -> Session:
    if answer.session is None:
        raise AccountsUnavailable("an answer without a session")
    return _session(answer.session)


def _session(theirs: TheirSession) -> Session:
    return Session(
        person=PersonId(UUID(theirs.user.id)),
        access_token=theirs.access_token,
        expires_in=theirs.expires_in,
        refresh_token=theirs.refresh_token,
    )


@contextmanager
def _translated(*, refused_token: type[AvaError] = AccountsRejected) -> Iterator[None]:
    """Turn what supabase_auth raises into what can be done about it; its wording stays here.

    refused_token: what it means that a token is, which is one of our keys unless a person gave it.
    """
    try:
        yield
    except AuthRetryableError as exc:
        timed_out = isinstance(exc.__cause__, httpx.TimeoutException) or exc.status in _TIMED_OUT
        raise (AccountsTimeout if timed_out else AccountsUnavailable)(type(exc).__name__) from exc
    except AuthInvalidCredentialsError as exc:  # nothing was given at all, nor asked of anybody
        raise WrongCredentials from exc
    except AuthSessionMissingError as exc:
        raise NotSignedIn from exc
    except AuthError as exc:
        if exc.code in _REFUSED_TOKENS:
            raise refused_token(exc.code) from exc
        raise _error_of(exc.code or "", _status_of(exc)) from exc
    except (ValidationError, httpx.HTTPError) as exc:  # an answer that is not theirs
        raise AccountsUnavailable(type(exc).__name__) from exc


def _status_of(exc: AuthError) -> int:
    """Return the status of the answer; 0: there was none."""
    answered = exc.__cause__
    return answered.response.status_code if isinstance(answered, httpx.HTTPStatusError) else 0


def _error_of(code: str, status: int) -> AvaError:
    if code in _FORBIDDEN:
        return Forbidden(_FORBIDDEN[code])
    if code in _FAULTS:
        return Invalid([_FAULTS[code]])
    if code in _TAKEN:
        return Conflict("An account with this e-mail exists already.")
    if code in _TOO_MANY or status == HTTPStatus.TOO_MANY_REQUESTS:
        return TooMany(_LATER)
    return _kind_of(code, status)(code or f"{status}")


def _kind_of(code: str, status: int) -> type[AvaError]:
    if code == "invalid_credentials":
        return WrongCredentials
    if code in _GONE:
        return _Gone
    if code in _NOT_SIGNED_IN:
        return NotSignedIn
    is_theirs = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return AccountsUnavailable if is_theirs else AccountsRejected

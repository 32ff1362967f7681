"""When Supabase Auth refuses or fails, and whose request it is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bot.accounts.ports import Scope
from bot.accounts.supabase import SupabaseAccounts
from bot.errors import (
    AccountsRejected,
    AccountsTimeout,
    AccountsUnavailable,
    AvaError,
    Conflict,
    Forbidden,
    Invalid,
    NotSignedIn,
    TooMany,
    WrongCredentials,
)
from bot.models import Account, Caller, PersonId
from tests.accounts.supabase.sessions import (
    HERE,
    PASSWORD,
    account_of,
    accounts_on,
    caller_of,
    refreshed,
    signed_in,
    signed_up,
)
from tests.supabase.standin import Standin
from tests.supabase.weather import Fault

OTHER = "staple, correct horse"
AUTH = "/auth/v1/"
PAGE = "<h1>the words of Supabase</h1>"


ANSWERS: list[tuple[int, str | None, type[AvaError]]] = [
    (400, "email_address_invalid", Invalid),
    (400, "invalid_credentials", WrongCredentials),
    (400, "refresh_token_already_used", NotSignedIn),
    (400, "refresh_token_not_found", NotSignedIn),
    (400, "session_expired", NotSignedIn),
    (400, "something_new", AccountsRejected),
    (400, "user_banned", Forbidden),
    (400, "validation_failed", Invalid),
    (400, None, AccountsRejected),
    (403, "otp_expired", NotSignedIn),
    (403, "session_not_found", NotSignedIn),
    (422, "email_exists", Conflict),
    (422, "same_password", Invalid),
    (422, "user_already_exists", Conflict),
    (429, "over_email_send_rate_limit", TooMany),
    (429, "over_request_rate_limit", TooMany),
    (429, None, TooMany),
    (500, "unexpected_failure", AccountsUnavailable),
    (500, None, AccountsUnavailable),
    (502, None, AccountsUnavailable),
    (503, None, AccountsUnavailable),
    (504, "request_timeout", AccountsTimeout),
    (504, None, AccountsTimeout),
    (520, None, AccountsUnavailable),
    (522, None, AccountsTimeout),
    (200, None, AccountsUnavailable),  # a page of somebody else
]


@pytest.mark.parametrize("answer", ANSWERS)
async def test_what_is_answered_becomes_what_can_be_done(
    accounts: SupabaseAccounts, standin: Standin, answer: tuple[int, str | None, type[AvaError]]
) -> None:
    status, code, kind = answer
    body = {"error_code": code, "msg": "the words of Supabase"} if code else PAGE
    standin.faults.append(Fault(path=AUTH, status=status, body=body))

    with pytest.raises(kind) as refused:
        await signed_in(accounts, "ada@example.com")

    assert "words" not in str(refused.value)
    assert isinstance(refused.value, AccountsTimeout) == issubclass(kind, AccountsTimeout)


async def test_who_is_too_fast_is_told_when_to_come_back(
    accounts: SupabaseAccounts, standin: Standin
) -> None:
    standin.faults.append(
        Fault(path=AUTH, status=429, body={"error_code": "over_request_rate_limit"})
    )

    with pytest.raises(TooMany) as refused:
        await signed_in(accounts, "ada@example.com")

    assert refused.value.again_in.total_seconds() == 60


Call = Callable[[SupabaseAccounts, Account, Caller], Awaitable[object]]
CALLS: dict[str, Call] = {
    "sign_up": lambda it, account, _: it.sign_up(f"x{account.email}", PASSWORD, address=HERE),
    "sign_in": lambda it, account, _: it.sign_in(account.email, PASSWORD, address=HERE),
    "refresh": lambda it, _, __: it.refresh("any", address=HERE),
    "sign_out": lambda it, _, caller: it.sign_out(caller, Scope.ALL),
    "check_password": lambda it, account, _: it.check_password(account, PASSWORD, address=HERE),
    "open": lambda it, account, _: it.open(account, address=HERE),
    "change_password": lambda it, account, _: it.change_password(account, OTHER, address=HERE),
    "delete": lambda it, account, _: it.delete(account.id),
}
TROUBLE: dict[str, dict[str, Any]] = {
    "drops": {"drop": True},
    "drops late": {"drop": True, "late": True},
    "503": {"status": 503, "body": PAGE},
    "500": {"status": 500, "body": {"error_code": "unexpected_failure"}},
}


@pytest.mark.parametrize("call", CALLS)
async def test_every_call_says_when_supabase_does_not_work(
    accounts: SupabaseAccounts, standin: Standin, email: str, call: str
) -> None:
    session = await signed_up(accounts, email)
    account, caller = account_of(session, email), caller_of(session)

    for trouble in TROUBLE.values():
        standin.faults.append(Fault(path=AUTH, **trouble))
        with pytest.raises(AccountsUnavailable):
            await CALLS[call](accounts, account, caller)

    await standin.stop()
    with pytest.raises(AccountsUnavailable):
        await CALLS[call](accounts, account, caller)


@pytest.mark.parametrize("call", CALLS)
async def test_no_call_waits_for_somebody_who_does_not_answer(standin: Standin, call: str) -> None:
    standin.faults.append(Fault(path=AUTH, delay=(gate := asyncio.Event())))
    account = Account(id=PersonId(uuid4()), email="ada@example.com")

    async with httpx.AsyncClient(timeout=0.02, verify=False) as http:
        with pytest.raises(AccountsTimeout):
            await CALLS[call](
                accounts_on(http, standin), account, Caller(id=account.id, token="a.b.c")
            )

    gate.set()


# --- whose request it is ------------------------------------------------------------------------


async def test_supabase_counts_by_the_address_of_the_person_where_we_may_say_it(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    session = await signed_up(accounts, email)
    await signed_in(accounts, email)
    await refreshed(accounts, session.refresh_token)
    account = account_of(session, email)
    await accounts.check_password(account, PASSWORD, address=HERE)
    await accounts.open(account, address=HERE)
    await accounts.change_password(account, OTHER, address=HERE)

    theirs = [s for s in standin.seen if "/admin/" not in s.path and not s.path.endswith("/logout")]
    assert [seen.forwarded_for for seen in theirs] == [HERE] * 6
    assert {seen.apikey for seen in theirs} == {standin.service_role_key}
    assert {seen.authorization for seen in theirs} == {None}


async def test_without_an_address_people_ask_with_the_key_of_everybody(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    await accounts.sign_up(email, PASSWORD, address="")

    (seen,) = standin.seen
    assert (seen.apikey, seen.authorization) == (standin.anon_key, None)
    assert seen.forwarded_for is None


async def test_with_keys_of_the_old_kind_nobody_speaks_for_an_address(
    http: httpx.AsyncClient, standin: Standin, email: str
) -> None:
    anon, secret = standin.legacy_anon_key, standin.legacy_service_role_key
    accounts = accounts_on(http, standin, anon_key=anon, service_role_key=secret)
    session = await signed_up(accounts, email)
    await accounts.open(account_of(session, email), address=HERE)
    await accounts.sign_out(caller_of(session), Scope.ALL)
    await accounts.delete(session.person)

    assert {seen.forwarded_for for seen in standin.seen} == {None}
    assert [(seen.apikey, seen.authorization) for seen in standin.seen] == [
        (anon, f"Bearer {anon}"),  # to sign up
        (secret, f"Bearer {secret}"),  # for a link
        (anon, f"Bearer {anon}"),  # to use it
        (secret, f"Bearer {session.access_token}"),  # to sign out
        (secret, f"Bearer {secret}"),  # to delete
    ]


async def test_nothing_runs_on_after_somebody_signed_in(
    accounts: SupabaseAccounts, email: str
) -> None:
    session = await signed_up(accounts, email)  # opens the one connection
    before = asyncio.all_tasks()

    await signed_in(accounts, email)
    await refreshed(accounts, session.refresh_token)
    await accounts.open(account_of(session, email), address=HERE)

    assert asyncio.all_tasks() <= before

"""Accounts that Supabase Auth keeps."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from asyncpg import Connection

from bot.accounts.ports import Scope
from bot.accounts.supabase import SupabaseAccounts
from bot.errors import (
    AccountsRejected,
    AccountsUnavailable,
    Conflict,
    Forbidden,
    Invalid,
    NotSignedIn,
    WrongCredentials,
)
from bot.models import Account, PersonId
from tests.accounts.supabase.sessions import (
    HERE,
    PASSWORD,
    account_of,
    caller_of,
    lives,
    refreshed,
    signed_in,
    signed_up,
)
from tests.supabase.standin import Standin
from tests.supabase.weather import Fault

OTHER = "staple, correct horse"
AUTH = "/auth/v1/"
PAGE = "<h1>the words of Supabase</h1>"


# --- signing up ---------------------------------------------------------------------------------


async def test_who_signs_up_is_signed_in(
    accounts: SupabaseAccounts, owner: Connection, email: str
) -> None:
    session = await signed_up(accounts, email)

    kept = await owner.fetchval("select id from auth.users where email = $1", email)
    assert session.person == kept
    assert session.expires_in == 3600
    assert session.access_token not in repr(session)
    assert await lives(accounts, session)


async def test_an_email_has_one_account(accounts: SupabaseAccounts, email: str) -> None:
    await signed_up(accounts, email)

    with pytest.raises(Conflict):
        await accounts.sign_up(email, OTHER, address=HERE)
    with pytest.raises(WrongCredentials):
        await accounts.sign_in(email, OTHER, address=HERE)


async def test_a_weak_password_is_refused_before_anybody_is_asked(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await accounts.sign_up(email, "password", address=HERE)

    assert [fault.field for fault in refused.value.faults] == ["password"]
    assert standin.seen == []


async def test_a_project_may_ask_for_more_of_a_password(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    standin.policy.shortest_password = 40

    with pytest.raises(Invalid) as refused:
        await accounts.sign_up(email, PASSWORD, address=HERE)

    assert [fault.field for fault in refused.value.faults] == ["password"]


async def test_where_emails_are_confirmed_nobody_learns_who_has_an_account(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    await signed_up(accounts, email)
    standin.autoconfirm = False

    new = [await accounts.sign_up(f"new.{email}", PASSWORD, address=HERE) for _ in range(2)]
    known = await accounts.sign_up(email, OTHER, address=HERE)

    assert (new, known) == ([None, None], None)
    with pytest.raises(WrongCredentials):
        await accounts.sign_in(email, OTHER, address=HERE)


async def test_who_did_not_confirm_their_email_cannot_sign_in(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    standin.autoconfirm = False
    await accounts.sign_up(email, PASSWORD, address=HERE)

    with pytest.raises(Forbidden):
        await signed_in(accounts, email)


async def test_a_closed_project_takes_nobody_in(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    standin.policy.signup_enabled = False

    with pytest.raises(Forbidden):
        await accounts.sign_up(email, PASSWORD, address=HERE)


# --- signing in ---------------------------------------------------------------------------------


async def test_who_signed_up_can_sign_in(accounts: SupabaseAccounts, email: str) -> None:
    signed_up_as = (await signed_up(accounts, email)).person

    assert (await signed_in(accounts, email)).person == signed_up_as


@pytest.mark.parametrize("password", [OTHER, "", PASSWORD.upper()])
async def test_a_wrong_password_and_an_unknown_email_are_the_same(
    accounts: SupabaseAccounts, email: str, password: str
) -> None:
    await signed_up(accounts, email)

    refused = []
    for tried in email, f"unknown.{email}":
        with pytest.raises(WrongCredentials) as error:
            await accounts.sign_in(tried, password, address=HERE)
        refused.append(str(error.value))

    assert refused[0] == refused[1]


# --- going on -----------------------------------------------------------------------------------


async def test_a_session_goes_on_by_the_token_that_came_last(
    accounts: SupabaseAccounts, email: str
) -> None:
    first = await signed_up(accounts, email)

    second = await refreshed(accounts, first.refresh_token)
    third = await refreshed(accounts, second.refresh_token)

    assert {first.person, second.person, third.person} == {first.person}
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3


async def test_a_reused_refresh_token_ends_the_session(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    standin.policy.refresh_reuse_seconds = 0
    first = await signed_up(accounts, email)
    second = await refreshed(accounts, first.refresh_token)
    third = await refreshed(accounts, second.refresh_token)

    with pytest.raises(NotSignedIn):
        await refreshed(accounts, first.refresh_token)

    assert not await lives(accounts, third)


async def test_a_client_that_did_not_hear_the_answer_may_ask_again(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    first = await signed_up(accounts, email)
    standin.faults.append(Fault(path=f"{AUTH}token", drop=True, late=True))
    with pytest.raises(AccountsUnavailable):
        await refreshed(accounts, first.refresh_token)

    again = await refreshed(accounts, first.refresh_token)

    assert await lives(accounts, again)


@pytest.mark.parametrize("token", ["unknown", "", "' or true --", "🌞"])
async def test_what_is_no_refresh_token_signs_nobody_in(
    accounts: SupabaseAccounts, token: str
) -> None:
    with pytest.raises(NotSignedIn):
        await refreshed(accounts, token)


# --- signing out --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "alive"),
    [
        (Scope.THIS, [False, True, True]),
        (Scope.OTHERS, [True, False, False]),
        (Scope.ALL, [False, False, False]),
    ],
)
async def test_sessions_end_by_their_scope(
    accounts: SupabaseAccounts, email: str, scope: Scope, alive: list[bool]
) -> None:
    others = await signed_up(accounts, f"other.{email}")
    hers = [await signed_up(accounts, email), *[await signed_in(accounts, email) for _ in "ab"]]

    await accounts.sign_out(caller_of(hers[0]), scope)

    assert [await lives(accounts, session) for session in hers] == alive
    assert await lives(accounts, others)


async def test_who_is_out_already_may_sign_out(accounts: SupabaseAccounts, email: str) -> None:
    session = await signed_up(accounts, email)
    for _ in range(2):
        await accounts.sign_out(caller_of(session), Scope.THIS)
    await accounts.delete(session.person)
    await accounts.sign_out(caller_of(session), Scope.ALL)

    assert not await lives(accounts, session)


async def test_a_token_that_ended_signs_nobody_out(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    """Or somebody would believe that their session had ended."""
    standin.policy.access_token_seconds = -60
    session = await signed_up(accounts, email)

    with pytest.raises(NotSignedIn):
        await accounts.sign_out(caller_of(session), Scope.THIS)

    assert await lives(accounts, session)


# --- signing in by a link -----------------------------------------------------------------------


async def test_who_proved_their_email_is_signed_in(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    account = account_of(await signed_up(accounts, email), email)

    session = await accounts.open(account, address=HERE)

    assert session.person == account.id
    assert await lives(accounts, session)
    assert standin.outbox == []  # our own letter has been sent before


async def test_a_link_confirms_the_email_and_forgets_who_came_before(
    accounts: SupabaseAccounts, standin: Standin, owner: Connection, email: str
) -> None:
    standin.autoconfirm = False
    await accounts.sign_up(email, PASSWORD, address=HERE)
    person = await owner.fetchval("select id from auth.users where email = $1", email)

    session = await accounts.open(
        Account(id=PersonId(UUID(str(person))), email=email), address=HERE
    )

    assert session.person == person
    with pytest.raises(WrongCredentials):  # who set that password had not proved the e-mail
        await signed_in(accounts, email)


async def test_a_link_makes_no_account_for_somebody_who_left(
    accounts: SupabaseAccounts, owner: Connection, email: str
) -> None:
    account = account_of(await signed_up(accounts, email), email)
    await accounts.delete(account.id)

    with pytest.raises(NotSignedIn):
        await accounts.open(account, address=HERE)

    assert await owner.fetchval("select count(*) from auth.users where email = $1", email) == 0


async def test_a_link_opens_no_account_that_came_after_it(
    accounts: SupabaseAccounts, email: str
) -> None:
    former = account_of(await signed_up(accounts, email), email)
    await accounts.delete(former.id)
    await signed_up(accounts, email)

    with pytest.raises(NotSignedIn):
        await accounts.open(former, address=HERE)


async def test_who_is_overtaken_by_themselves_may_try_again(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    account = account_of(await signed_up(accounts, email), email)
    standin.faults.append(fault := Fault(path=f"{AUTH}verify", delay=(gate := asyncio.Event())))
    slow = asyncio.create_task(accounts.open(account, address=HERE))
    await fault.reached.wait()
    quick = await accounts.open(account, address=HERE)
    gate.set()

    with pytest.raises(AccountsUnavailable):
        await slow
    assert await lives(accounts, quick)
    assert await lives(accounts, await accounts.open(account, address=HERE))


# --- a new password -----------------------------------------------------------------------------


async def test_a_new_password_ends_every_session_and_begins_one(
    accounts: SupabaseAccounts, email: str
) -> None:
    before = [await signed_up(accounts, email), await signed_in(accounts, email)]

    session = await accounts.change_password(account_of(before[0], email), OTHER, address=HERE)

    assert [await lives(accounts, old) for old in before] == [False, False]
    assert await lives(accounts, session)
    assert (await accounts.sign_in(email, OTHER, address=HERE)).person == session.person
    with pytest.raises(WrongCredentials):
        await signed_in(accounts, email)


async def test_no_session_is_left_but_the_one_that_began_with_the_change(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    account = account_of(await signed_up(accounts, email), email)
    path, gate = f"{AUTH}admin/generate_link", asyncio.Event()
    standin.faults.append(fault := Fault(path=path, delay=gate))
    changing = asyncio.create_task(accounts.change_password(account, OTHER, address=HERE))
    await fault.reached.wait()
    meanwhile = await accounts.sign_in(email, OTHER, address=HERE)
    gate.set()

    assert await lives(accounts, await changing)
    assert not await lives(accounts, meanwhile)


@pytest.mark.parametrize("weak", ["password", "short", "x" * 73])
async def test_a_weak_new_password_changes_nothing(
    accounts: SupabaseAccounts, email: str, weak: str
) -> None:
    session = await signed_up(accounts, email)

    with pytest.raises(Invalid):
        await accounts.change_password(account_of(session, email), weak, address=HERE)

    assert await lives(accounts, session)


async def test_a_project_may_refuse_a_new_password(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    session = await signed_up(accounts, email)
    standin.policy.shortest_password = 40

    with pytest.raises(Invalid):
        await accounts.change_password(account_of(session, email), OTHER, address=HERE)

    assert await lives(accounts, session)


async def test_what_broke_off_halfway_may_be_repeated(
    accounts: SupabaseAccounts, standin: Standin, email: str
) -> None:
    account = account_of(await signed_up(accounts, email), email)
    for path in "admin/users", "admin/generate_link", "verify", "logout":
        standin.faults.append(Fault(path=f"{AUTH}{path}", status=503, body=PAGE))
        with pytest.raises(AccountsUnavailable):
            await accounts.change_password(account, OTHER, address=HERE)

    assert await lives(accounts, await accounts.change_password(account, OTHER, address=HERE))


async def test_an_account_that_is_gone_gets_no_password(
    accounts: SupabaseAccounts, email: str
) -> None:
    account = account_of(await signed_up(accounts, email), email)
    await accounts.delete(account.id)

    with pytest.raises(NotSignedIn):
        await accounts.change_password(account, OTHER, address=HERE)


# --- the end of an account ----------------------------------------------------------------------


async def test_an_account_is_deleted_once_and_for_all(
    accounts: SupabaseAccounts, email: str
) -> None:
    session = await signed_up(accounts, email)
    for _ in range(2):
        await accounts.delete(session.person)

    assert not await lives(accounts, session)
    with pytest.raises(WrongCredentials):
        await signed_in(accounts, email)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 403, "body": {"error_code": "bad_jwt", "msg": "the words of Supabase"}},
        {"status": 403, "body": {"error_code": "not_admin", "msg": "the words of Supabase"}},
        {"status": 401, "body": {"message": "Invalid API key"}},
    ],
)
async def test_nobody_is_told_that_they_are_deleted_when_our_key_is_refused(
    accounts: SupabaseAccounts, standin: Standin, email: str, answer: dict[str, Any]
) -> None:
    session = await signed_up(accounts, email)
    standin.faults.append(Fault(path=f"{AUTH}admin/", **answer))

    with pytest.raises(AccountsRejected):
        await accounts.delete(session.person)

"""What people do with accounts that Supabase keeps."""

import httpx

from bot.accounts.ports import Session
from bot.accounts.supabase import SupabaseAccounts
from bot.errors import NotSignedIn
from bot.models import Account, Caller
from tests.supabase.standin import Standin

PASSWORD = "correct horse battery"
HERE = "192.0.2.1"


def accounts_on(http: httpx.AsyncClient, standin: Standin, **keys: str) -> SupabaseAccounts:
    wanted = {"anon_key": standin.anon_key, "service_role_key": standin.service_role_key} | keys
    return SupabaseAccounts(http, url=standin.url, **wanted)


async def signed_up(accounts: SupabaseAccounts, email: str) -> Session:
    session = await accounts.sign_up(email, PASSWORD, address=HERE)
    assert session is not None
    return session


async def signed_in(accounts: SupabaseAccounts, email: str) -> Session:
    return await accounts.sign_in(email, PASSWORD, address=HERE)


async def refreshed(accounts: SupabaseAccounts, token: str) -> Session:
    return await accounts.refresh(token, address=HERE)


async def lives(accounts: SupabaseAccounts, session: Session) -> bool:
    try:
        await refreshed(accounts, session.refresh_token)
    except NotSignedIn:
        return False
    return True


def account_of(session: Session, email: str) -> Account:
    return Account(id=session.person, email=email)


def caller_of(session: Session) -> Caller:
    return Caller(id=session.person, token=session.access_token)

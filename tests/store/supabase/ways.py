"""To the project, and in."""

from typing import Any
from uuid import uuid4

import httpx

from bot.accounts.supabase import SupabaseAccounts
from bot.models import Caller
from bot.store.supabase import SupabaseDatabase
from tests.supabase.standin import Standin

PASSWORD = "correct horse battery"
RPC = "/rest/v1/rpc/"


def database_on(http: httpx.AsyncClient, standin: Standin, **keys: str) -> SupabaseDatabase:
    wanted = {"anon_key": standin.anon_key, "service_role_key": standin.service_role_key} | keys
    return SupabaseDatabase(http, url=standin.url, **wanted)


async def signed_up(accounts: SupabaseAccounts) -> Caller:
    session = await accounts.sign_up(f"{uuid4().hex}@example.com", PASSWORD, address="")
    assert session is not None
    return Caller(id=session.person, token=session.access_token)


def refusal(code: str | None) -> dict[str, Any]:
    return {"code": code, "message": "the words of Supabase", "details": "Key (x)", "hint": None}

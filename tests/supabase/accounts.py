"""What the public and the admin half of Supabase Auth share."""

import json
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.supabase.mailbox import Mailbox
from tests.supabase.people import People
from tests.supabase.policy import LONGEST_PASSWORD, Policy
from tests.supabase.refusals import auth_refusal, not_imitated
from tests.supabase.sessions import Sessions

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """Everything that is known about people."""

    people: People
    sessions: Sessions
    mailbox: Mailbox
    policy: Policy

    def check_password(self, password: str) -> None:
        if len(password) > LONGEST_PASSWORD:
            raise auth_refusal(
                400,
                "validation_failed",
                f"Password cannot be longer than {LONGEST_PASSWORD} characters",
            )
        if len(password) < self.policy.shortest_password:
            raise auth_refusal(
                422,
                "weak_password",
                f"Password should be at least {self.policy.shortest_password} characters.",
                weak_password={"reasons": ["length"]},
            )


async def body_of(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as exc:
        raise auth_refusal(400, "bad_json", "Could not parse request body as JSON") from exc
    if not isinstance(body, dict):
        raise auth_refusal(400, "bad_json", "Could not parse request body as JSON")
    if body.get("code_challenge"):
        raise not_imitated('PKCE: make the client with flow_type="implicit"')
    if body.get("phone"):
        raise not_imitated("accounts by phone")
    return body


def email_in(body: dict[str, Any]) -> str:
    email = str(body.get("email") or "").lower()
    if not _EMAIL.fullmatch(email):
        raise auth_refusal(
            400, "validation_failed", "Unable to validate email address: invalid format"
        )
    return email

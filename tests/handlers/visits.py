"""What people do about their accounts, from outside: calls, e-mails and the links in them."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import Connection

from bot.mail.ports import Mail
from tests.ava import Ava, eventually

PASSWORD = "correct horse battery"
_LINK = re.compile(r"https://ava\.example\.com(/auth/[\w/-]+)")

Session = Mapping[str, Any]


async def post(
    ava: Ava, path: str, body: Mapping[str, Any] | None = None, *, token: str = ""
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with ava.client.post(path, json=body, headers=headers) as answer:
        is_json = "json" in answer.content_type
        return answer.status, await answer.json(content_type=None) if is_json else None


async def sign_up(ava: Ava, email: str) -> Session:
    return await _session(ava, "/auth/signup", {"email": email, "password": PASSWORD})


async def sign_in(ava: Ava, email: str, password: str = PASSWORD) -> Session:
    return await _session(ava, "/auth/signin", {"email": email, "password": password})


async def refresh(ava: Ava, session: Session) -> tuple[int, Any]:
    return await post(ava, "/auth/refresh", {"refresh_token": session["refresh_token"]})


async def lives(ava: Ava, session: Session) -> bool:
    """Whether it goes on. Asking makes it another one."""
    return (await refresh(ava, session))[0] == 200


async def whose(ava: Ava, session: Session) -> str:
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    async with ava.client.get("/account", headers=headers) as answer:
        assert answer.status == 200
        return str((await answer.json())["id"])


async def submit(ava: Ava, path: str, **fields: str) -> tuple[int, str, Mapping[str, str]]:
    """Send a form of a page as a browser does: the status, the page and the headers."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with ava.client.post(path, data=fields, headers=form, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers


# --- e-mails --------------------------------------------------------------------------------


def mails_to(ava: Ava, email: str) -> list[Mail]:
    """Newest first."""
    mails = (received.mail for received in ava.mailbox.received)
    return [mail for mail in mails if mail.to == email.lower()]


async def mailed(ava: Ava, email: str, *, count: int = 1) -> Mail:
    """Return the newest mail to somebody, once there are so many."""

    async def has_come() -> bool:
        return len(mails_to(ava, email)) >= count

    await eventually(has_come)
    return mails_to(ava, email)[0]


async def link(ava: Ava, email: str, *, ask: str = "/auth/magic-link") -> str:
    """Ask for a link and return the path that it leads to."""
    before = len(mails_to(ava, email))
    status, _ = await post(ava, ask, {"email": email})
    assert status == 202
    return path_in(await mailed(ava, email, count=before + 1))


def path_in(mail: Mail) -> str:
    (found,) = set(_LINK.findall(mail.text))
    assert f'href="https://ava.example.com{found}"' in mail.html
    return str(found)


def token_in(path: str) -> str:
    return path.rpartition("/")[2]


# --- time and settings ----------------------------------------------------------------------


async def a_quarter_passes(owner: Connection) -> None:
    await owner.execute("update one_time_links set expires_at = expires_at - interval '15 minutes'")


async def eleven_seconds_pass(ava: Ava, owner: Connection) -> None:
    """Since every refresh token that was used."""
    await owner.execute(
        "update auth.refresh_tokens set updated_at = updated_at - interval '11 s' where revoked"
        if ava.home.standin
        else "update refresh_tokens set used_at = used_at - interval '11 s'"
    )


@asynccontextmanager
async def set_up(ava: Ava, **changes: Any) -> AsyncIterator[None]:
    """Start again with other settings, for the block."""
    usual = ava.settings
    await _start(ava, usual.model_copy(update=changes))
    try:
        yield
    finally:
        await _start(ava, usual)


async def _start(ava: Ava, settings: Any) -> None:
    await ava.stop()
    ava.settings = settings
    await ava.start()


async def _session(ava: Ava, path: str, body: Mapping[str, Any]) -> Session:
    status, session = await post(ava, path, body)
    assert status in (200, 201), session
    found: Session = session
    return found

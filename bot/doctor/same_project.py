"""Whether DATABASE_URL leads into the project of SUPABASE_URL. None: that cannot be known.

https://supabase.com/docs/guides/database/connecting-to-postgres
"""

import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

import aiohttp
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from bot.doctor.findings import Halted
from bot.doctor.key_kinds import ApiKey, project_at
from bot.doctor.supabase_project import project
from bot.settings import Supabase

DIRECT_HOST = re.compile(r"db\.([a-z0-9]+)\.supabase\.co")

_POOLER = ".pooler.supabase.com"


class _Applied(BaseModel):
    name: str
    applied_at: AwareDatetime


_HISTORY = TypeAdapter(list[_Applied])


def by_address(dsn: str, given: Supabase) -> bool | None:
    """Compare the ids of the projects, where both URLs (or the older keys) have one."""
    named, expected = _project_in(dsn), project_at(given.url)
    expected = expected or ApiKey.read(given.service_role_key).project
    return named == expected if named and expected else None


async def by_history(
    applied: Mapping[str, datetime], given: Supabase, session: aiohttp.ClientSession
) -> bool | None:
    """Compare when each migration was applied, to the microsecond."""
    key = ApiKey.read(given.service_role_key)
    try:
        answer = await project(given, session).get(
            "/rest/v1/schema_migrations",
            params={"select": "name,applied_at"},
            headers=key.headers,
        )
    except Halted:  # which is said elsewhere
        return None
    if answer.status == HTTPStatus.NOT_FOUND:  # there is no such table
        return not applied
    if answer.status != HTTPStatus.OK:
        return None
    try:
        return applied == {row.name: row.applied_at for row in _HISTORY.validate_json(answer.text)}
    except ValidationError:
        return None


def _project_in(dsn: str) -> str | None:
    try:
        parts = urlsplit(dsn)
        host, user = parts.hostname or "", unquote(parts.username or "")
    except ValueError:
        return None
    if direct := DIRECT_HOST.fullmatch(host):
        return direct[1]
    return user.partition(".")[2] or None if host.endswith(_POOLER) else None

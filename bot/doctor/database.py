"""The database: reached the right way, new enough, and up to date."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp
import asyncpg

from bot.doctor import alarms, same_project
from bot.doctor.findings import Finding, Findings, Halted, failed, ok, warning
from bot.doctor.key_kinds import ApiKey
from bot.doctor.service import Answer
from bot.doctor.supabase_project import project
from bot.settings import Settings, Supabase
from bot.store import migrate

_OLDEST = 14  # of Postgres
_TRANSACTION_POOLER = 6543  # Supabase's port for it
_SESSION_POOLER = "Connect > Session pooler in Supabase, port 5432"
_ELSEWHERE = failed(
    "DATABASE_URL leads to another database than SUPABASE_URL: copy both from the same project."
)


async def examined(settings: Settings, session: aiohttp.ClientSession, seconds: float) -> Findings:
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        async for finding in _direct(dsn, settings.supabase, session, seconds):
            yield finding
    elif settings.supabase is not None:
        async for finding in _through_supabase(settings.supabase, session):
            yield finding
    else:
        yield ok("It is embedded.")


async def _direct(
    dsn: str, beside: Supabase | None, session: aiohttp.ClientSession, seconds: float
) -> Findings:
    is_of_project = beside and same_project.by_address(dsn, beside)
    for finding in _address(dsn):
        yield finding
    if is_of_project is False:
        yield _ELSEWHERE
    with _explained():
        connection = await asyncpg.connect(
            dsn, timeout=seconds, command_timeout=seconds, statement_cache_size=0
        )
        try:
            version = connection.get_server_version().major
            applied = await _applied(connection)
            standing = await _standing(connection)
        finally:
            await connection.close(timeout=seconds)
    yield _old_or_new(version)
    yield _up_to_date(applied)
    for finding in alarms.findings(standing):
        yield finding
    if beside and is_of_project is None:
        is_of_project = await same_project.by_history(applied, beside, session)
        if is_of_project is False:
            yield _ELSEWHERE


def _address(dsn: str) -> Iterator[Finding]:
    """Yield what is wrong with the way to the database, before it is taken."""
    try:
        parts = urlsplit(dsn)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # several hosts, or none; the driver says more
        return
    if port == _TRANSACTION_POOLER:
        yield failed(
            "DATABASE_URL goes through a transaction pooler, which loses calls between processes:"
            f" take {_SESSION_POOLER}."
        )
    if same_project.DIRECT_HOST.fullmatch(host):
        yield warning(
            "DATABASE_URL is Supabase's direct address, which has IPv6 only and cannot be reached"
            f" from Heroku: take {_SESSION_POOLER}."
        )


async def _applied(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, datetime]:
    try:
        rows = await connection.fetch("select name, applied_at from public.schema_migrations")
    except asyncpg.UndefinedTableError:
        return {}
    return {row["name"]: row["applied_at"] for row in rows}


async def _standing(connection: "asyncpg.Connection[asyncpg.Record]") -> object:
    try:
        rows = await connection.fetch("select to_jsonb(a) #>> '{}' from public.standing_alarms() a")
    except asyncpg.UndefinedFunctionError:  # a migration is missing
        return []
    return [json.loads(row[0]) for row in rows]


@contextmanager
def _explained() -> Iterator[None]:
    """Turn the driver's errors into advice; their own words may hold names and addresses."""
    try:
        yield
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError):
        raise Halted(
            "The database refuses the user or the password of DATABASE_URL: copy it again."
        ) from None
    except asyncpg.InvalidCatalogNameError:
        raise Halted("The database that DATABASE_URL names does not exist.") from None
    except asyncpg.InsufficientPrivilegeError:
        raise Halted(
            "The user of DATABASE_URL may not read schema_migrations: take the one who migrated."
        ) from None
    except (asyncpg.exceptions.ClientConfigurationError, ValueError):
        raise Halted("DATABASE_URL is not the URL of a Postgres database.") from None
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError) as exc:
        raise Halted(
            f"The database does not answer ({type(exc).__name__}): check host and port in"
            " DATABASE_URL, and whether it takes connections from here."
        ) from None


async def _through_supabase(given: Supabase, session: aiohttp.ClientSession) -> Findings:
    key = ApiKey.read(given.service_role_key)
    service = project(given, session)
    answer = await service.post("/rest/v1/rpc/applied_migrations", {}, headers=key.headers)
    yield _applied_there(answer)
    answer = await service.post("/rest/v1/rpc/standing_alarms", {}, headers=key.headers)
    for finding in alarms.findings(answer.json):
        yield finding


def _applied_there(answer: Answer) -> Finding:
    match answer.status, answer.json:
        case 200, list(applied):
            return _up_to_date({str(name) for name in applied})
        case 404, _:  # older than the function that says so
            return _up_to_date(set())
        case 401 | 403, _:
            return failed(
                "Supabase does not tell which migrations are applied: see what is said of"
                " SUPABASE_SERVICE_ROLE_KEY."
            )
        case _:
            return failed(
                f"Supabase answers HTTP {answer.status} instead of which migrations are applied:"
                " look at the state of the project in its dashboard."
            )


def _old_or_new(version: int) -> Finding:
    if version < _OLDEST:
        return failed(f"This is Postgres {version}: Ava needs {_OLDEST} or later.")
    return ok(f"It answers, and is Postgres {version}.")


def _up_to_date(applied: Collection[str]) -> Finding:
    missing = migrate.missing(applied)
    if missing:
        return failed(f"Migrations are missing: {migrate.how_to_apply(missing)}.")
    return ok("Every migration is applied.")

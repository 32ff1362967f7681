"""Where data and accounts live: with Supabase, or in a Postgres that Ava is alone with."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from bot.accounts.hashing import Hashing
from bot.accounts.links import Links
from bot.accounts.own import OwnAccounts
from bot.accounts.ports import Accounts, Tokens
from bot.accounts.tokens import OwnTokens
from bot.mail.postman import Postman
from bot.settings import Settings, Supabase
from bot.store.database import Database
from bot.store.one_time_links import StoredOneTimeLinks
from bot.store.passwords import StoredPasswords
from bot.store.postgres import PostgresDatabase
from bot.store.sessions import StoredSessions

_CONNECTIONS = 10
_POOLED = 4  # connections; Supabase's session pooler has about 15 for all processes together


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """queue: the shortest way to inbox and attention. secret: nobody but this Ava knows it."""

    database: Database
    queue: Database
    accounts: Accounts
    links: Links
    tokens: Tokens
    secret: SecretStr


@asynccontextmanager
async def opened(
    settings: Settings, postman: Postman | None, hashing: Callable[[], Hashing] = Hashing
) -> AsyncIterator[Home]:
    """Open what *settings* choose, and close it at the end. postman: None sends no links."""
    if project := settings.supabase:
        opening = _on_supabase(project, settings, postman)
    else:
        opening = _on_postgres(settings, postman, hashing())
    async with opening as home:
        yield home


@asynccontextmanager
async def _on_postgres(
    settings: Settings, postman: Postman | None, hashing: Hashing
) -> AsyncIterator[Home]:
    secret = SecretStr(settings.needed("jwt_secret"))
    tokens = OwnTokens(secret)
    async with _direct(settings) as database:
        links = _links(settings, database, postman)
        accounts = OwnAccounts(
            StoredPasswords(database),
            StoredSessions(database),
            tokens,
            hashing=hashing,
            confirmation=links if settings.confirm_email else None,
        )
        try:
            yield Home(
                database=database,
                queue=database,
                accounts=accounts,
                links=links,
                tokens=tokens,
                secret=secret,
            )
        finally:
            hashing.close()


@asynccontextmanager
async def _on_supabase(
    project: Supabase, settings: Settings, postman: Postman | None
) -> AsyncIterator[Home]:
    # A fifth of a second and 40 MB, which a Postgres of one's own does without.
    from bot.accounts.supabase import SupabaseAccounts  # noqa: PLC0415
    from bot.accounts.supabase_tokens import SupabaseTokens  # noqa: PLC0415
    from bot.store import supabase  # noqa: PLC0415

    keys = {
        "anon_key": project.anon_key.get_secret_value(),
        "service_role_key": project.service_role_key.get_secret_value(),
    }
    async with supabase.pool() as http:
        database = supabase.SupabaseDatabase(http, url=project.url, **keys)
        accounts = SupabaseAccounts(http, url=project.url, **keys)
        tokens = SupabaseTokens(project.url, http, legacy_secret=project.jwt_secret)
        async with _queue(settings, database) as queue:
            yield Home(
                database=database,
                queue=queue,
                accounts=accounts,
                links=_links(settings, database, postman),
                tokens=tokens,
                secret=project.service_role_key,
            )


def _links(settings: Settings, database: Database, postman: Postman | None) -> Links:
    return Links(
        StoredOneTimeLinks(database),
        postman,
        own_url=settings.own_url,
        app_url=settings.signed_in_url,
    )


@asynccontextmanager
async def _queue(settings: Settings, database: Database) -> AsyncIterator[Database]:
    """Yield the direct way where DATABASE_URL opens it beside Supabase."""
    if settings.database_url is None:
        yield database
    else:
        async with _direct(settings, size=_POOLED) as direct:
            yield direct


@asynccontextmanager
async def _direct(
    settings: Settings, *, size: int = _CONNECTIONS
) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(settings.needed("database_url"), size=size)
    await database.open()
    try:
        yield database
    finally:
        await database.close()

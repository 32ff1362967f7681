"""Brings a database up to date with the numbered files in ``migrations/``.

Each file is one transaction that also records its own name, so it counts as applied whether this
runner, psql or the Supabase SQL editor ran it. Only the runner adds the checksum of what it saw.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import asyncpg

from bot.errors import CannotStart, StoreUnavailable

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

_NUMBERED = "[0-9][0-9][0-9]_*.sql"
_LOCK = int.from_bytes(b"ava migr")  # any number, as long as every process takes the same
_LOCK_SECONDS = 60.0
_CONNECT_SECONDS = 15.0

_Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class _Migration:
    name: str
    script: str

    @property
    def checksum(self) -> str:
        return sha256(self.script.encode()).hexdigest()


async def migrate(
    dsn: str, *, directory: Path = MIGRATIONS, lock_seconds: float = _LOCK_SECONDS
) -> list[str]:
    """Apply what is missing, in order, and return the names of it.

    Of several processes one works and the others wait for it, *lock_seconds* at most. Raise
    CannotStart if a right is missing, an applied file was changed, or a file fails; what a failing
    file did is undone, the files before it stay applied. Raise StoreUnavailable without an answer.
    """
    async with _locked(dsn, lock_seconds) as connection:
        missing = await _missing(connection, directory)
        await prepare_plain_postgres(connection)
        for migration in missing:
            await _apply(connection, migration)
        return [migration.name for migration in missing]


def names(directory: Path = MIGRATIONS) -> list[str]:
    """Return the names of all files, in order."""
    return [path.stem for path in _paths(directory)]


def missing(applied: Collection[str]) -> list[str]:
    """Return the names that are not among *applied*, in order."""
    return [name for name in names() if name not in applied]


def how_to_apply(missing: Iterable[str]) -> str:
    """Tell an operator; on Supabase there may be no way but the pasting."""
    return (
        "run `python run.py migrate` with DATABASE_URL (Connect > Session pooler in Supabase), or"
        " paste these files of migrations/ into Supabase's SQL editor, in this order:"
        f" {', '.join(missing)}"
    )


async def prepare_plain_postgres(connection: _Connection) -> None:
    """Make roles and accounts as Supabase has them; on Supabase itself do nothing.

    Every statement in it looks first, so this also mends what was dropped by hand.
    """
    if not await connection.fetchval(
        "select exists (select from pg_roles"
        " where rolname in ('supabase_admin', 'supabase_auth_admin'))"
    ):
        await _run(connection, "plain_postgres", (MIGRATIONS / "plain_postgres.sql").read_text())


# --- files ----------------------------------------------------------------------------------


def _paths(directory: Path) -> list[Path]:
    return sorted(directory.glob(_NUMBERED))


async def _missing(connection: _Connection, directory: Path) -> list[_Migration]:
    """Return what is to be applied; refuse a file that says something else than when it was."""
    applied, missing = await _applied(connection), []
    for path in _paths(directory):
        migration = _Migration(path.stem, path.read_text(encoding="utf-8"))
        if migration.name not in applied:
            missing.append(migration)
        elif applied[migration.name] is None:
            await _seal(connection, migration)
        elif applied[migration.name] != migration.checksum:
            raise CannotStart(
                f"{path.name} was changed after it was applied:"
                " put it back as it was and write a new migration instead"
            )
    return missing


# --- the database ---------------------------------------------------------------------------


async def _applied(connection: _Connection) -> dict[str, str | None]:
    if not await connection.fetchval("select to_regclass('public.schema_migrations') is not null"):
        return {}
    rows = await connection.fetch("select name, sha256 from public.schema_migrations")
    return {row["name"]: row["sha256"] for row in rows}


async def _apply(connection: _Connection, migration: _Migration) -> None:
    await _run(connection, migration.name, migration.script)
    if not await _seal(connection, migration):
        raise CannotStart(f"{migration.name} does not record itself in schema_migrations")


async def _seal(connection: _Connection, migration: _Migration) -> bool:
    """Keep the checksum of what was applied; say whether it was."""
    done = await connection.execute(
        "update public.schema_migrations set sha256 = $2 where name = $1 and sha256 is null",
        migration.name,
        migration.checksum,
    )
    return done == "UPDATE 1"


async def _run(connection: _Connection, name: str, script: str) -> None:
    try:
        await connection.execute(script)
    except asyncpg.PostgresError as exc:
        if not connection.is_closed():
            await connection.execute("rollback")
            raise CannotStart(f"{name}: {_first_line(exc)}") from exc
        raise


@asynccontextmanager
async def _locked(dsn: str, seconds: float) -> AsyncIterator[_Connection]:
    """Connect as the only one who migrates this database."""
    with _explained():
        connection = await asyncpg.connect(dsn, timeout=_CONNECT_SECONDS, statement_cache_size=0)
        try:
            await _lock(connection, seconds)
            yield connection
            await connection.execute("select pg_advisory_unlock($1)", _LOCK)  # a pooler keeps it
        finally:
            await connection.close(timeout=_CONNECT_SECONDS)


async def _lock(connection: _Connection, seconds: float) -> None:
    await connection.execute(
        "select set_config('lock_timeout', $1, false), set_config('statement_timeout', '0', false)",
        f"{seconds * 1000:.0f}ms",
    )
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
    except asyncpg.LockNotAvailableError as exc:
        raise CannotStart(
            f"another process has been migrating this database for {seconds:g} seconds:"
            " try again when it is done"
        ) from exc


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except ValueError as exc:  # asyncpg's, or of a part that cannot be read
        raise CannotStart("DATABASE_URL is not the URL of a Postgres database") from exc
    except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as exc:
        raise StoreUnavailable("the database does not answer") from exc
    except (asyncpg.OperatorInterventionError, asyncpg.InsufficientResourcesError) as exc:
        raise StoreUnavailable("the database takes no connections right now") from exc
    except asyncpg.PostgresError as exc:
        raise CannotStart(f"the database refused: {_first_line(exc)}") from exc


def _first_line(error: asyncpg.PostgresError) -> str:
    return str(error).partition("\n")[0]

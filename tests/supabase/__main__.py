"""A project of one's own, to try a deployment on: python -m tests.supabase [PORT]

It is empty, as a new project is. It runs until it is interrupted, and prints what reaches it.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from bot.store.embedded import EmbeddedPostgres
from tests.supabase.fixtures import SupabaseDatabases
from tests.supabase.standin import Standin


def main(port: int | None) -> None:
    with tempfile.TemporaryDirectory(prefix="ava-supabase-") as base:
        server = EmbeddedPostgres(Path(base), durable=False)
        server.start()
        try:
            databases = SupabaseDatabases(server)
            databases.migrated_template()
            with databases.new_project() as url:
                asyncio.run(_serve(Standin(database=url, port=port), url))
        except KeyboardInterrupt:
            return
        finally:
            server.stop()


async def _serve(standin: Standin, database_url: str) -> None:
    async with standin:
        settings = {
            "SUPABASE_URL": standin.url,
            "SUPABASE_ANON_KEY": standin.anon_key,
            "SUPABASE_SERVICE_ROLE_KEY": standin.service_role_key,
            "DATABASE_URL": database_url,
        }
        for name, value in settings.items():
            sys.stdout.write(f"{name}={value}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)

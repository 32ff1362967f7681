"""Ava's own accounts, where Supabase Auth does not keep them, as service role."""

from bot.models import PersonId
from bot.store.postgres import Database, constraints


class PostgresPasswords:
    """``ports.Passwords``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, email: str, password_hash: str) -> PersonId:
        with constraints("An account with this e-mail exists already."):
            async with self._database.system_conn() as connection:
                person = await connection.fetchval(
                    "with person as (insert into auth.users (email) values ($1) returning id)"
                    " insert into account_passwords (user_id, password_hash)"
                    " select id, $2 from person returning user_id",
                    *(email, password_hash),
                )
        return PersonId(person)

    async def find(self, email: str) -> tuple[PersonId, str] | None:
        async with self._database.system_conn() as connection:
            row = await connection.fetchrow(
                "select u.id, p.password_hash from auth.users u"
                " join account_passwords p on p.user_id = u.id where lower(u.email) = $1",
                email,
            )
        return None if row is None else (PersonId(row["id"]), row["password_hash"])
